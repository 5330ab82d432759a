"""A USB headset that goes at its N-th command, for every N: never PASS, never a hang, the unit's own LINK-GONE; and the
same unit again, whole this time, passes with the same card, whatever it was in the middle of."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from bench import LONG, Checks, Folder, Run, figure, verdicts  # noqa: E402

SIDE_BY_SIDE = 15


def commands(checks):
    """How many commands a whole unit takes between two power-ons at most: XfrBlocks are counted from there."""
    with Folder(slots=1, usb=[1]) as folder:
        run = Run(folder, speed=1, plan=folder.held_plan())
        checks.that(run.finish() == 0, "a whole unit: %s" % run.stderr)
        return run.query("SELECT count(*) FROM apdus")[0][0]


def gone_at(checks, points):
    slots = len(points)
    with Folder(slots=slots, usb=range(1, slots + 1)) as folder:
        run = Run(folder, faults=["%d:usb_gone=%d" % (i + 1, n) for i, n in enumerate(points)], speed=1,
                  plan=folder.held_plan())
        run.finish(120)
        got = verdicts(run)
        gone = 0
        for i, n in enumerate(points):
            # Counted from a power-on: a number that no stretch of commands reaches does not strike.
            checks.that(got.get(i + 1) in (("FAIL", "LINK-GONE"), ("PASS", "")), "gone at %d: %s %s" % (
                n, got.get(i + 1), run.stderr))
            struck = run.query("SELECT count(*) FROM apdus p JOIN steps s ON s.id = p.step JOIN attempts a ON"
                               " a.id = s.attempt WHERE a.slot = %d AND p.error IS NOT NULL" % (i + 1))[0][0]
            checks.that((got.get(i + 1) == ("PASS", "")) == (struck == 0), "gone at %d: %s, %d errors" % (
                n, got.get(i + 1), struck))
            gone += struck > 0
        failed = {e["slot"]: e["label"] for e in run.ends() if e["verdict"] != "PASS"}
        cards = dict(run.query("SELECT unit, number FROM cards WHERE unit IS NOT NULL"))
        again = Run(folder, speed=1, plan=folder.held_plan())
        again.finish(120)
        checks.that(all(again_verdict(again, label) == ("PASS", "") for label in failed.values()),
                    "again: %s" % [(label, again_verdict(again, label), cause(again, label))
                                   for label in failed.values() if again_verdict(again, label) != ("PASS", "")])
        after = dict(again.query("SELECT unit, number FROM cards WHERE unit IS NOT NULL"))
        checks.that(all(after.get(unit) == card for unit, card in cards.items()), "each keeps its card")
        return gone


def again_verdict(run, label):
    ends = [e for e in run.ends() if e["label"] == label]
    return (ends[0]["verdict"], ends[0]["code"]) if ends else None


def cause(run, label):
    return [e["cause"] for e in run.ends() if e["label"] == label]


def main():
    checks = Checks()
    most = commands(checks)
    points = list(range(1, most + 1)) if LONG else list(range(1, most + 1, most // SIDE_BY_SIDE + 1))
    gone = 0
    for i in range(0, len(points), SIDE_BY_SIDE):
        gone += gone_at(checks, points[i:i + SIDE_BY_SIDE])
    checks.that(gone >= (40 if LONG else 5), "it struck %d times" % gone)
    figure("usb.gone_points", gone, "points", "tests/system/usb_sweep.py")
    checks.end()


main()
