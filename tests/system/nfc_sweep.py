"""The supply is cut at each command of a unit that pays over its own link and at the NFC reader: before it runs, after it,
and when its answer is there. The same unit again passes, has paid what the ledger says, and nothing stays open.

Every command with --long, every ninth else."""
import concurrent.futures
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from bench import JOB_NFC, LONG, PLAN_NFC, Checks, Folder, Run, figure  # noqa: E402

AT_ONCE = 4
STEPS = ("power_on", "connect", "identify", "personalize", "load", "purchase", "pay_nfc", "pay_compare", "counters", "prove",
         "log", "test_keys", "power_off")
FIRST, LAST = 6, 64  # the first command of the payments, and one behind the last
ERASING = range(54, 60)  # the last commands where test keys pay, which are erased then


def try_point(point):
    """True if it was struck, and what is wrong."""
    number, when, mode = point
    with Folder(slots=1, nfc="standin") as folder:
        plan = folder.short_plan(STEPS, PLAN_NFC)
        job = JOB_NFC if mode == "live" else folder.make_job("TEST-KEYS", 2, "--payment", mode)
        run = Run(folder, units=1, speed=0, plan=plan, job=job, bench=["--strike", "%d,%s,cut" % (number, when)])
        run.finish(120)
        if [e["verdict"] for e in run.ends()] == ["PASS"]:
            return False, []
        wrong = ["cut: %s" % run.ends()] if [e["verdict"] for e in run.ends()] != ["ERROR"] else []
        run = Run(folder, units=1, speed=0, plan=plan, job=job)
        run.finish(120)
        if [e["verdict"] for e in run.ends()] != ["PASS"]:
            wrong.append("again: %s %s" % (run.ends(), run.stderr))
        ends = run.query("SELECT p.kind, e.outcome FROM payments p LEFT JOIN payment_ends e ON e.payment = p.id")
        done = {kind: sum(k == kind and outcome == "DONE" for k, outcome in ends) for kind in ("load", "purchase")}
        unit = folder.held()["HW26000001"]
        if (done["load"], done["purchase"], 0) != (int(unit["online"]), int(unit["offline"]), int(unit["balance"])) or \
                not all(outcome for _, outcome in ends):
            wrong.append("the ledger says %s, the headset %s" % (ends, unit))
        return True, ["%d, %s, %s: %s" % (point + (w,)) for w in wrong]


def main():
    checks = Checks()
    points = [(n, when, "live") for n in range(FIRST, LAST) for when in ("sent", "executed", "answered")][::1 if LONG else 9]
    points += [(n, "executed", "test_keys") for n in ERASING]
    struck = 0
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for hit, wrong in pool.map(try_point, points):
            struck += hit
            checks.that(not wrong, "; ".join(wrong))
    checks.that(struck > len(points) / 2, "%d of %d struck" % (struck, len(points)))
    figure("nfc.cuts_tried", struck, "points", "tests/system/nfc_sweep.py")
    checks.end()


main()
