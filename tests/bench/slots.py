"""Speed, as ratios: four slots against one at the pace of real devices, and what an idle station costs.

PAYJIG_BUILD_SHIPPED is measured (no sanitizers); the same unit count a slot in both runs."""
import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
if "PAYJIG_BUILD_SHIPPED" in os.environ:
    os.environ["PAYJIG_BUILD"] = os.environ["PAYJIG_BUILD_SHIPPED"]
from bench import Checks, Folder, Run, figure  # noqa: E402

UNITS_A_SLOT = 2
IDLE_SECONDS = 5


def seconds(run):
    """From the first unit's begin to the last one's end, on the bench's clock."""
    times = [t for t, text in run.log if "OUTP" in text]
    return max(times) - min(times)


def run_slots(slots):
    with Folder(slots=slots) as folder:
        run = Run(folder, units=UNITS_A_SLOT * slots, speed=1)
        assert run.finish() == 0, run.stderr
        return seconds(run)


def idle_cpu():
    """CPU time of a station with nothing to do, in percent of one core."""
    with Folder(slots=4) as folder:
        # No labels come: the station waits, its jig fed, its headsets in.
        run = Run(folder, run=["--labels", "-"], bench=["--keep"])
        pid = run.station_pid()
        run.wait_event("station", state="ready")

        def ticks():
            with open("/proc/%d/stat" % pid) as f:
                fields = f.read().rsplit(")", 1)[1].split()
            return int(fields[11]) + int(fields[12])

        before = ticks()
        threading.Event().wait(IDLE_SECONDS)  # a measuring interval, not a wait for something
        used = (ticks() - before) / os.sysconf("SC_CLK_TCK")
        run.process.terminate()
        run.finish()
        return 100 * used / IDLE_SECONDS


def main():
    checks = Checks()
    one, four = run_slots(1), run_slots(4)
    print("one slot %.2f s, four slots %.2f s" % (one, four))
    figure("slots.ratio_4", four / one, "ratio", "tests/bench/slots.py")
    checks.that(four <= 1.1 * one, "four slots take %.3f times one" % (four / one))
    cpu = idle_cpu()
    figure("station.idle_cpu", cpu, "% of a core", "tests/bench/slots.py")
    checks.that(cpu < 1.0, "an idle station uses %.2f %% of a core" % cpu)
    checks.end()


main()
