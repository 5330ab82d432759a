"""Speed of BLE, as a ratio: eight units side by side on two adapters against one and three connects (advertising seen to
services resolved, as its record has it), at the pace of real devices.

PAYJIG_BUILD_SHIPPED is measured (no sanitizers)."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
if "PAYJIG_BUILD_SHIPPED" in os.environ:
    os.environ["PAYJIG_BUILD"] = os.environ["PAYJIG_BUILD_SHIPPED"]
from bench import Checks, Folder, Run, figure  # noqa: E402


def measure(slots):
    """(seconds from the first unit's supply on to the last one's off, on the bench's clock; those of a connect)"""
    with Folder(slots=slots, ble=range(1, slots + 1), slack=1) as folder:
        run = Run(folder, units=slots, speed=1)
        assert run.finish() == 0, (run.ends(), run.stderr)
        times = [t for t, text in run.log if "OUTP" in text]
        connect = run.query("SELECT max(value) FROM measurements WHERE name = 'link_time'")[0][0]
        return max(times) - min(times), connect


def main():
    checks = Checks()
    (one, connect), (eight, _) = measure(1), measure(8)
    print("one unit %.2f s with a connect of %.2f s, eight %.2f s" % (one, connect, eight))
    ratio = eight / (one + 3 * connect)
    figure("ble.ratio_8", ratio, "ratio", "tests/bench/ble.py")
    checks.that(ratio <= 1.15, "eight take %.3f times one and three connects" % ratio)
    checks.end()


main()
