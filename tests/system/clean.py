"""200 clean units in a row (400 with --long) give as many PASS, each with its own card; the records are complete."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from bench import LONG, Checks, Folder, Run, figure  # noqa: E402

UNITS = 400 if LONG else 200  # the lab job has 400 cards


def main():
    checks = Checks()
    with Folder(slots=4) as folder:
        run = Run(folder, units=UNITS)
        checks.that(run.finish(800) == 0, "exit status 0: %s" % run.stderr)
        ends = run.ends()
        not_pass = [(e["label"], e["code"], e["cause"]) for e in ends if e["verdict"] != "PASS"]
        checks.that(len(ends) == UNITS, "%d units, must be %d" % (len(ends), UNITS))
        checks.that(not not_pass, "not PASS: %s" % not_pass)
        checks.that(run.query("SELECT count(*), count(DISTINCT card), count(DISTINCT label) FROM"
                              " attempts WHERE verdict = 'PASS' AND lab = 1") == [(UNITS,) * 3],
                    "each unit its own card, all stamped LAB")
        checks.that(run.query("SELECT count(*) FROM cards WHERE state = 'COMMITTED'") == [(UNITS,)],
                    "all cards COMMITTED")
        # RESERVED, then INTENT, before anything else, for every card
        moves = run.query("SELECT number, group_concat(becomes) FROM (SELECT * FROM moves ORDER BY id)"
                          " GROUP BY number")
        checks.that(len(moves) == UNITS and
                    all(m[1] == "RESERVED,INTENT,WRITTEN,PROVEN,COMMITTED" for m in moves),
                    "the life of every card")
        checks.that(run.query("SELECT count(*) FROM steps WHERE verdict <> 'PASS'") == [(0,)],
                    "all steps PASS")
        checks.that(run.query("SELECT count(*) FROM measurements WHERE judgement = 'FAIL'"
                              " OR value IS NULL") == [(0,)], "no measurement out of limits")
        figure("clean.units", len(ends), "units", "tests/system/clean.py")
        figure("clean.not_pass", len(not_pass) + UNITS - len(ends), "units", "tests/system/clean.py")
    checks.end()


main()
