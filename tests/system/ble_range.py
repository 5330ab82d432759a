"""Four identical headsets in range of each other, and of two more with stronger signals that are in no slot: a hundred runs
of each slot, and every record and every card is of the headset whose label was scanned. Half of the labels have addresses; the other
half of the units are found as what comes when the jig switches them on."""
import concurrent.futures
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from bench import Checks, Folder, Run, figure  # noqa: E402

SLOTS = 4
RUNS = 100
AT_ONCE = 5
STEPS = ("power_on", "connect", "identify", "personalize", "load", "purchase", "unbond", "power_off")


def own(label, carrier):
    return carrier == "ble C0:FF:EE:%s:%s:%s" % (label[-6:-4], label[-4:-2], label[-2:])


def some_runs(number):
    """(units, units that did not pass, records of another headset than the label's)"""
    runs = RUNS // AT_ONCE
    with Folder(slots=SLOTS, ble=range(1, SLOTS + 1)) as folder:
        run = Run(folder, units=SLOTS * runs, speed=1, plan=folder.short_plan(STEPS),
                  bench=["--swap", "0.2", "--neighbours", "2", "--first", str(1 + number * SLOTS * runs), "--seed",
                         str(number)] + (["--addresses"] if number % 2 else []))
        run.finish(280)
        bad = [(e["label"], e["code"], e["cause"]) for e in run.ends() if e["verdict"] != "PASS"]
        # The last carrier: a headset that was refused on the way is in the record too.
        rows = run.query("SELECT a.label, (SELECT p.carrier FROM apdus p JOIN steps s ON s.id = p.step WHERE s.attempt = a.id"
                         " AND s.step = 'identify' ORDER BY p.id DESC LIMIT 1) FROM attempts a WHERE a.verdict = 'PASS'")
        cards = dict(run.query("SELECT unit, number FROM cards WHERE unit IS NOT NULL"))
        held = {u["serial"]: u["card"] for u in folder.held().values()}
        return len(run.ends()), bad, [row for row in rows if not own(*row) or cards[row[0]] != held[row[0]]], run.stderr


def main():
    checks = Checks()
    units = swapped = 0
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for number, (n, bad, others, errors) in enumerate(pool.map(some_runs, range(AT_ONCE))):
            units += n
            swapped += len(others)
            checks.that(not bad, "not PASS: %s %s" % (bad, errors))
            checks.that(not others, "records of another headset: %s" % others)
    checks.that(units == SLOTS * RUNS, "%d units" % units)
    figure("ble.swapped", swapped, "units", "tests/system/ble_range.py")
    checks.end()


main()
