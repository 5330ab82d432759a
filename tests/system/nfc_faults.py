"""Every fault of tests/faults/nfc.tsv gets its verdict and its code, and the unit after it gets its own. The tool learns of
a fault only by what it measures. Whatever happened at the reader: no payment stays open, the ledger says what the headset
says, and no process is left."""
import concurrent.futures
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from bench import PLAN_NFC, ROOT, Checks, Folder, Run, figure  # noqa: E402

AT_ONCE = 5
PLANS = {"both": ("power_on", "connect", "identify", "personalize", "load", "purchase", "pay_nfc", "pay_compare", "counters",
                  "prove", "log", "power_off")}
PLANS["nfc"] = tuple(s for s in PLANS["both"] if s not in ("purchase", "pay_compare"))


def rows():
    with open(os.path.join(ROOT, "tests", "faults", "nfc.tsv")) as f:
        return [line.rstrip("\n").split("\t") for line in f if not line.startswith("#")]


def left_behind(run):
    """Processes with the bench's readers in their arguments."""
    chips = [text.split() for _, text in run.log if text.startswith("CHIP ")]
    found = subprocess.run(["pgrep", "-a", "-f", os.path.dirname(chips[0][3])], capture_output=True, text=True).stdout
    return found.splitlines() + [chip for chip in chips if os.path.exists("/proc/" + chip[2])]


def try_fault(row):
    """What is wrong, as a list of texts."""
    fault, phone, plan = row[0], row[5], row[6]
    expected = [(verdict, "" if code == "-" else code) for verdict, code in (row[1:3], row[3:5])]
    with Folder(slots=1, nfc=phone) as folder:
        run = Run(folder, units=2, speed=int("slow" in fault), faults=[fault], bench=["--swap", "0.1"],
                  plan=folder.short_plan(PLANS[plan], PLAN_NFC))
        run.finish(120)
        wrong = []
        if not run.ends():
            return ["%s: no unit ended: %s" % (fault, run.stderr)]
        got = [(e["verdict"], e["code"]) for e in run.ends()]
        if got != expected:
            wrong.append("%s, must be %s; %s %s" % (got, expected, [e["cause"] for e in run.ends()], run.stderr))
        if not fault.startswith("1:"):  # of a headset that lies nobody knows what it did
            still_open = run.query("SELECT count(*) FROM payments p LEFT JOIN payment_ends e ON e.payment = p.id"
                                   " WHERE e.outcome IS NULL")
            wrong += ["payments are open: %s" % still_open] if still_open != [(0,)] else []
            done = dict(run.query("SELECT unit, count(*) FROM payments p JOIN payment_ends e ON e.payment = p.id WHERE"
                                  " p.kind = 'purchase' AND e.outcome <> 'UNDONE' GROUP BY unit"))
            held = {u["serial"]: int(u["offline"]) for u in folder.held().values() if int(u["offline"])}
            wrong += ["the ledger says %s, the headsets %s" % (done, held)] if done != held else []
        if "lost" in fault and "PASS" in got[0]:
            notes = "; ".join(n for n, in run.query("SELECT note FROM steps WHERE step = 'pay_nfc'"))
            wrong += ["no note tells of it: %s" % notes] if "lost" not in notes else []
        left = left_behind(run)
        wrong += ["left behind: %s" % left] if left else []
        return ["%s with %s: %s" % (fault, phone, w) for w in wrong]


def main():
    checks = Checks()
    only = sys.argv[1:]
    table = [row for row in rows() if not only or any(o in row[0] for o in only)]
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for wrong in pool.map(try_fault, table):
            checks.that(not wrong, "\n  ".join(wrong))
            bad += bool(wrong)
    figure("nfc.faults_tried", len(table), "faults", "tests/system/nfc_faults.py")
    figure("nfc.faults_wrong", bad, "faults", "tests/system/nfc_faults.py")
    checks.end()


main()
