"""Every fault of tests/faults/faults.tsv gets its verdict and its code, and no other; the slot beside it
never notices. A fault is in the bench; the tool learns of it only by what it measures."""
import concurrent.futures
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from bench import ROOT, Checks, Folder, Run, figure, verdicts  # noqa: E402


def rows():
    with open(os.path.join(ROOT, "tests", "faults", "faults.tsv")) as f:
        for line in f:
            if not line.startswith("#"):
                yield line.rstrip("\n").split("\t")


def try_fault(row):
    fault, verdict, code = row[:3]
    realistic = len(row) > 3 and row[3] == "real"
    jig = fault.startswith("jig:")
    code = "" if code == "-" else code
    with Folder(slots=1 if jig else 2) as folder:
        run = Run(folder, faults=[fault], speed=1 if realistic else 0)
        status = run.finish()
        got = verdicts(run)
        wrong = []
        if code.startswith("JIG-") and not got:  # before any unit
            told = [e for e in run.events if e["type"] == "station" and e.get("code") == code]
            if not told:
                wrong.append("%s: nobody was told %s: %s" % (fault, code, run.stderr))
        elif got.get(1) != (verdict, code):
            wrong.append("%s: %s, must be %s %s; %s" % (fault, got.get(1), verdict, code, run.stderr))
        if not jig and got.get(2) != ("PASS", ""):
            wrong.append("%s: the slot beside it got %s" % (fault, got.get(2)))
        expected = {"PASS": 0, "FAIL": 1, "ERROR": 3}[verdict]
        if status != expected:
            wrong.append("%s: exit status %d, must be %d" % (fault, status, expected))
        open_rows = run.query("SELECT count(*) FROM attempts WHERE verdict IS NULL")[0][0]
        if open_rows:
            wrong.append("%s: %d records are open" % (fault, open_rows))
        return wrong


def main():
    checks = Checks()
    tried = wrong = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for problems in pool.map(try_fault, rows()):
            tried += 1
            wrong += bool(problems)
            checks.that(not problems, "; ".join(problems))
    figure("faults.tried", tried, "faults", "tests/system/faults.py")
    figure("faults.wrong", wrong, "faults", "tests/system/faults.py")
    checks.end()


main()
