"""A table of faults of one carrier, on the bench: up to fifteen faulty headsets and a clean one side by side, which never
notice each other. Each must get its verdict and its code, and no other."""
import os

from bench import PLAN, ROOT, Checks, Folder, Run, figure, verdicts

SIDE_BY_SIDE = 15


def rows(link):
    with open(os.path.join(ROOT, "tests", "faults", link + ".tsv")) as f:
        return [line.rstrip("\n").split("\t") for line in f if not line.startswith("#")]


def try_faults(checks, link, batch, bench):
    """How many of them got a wrong verdict."""
    wrong = 0
    clean = len(batch) + 1
    with Folder(slots=clean, **{link: range(1, clean + 1)}) as folder:
        of_keys = any(row[0].startswith("key_") for row in batch)
        run = Run(folder, faults=["%d:%s" % (i + 1, row[0]) for i, row in enumerate(batch)], speed=1, bench=bench,
                  plan=PLAN if of_keys else folder.held_plan())
        run.finish(180)
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


def main(link, bench=lambda batch: []):
    """bench: more options for the bench, of the n-th batch."""
    checks = Checks()
    table = rows(link)
    wrong = 0
    for n, i in enumerate(range(0, len(table), SIDE_BY_SIDE)):
        wrong += try_faults(checks, link, table[i:i + SIDE_BY_SIDE], bench(n))
    command = "tests/system/%s_faults.py" % link
    figure(link + ".faults_tried", len(table), "faults", command)
    figure(link + ".faults_wrong", wrong, "faults", command)
    checks.end()
