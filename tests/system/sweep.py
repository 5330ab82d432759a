"""The fault sweep: the N-th exchange with the jig fails (timeout, garbage, gone) for N = 1, 2, 3, ...
until none is left. Never a PASS, never a leak, never a hang, never an open record. The last exchange lights
the lamp after the PASS is recorded, so it is not among them. Each N fails in each of the three ways with
--long, in one of them else."""
import concurrent.futures
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from bench import LONG, Checks, Folder, Run, figure, verdicts  # noqa: E402

STEP = 1 if LONG else 3


def count_exchanges():
    with Folder(slots=1) as folder:
        run = Run(folder)
        assert run.finish() == 0, run.stderr
        lines = [l[1] for l in run.log if l[1].startswith("LINE ")]
        assert "LED1 GREEN" in lines[-1], lines[-1]
        return len(lines) - 1


def try_point(point):
    n, how = point
    with Folder(slots=1, reply_ms=250) as folder:
        run = Run(folder, faults=["jig:jig_fails=%d,%s" % (n, how)])
        try:
            status = run.finish(60)
        except AssertionError as why:  # a hang, or what a sanitizer found
            return "%d %s: %s" % (n, how, why)
        got = verdicts(run).get(1)
        if got and got[0] != "ERROR":
            return "%d %s: %s" % (n, how, got)
        if status != 3:
            return "%d %s: exit status %d; %s" % (n, how, status, run.stderr)
        if run.query("SELECT count(*) FROM attempts WHERE verdict IS NULL OR verdict = 'PASS'")[0][0]:
            return "%d %s: a record is open or PASS" % (n, how)
    return None


def main():
    checks = Checks()
    total = count_exchanges()
    points = [(n, how) for i, how in enumerate(("timeout", "garbage", "gone"))
              for n in range(1 + (0 if LONG else i), total + 1, STEP)]
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for problem in pool.map(try_point, points):
            bad += bool(problem)
            checks.that(not problem, problem)
    figure("sweep.points", len(points), "points of %d" % (3 * total), "tests/system/sweep.py")
    figure("sweep.bad", bad, "points", "tests/system/sweep.py")
    checks.end()


main()
