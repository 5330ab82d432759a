"""Speed of USB, as a ratio: eight units side by side against one, at the pace of real devices.

PAYJIG_BUILD_SHIPPED is measured (no sanitizers)."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
if "PAYJIG_BUILD_SHIPPED" in os.environ:
    os.environ["PAYJIG_BUILD"] = os.environ["PAYJIG_BUILD_SHIPPED"]
from bench import Checks, Folder, Run, figure  # noqa: E402


def seconds(slots):
    """From the first unit's supply on to the last one's off, on the bench's clock."""
    with Folder(slots=slots, usb=range(1, slots + 1), slack=1) as folder:
        run = Run(folder, units=slots, speed=1)
        assert run.finish() == 0, (run.ends(), run.stderr)
        times = [t for t, text in run.log if "OUTP" in text]
        return max(times) - min(times)


def main():
    checks = Checks()
    one, eight = seconds(1), seconds(8)
    print("one unit %.2f s, eight %.2f s" % (one, eight))
    figure("usb.ratio_8", eight / one, "ratio", "tests/bench/usb.py")
    checks.that(eight <= 1.15 * one, "eight take %.3f times one" % (eight / one))
    checks.end()


main()
