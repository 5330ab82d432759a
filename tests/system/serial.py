"""The jig on a serial port: found by path and by USB serial number, the same lines as over TCP; its unplug is
told within a second (measured on the bench's clock, five times slack for a loaded host)."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from bench import JOB, PLAN, Checks, Folder, Run, payjig, verdicts  # noqa: E402

BENCH = ["--serial", "umockdev"]
# The adapter's serial number is in its USB descriptors, and nowhere in the path.
BY_NUMBER = 'exec "$0" run --jig serial:SIM0001 --labels "$BENCH_LABELS" --events "$@"'
BY_WRONG_NUMBER = 'exec timeout 5 "$0" run --jig serial:SIM0002 --labels "$BENCH_LABELS" --events "$@"'


def passes(checks):
    for name, kw in (("path", {}), ("number", {"script": BY_NUMBER})):
        with Folder(slots=2) as folder:
            run = Run(folder, bench=BENCH, **kw)
            status = run.finish()
            checks.that(status == 0 and set(verdicts(run).values()) == {("PASS", "")},
                        "by %s: status %d, %s; %s" % (name, status, verdicts(run), run.stderr))


def absent(checks):
    with Folder(slots=1) as folder:
        run = Run(folder, bench=BENCH, script=BY_WRONG_NUMBER)
        told = run.wait_event("station", code="JIG-GONE")
        checks.that("SIM0002" in told["error"] and "none" in told["error"], "a port that is not there: %s" % told)
        run.finish()


def unplugged(checks):
    """While a key is pressed, and while an APDU is under way."""
    for when in ("press", "apdu"):
        with Folder(slots=2) as folder:
            run = Run(folder, bench=BENCH, faults=["jig:jig_gone=" + when], speed=1)
            gone = run.wait_log(lambda l: l == "HOST GONE")[0]
            run.wait_event("station", code="JIG-GONE")
            noticed = time.monotonic()
            checks.that(noticed - gone < 5, "noticed %.2f s after the unplug" % (noticed - gone))
            checks.that(run.finish() == 3, "exit status 3")
            checks.that(set(verdicts(run).values()) == {("ERROR", "JIG-GONE")}, "%s: %s; %s" % (
                when, verdicts(run), run.stderr))


def addresses(checks):
    with Folder(slots=1) as folder:
        for address, words in (("serial:", "must be serial:PORT"), ("usb:1", "must be tcp:HOST:PORT or serial:PORT"),
                               ("tcp:localhost", "must be tcp:HOST:PORT")):
            done = payjig("run", "--fixture", folder.fixture(), "--plan", PLAN, "--job", JOB,
                          "--store", folder.file("s.db"), "--jig", address, input="")
            checks.that(done.returncode == 2 and words in done.stderr, "%s: %s" % (address, done.stderr))


def main():
    checks = Checks()
    passes(checks)
    absent(checks)
    unplugged(checks)
    addresses(checks)
    checks.end()


main()
