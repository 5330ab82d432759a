"""Every fault of tests/faults/usb.tsv, on USB, gets its verdict and its code, and no other: up to fifteen faulty
headsets and a clean one side by side, which never notice each other. The tool learns of a fault only by what
it measures."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from bench import ROOT, Checks, Folder, Run, figure, verdicts  # noqa: E402

SIDE_BY_SIDE = 15


def rows():
    with open(os.path.join(ROOT, "tests", "faults", "usb.tsv")) as f:
        return [line.rstrip("\n").split("\t") for line in f if not line.startswith("#")]


def try_faults(checks, batch):
    """How many of them got a wrong verdict."""
    wrong = 0
    clean = len(batch) + 1
    with Folder(slots=clean, usb=range(1, clean + 1)) as folder:
        run = Run(folder, faults=["%d:%s" % (i + 1, row[0]) for i, row in enumerate(batch)], speed=1)
        run.finish(120)
        got = verdicts(run)
        for i, (fault, verdict, code) in enumerate(batch):
            expected = (verdict, "" if code == "-" else code)
            cause = [e["cause"] for e in run.ends() if e["slot"] == i + 1]
            wrong += not checks.that(got.get(i + 1) == expected, "%s: %s %s, must be %s; %s" % (
                fault, got.get(i + 1), cause, expected, run.stderr))
        checks.that(got.get(clean) == ("PASS", ""), "beside %s a clean unit got %s: %s" % (
            [r[0] for r in batch], got.get(clean), [e for e in run.ends() if e["slot"] == clean]))
        checks.that(run.query("SELECT count(*) FROM attempts WHERE verdict IS NULL") == [(0,)], "no record is open")
    return wrong


def main():
    checks = Checks()
    table = rows()
    wrong = 0
    for i in range(0, len(table), SIDE_BY_SIDE):
        wrong += try_faults(checks, table[i:i + SIDE_BY_SIDE])
    figure("usb.faults_tried", len(table), "faults", "tests/system/usb_faults.py")
    figure("usb.faults_wrong", wrong, "faults", "tests/system/usb_faults.py")
    checks.end()


main()
