"""Provisioning over USB on the quick bench: all PASS, the record names carrier and port, times a command; two wired and
two USB units side by side; key A as the telephony hook switch; units changed between (unplug and replug)."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from bench import LONG, PROFILE, Checks, Folder, Run, figure, verdicts  # noqa: E402

SLOTS = 8
UNITS = 40 if LONG else 16


def provision(checks):
    with Folder(slots=SLOTS, usb=range(1, SLOTS + 1)) as folder:
        run = Run(folder, units=UNITS, speed=1, plan=folder.held_plan())
        status = run.finish(300)
        ends = run.ends()
        not_pass = [(e["label"], e["code"], e["cause"]) for e in ends if e["verdict"] != "PASS"]
        checks.that(status == 0 and len(ends) == UNITS, "status %d, %d units: %s" % (status, len(ends), run.stderr))
        checks.that(not not_pass, "not PASS: %s" % not_pass)
        checks.that(run.query("SELECT count(*), count(DISTINCT card) FROM attempts WHERE verdict = 'PASS'") ==
                    [(UNITS, UNITS)], "each its own card")
        rows = run.query("SELECT DISTINCT a.slot, p.carrier FROM apdus p JOIN steps s ON s.id = p.step"
                         " JOIN attempts a ON a.id = s.attempt")
        checks.that(sorted(rows) == [(i, "usb 1-%d" % i) for i in range(1, SLOTS + 1)], "carriers: %s" % rows)
        checks.that(run.query("SELECT count(*) FROM apdus WHERE us <= 0 OR us > 500000 AND command NOT LIKE '84E2%'")
                    == [(0,)], "a time for each command")
        notes = run.query("SELECT DISTINCT note FROM steps WHERE step = 'connect'")
        checks.that(all(n[0].startswith("by usb 1-") for n in notes), "connect says by what: %s" % notes)
        steps = {r[0] for r in run.query("SELECT DISTINCT step FROM steps")}
        checks.that("keys" in steps and not steps & {"plug", "audio"}, "the steps of USB: %s" % steps)
        figure("usb.units", len(ends), "units", "tests/system/usb.py")
        figure("usb.not_pass", len(not_pass) + UNITS - len(ends), "units", "tests/system/usb.py")


def mixed(checks):
    with Folder(slots=4, usb=[3, 4]) as folder:
        run = Run(folder, units=8, bench=["--serial", "umockdev"], plan=folder.held_plan())
        checks.that(run.finish() == 0 and len(run.ends()) == 8, "mixed: %s %s" % (run.ends(), run.stderr))
        carriers = {r[0] for r in run.query("SELECT DISTINCT carrier FROM apdus")}
        checks.that(carriers == {"jack", "usb 1-3", "usb 1-4"}, "mixed: %s" % carriers)
        steps = run.query("SELECT a.slot, count(*), a.steps FROM attempts a JOIN steps s ON s.attempt = a.id"
                          " GROUP BY a.id")
        checks.that(all(n == of for _, n, of in steps) and {of for s, _, of in steps if s < 3} != {
            of for s, _, of in steps if s > 2}, "every step of its carrier: %s" % steps)


def telephony(checks):
    """The profile says which usage key A has; a unit of the other kind fails."""
    for bench, expected in ((["--telephony"], ("PASS", "")), ([], ("FAIL", "BTN-USAGE"))):
        with Folder(slots=1, usb=[1], change=lambda text: text.replace("000C00CD", "000B0020")) as folder:
            run = Run(folder, bench=bench, plan=folder.held_plan())
            run.finish()
            checks.that(verdicts(run) == {1: expected}, "%s: %s %s" % (bench, run.ends(), run.stderr))


def wrong_places(checks):
    """What a fixture must have for a USB slot, told before the first unit."""
    for change, words in (((', port: "1-1"', ""), "needs the slot's port"), (('"1-1"', '"1-x"'), 'USB port "1-x"'),
                          (("link: usb", "link: jack"), "no modem"),
                          (('link: usb, port: "1-1", supply: jig', "link: jack, supply: host"), "the jig must switch")):
        with Folder(slots=1, usb=[1]) as folder:
            with open(folder.fixture()) as f:
                text = f.read()
            if "supply: host" in change[1]:
                text = text.replace(folder.file("headset-usb.yaml"), PROFILE)
            with open(folder.fixture(), "w") as f:
                f.write(text.replace(*change))
            run = Run(folder)
            status = run.finish()
            told = run.stderr + str([e.get("error") or e.get("cause") for e in run.events])
            checks.that(status in (2, 3) and words in told, "%s: %d %s" % (change, status, told[-600:]))


def main():
    checks = Checks()
    provision(checks)
    mixed(checks)
    telephony(checks)
    wrong_places(checks)
    checks.end()


main()
