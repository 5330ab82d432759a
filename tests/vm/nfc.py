"""The true bench, inside the virtual machine (tests/vm/run): libnfc on the kernel's own ttys, as an ordinary user. Units pay
through the reader and the stand-in; a reader that hangs costs its unit one ERROR, and the next unit uses it again."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from bench import LONG, PLAN_NFC, ROOT, STATION_KEY, Checks, Folder, Run, figure  # noqa: E402

CHIPS = "standin,/dev/ttyGS1,/dev/ttyACM1,/dev/ttyGS2,/dev/ttyACM2"
USER, DIALOUT = 1000, 20
RUN = 'exec setpriv --reuid=%d --regid=%d --groups=%d "$0" run --jig "$BENCH_JIG" --labels "$BENCH_LABELS" ' \
      '--reader "$BENCH_READER" --phone "$BENCH_PHONE" --events "$@"' % (USER, USER, DIALOUT)
STEPS = ("power_on", "connect", "identify", "personalize", "load", "purchase", "pay_nfc", "pay_compare", "power_off")
UNITS = 12 if LONG else 3


def as_user(folder):
    """What the station's user must read and write, inside this machine only; ttys are as Debian's udev rules make them."""
    for path in ("/dev/ttyACM1", "/dev/ttyACM2"):
        os.chown(path, 0, DIALOUT)
        os.chmod(path, 0o660)
    os.chown(STATION_KEY, USER, USER)
    for path, _, names in os.walk(folder.path):
        for name in [""] + names:
            os.chown(os.path.join(path, name), USER, USER)
    for tree in ("fixtures", "profiles"):
        for path, _, names in os.walk(os.path.join(ROOT, tree)):
            os.chmod(path, 0o755)
            for name in names:
                if os.path.join(path, name) != STATION_KEY:
                    os.chmod(os.path.join(path, name), 0o644)


def pay(units, faults=()):
    with Folder(slots=1, nfc="standin") as folder:
        plan = folder.short_plan(STEPS, PLAN_NFC)
        as_user(folder)
        folder.nfc = CHIPS
        run = Run(folder, units=units, speed=0, plan=plan, faults=faults, script=RUN,
                  bench=["--labels", folder.file("labels"), "--swap", "0.1"])
        run.finish(200)
        return [(e["verdict"], e["code"]) for e in run.ends()], [e["cause"] for e in run.ends()], run.stderr


def main():
    checks = Checks()
    got, causes, errors = pay(UNITS)
    checks.that(got == [("PASS", "")] * UNITS, "through ttys: %s %s %s" % (got, causes, errors))
    figure("vm.nfc_units", len(got), "units", "tests/vm/run tests/vm/nfc.py")
    figure("vm.nfc_not_pass", UNITS - got.count(("PASS", "")), "units", "tests/vm/run tests/vm/nfc.py")
    got, causes, errors = pay(2, ["jig:nfc_reader_hang=4"])
    checks.that(got == [("ERROR", "NFC-READER"), ("PASS", "")], "a reader that hangs: %s %s %s" % (got, causes, errors))
    got, causes, errors = pay(1, ["jig:nfc_lost=54,answer"])
    checks.that(got == [("PASS", "")], "a field that is lost: %s %s %s" % (got, causes, errors))
    checks.end()


main()
