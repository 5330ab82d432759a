"""Provisioning over BLE on the quick bench: all PASS, bonds gone on both sides, the record names adapter facts and a time for
each command; found with and without addresses on labels; passkeys, battery models that start by their key or are
charged, customers' bonds; beside wired and USB units. A bluetoothd that is killed is the station's trouble, and over
with the next unit; a worker that is killed leaves no bond behind; a unit that says itself who it is."""
import concurrent.futures
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from bench import LONG, PLAN, PROFILE_BLE, Checks, Folder, Run, figure, payjig, verdicts  # noqa: E402

SLOTS = 8
UNITS = 32 if LONG else 8
FACTS = ("rssi", "mtu", "connect_time", "pair_time", "resolve_time", "link_time", "boot_time", "battery_level")
WATCH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib", "watch_units.py")
RESTARTS = range(2, 50, 3) if LONG else (3, 12, 30, 45)
PASS = ("PASS", "")


def bonds(run):
    """(at the station, in all the headsets)"""
    return ([text for _, text in run.log if text.startswith("BONDS")],
            sum(u["bonds"] for u in run.folder.held().values()))


def clean(run):
    return bonds(run) == (["BONDS 0"], 0)


def provision(checks):
    with Folder(slots=SLOTS, ble=range(1, SLOTS + 1)) as folder:
        run = Run(folder, units=UNITS, speed=1)
        status = run.finish(600)
        ends = run.ends()
        not_pass = [(e["label"], e["code"], e["cause"]) for e in ends if e["verdict"] != "PASS"]
        checks.that(status == 0 and len(ends) == UNITS, "status %d, %d units: %s" % (status, len(ends), run.stderr))
        checks.that(not not_pass, "not PASS: %s" % not_pass)
        checks.that(clean(run), "bonds are left: %s" % (bonds(run),))
        rows = run.query("SELECT DISTINCT a.label, p.carrier FROM apdus p JOIN steps s ON s.id = p.step"
                         " JOIN attempts a ON a.id = s.attempt")
        checks.that(len(rows) == UNITS and all(own(label, carrier) for label, carrier in rows), "carriers: %s" % rows)
        for fact in FACTS:
            n = run.query("SELECT count(*) FROM measurements WHERE name = '%s' AND judgement = 'PASS'" % fact)
            checks.that(n == [(UNITS,)], "%s is in %s records" % (fact, n))
        checks.that(run.query("SELECT count(*) FROM apdus WHERE us <= 0") == [(0,)], "a time for each command")
        cards = dict(run.query("SELECT unit, number FROM cards WHERE unit IS NOT NULL"))
        held = {u["serial"]: u["card"] for u in folder.held().values()}
        checks.that(cards == held and len(set(cards.values())) == UNITS, "cards %s, held %s" % (cards, held))
        figure("ble.units", len(ends), "units", "tests/system/ble.py")
        figure("ble.not_pass", len(not_pass) + UNITS - len(ends), "units", "tests/system/ble.py")


def own(label, carrier):
    return carrier == "ble C0:FF:EE:%s:%s:%s" % (label[-6:-4], label[-4:-2], label[-2:])


def mixed(checks):
    with Folder(slots=4, usb=[3], ble=[4]) as folder:
        run = Run(folder, bench=["--addresses"])
        checks.that(run.finish() == 0 and len(run.ends()) == 4, "mixed: %s %s" % (run.ends(), run.stderr))
        steps = dict(run.query("SELECT a.slot, count(*) FROM attempts a JOIN steps s ON s.attempt = a.id GROUP BY a.id"))
        planned = dict(run.query("SELECT slot, steps FROM attempts"))
        checks.that(steps == planned and len({steps[1], steps[3], steps[4]}) == 3, "its own steps: %s" % steps)


def one(checks, name, expected, change=lambda text: text, plan=None, cause="", left=(["BONDS 0"], 0), **kw):
    """One unit, its verdict, and what bonds are left (a headset that is off can't forget)."""
    with Folder(slots=1, ble=[1], change=change, of_slot=kw.pop("of_slot", "")) as folder:
        run = Run(folder, speed=1, plan=plan(folder) if plan else PLAN, **kw)
        run.finish(200)
        told = [e["cause"] for e in run.ends()]
        checks.that(verdicts(run) == {1: expected} and cause in str(told), "%s: %s %s %s" % (
            name, verdicts(run), told, run.stderr))
        checks.that(bonds(run) == left, "%s: bonds %s" % (name, bonds(run)))
        return run.query("SELECT name, value FROM measurements")


def with_passkey(text):
    return text.replace("ble: {name: PJ-B1}", 'ble: {name: PJ-B1, passkey: "123456"}')


def starts_by_key(text):
    return text.replace("starts: true", "starts: false")


def own_bond(folder):
    with open(PLAN) as f, open(folder.file("own.yaml"), "w") as to:
        to.write(f.read().replace("steps:", "bonds: own\nsteps:", 1))
    return folder.file("own.yaml")


def battery(folder):
    return folder.short_plan(("power_on", "connect", "identify", "battery", "power_key", "personalize", "load", "purchase",
                              "unbond", "power_off"))


def who(checks):
    """Put in, not scanned: it is known by falling silent with its supply, and tested under the name that it says."""
    with Folder(slots=2, ble=[1, 2]) as folder:
        plan = folder.short_plan(("power_on", "connect", "identify", "personalize", "load", "purchase", "unbond",
                                  "power_off"))
        with open(plan, "a") as f:
            f.write("start: insert\n")
        payjig("person", "add", "--fixture", folder.fixture(), "--role", "operator", "wang", input="demo-demo\n")
        client = ' & exec /usr/bin/python3 "%s" "%s" wang demo-demo "%s" 1:HB26000001 2:HB26000002' % (
            WATCH, folder.file("store.db.sock"), folder.file("hands"))
        run = Run(folder, speed=1, plan=plan, bench=["--neighbours", "1", "--keep", "--hands", folder.file("hands")],
                  script='"$0" station --jig "$BENCH_JIG" "$@"' + client)
        run.finish(120)
        checks.that({(e["label"], e["verdict"]) for e in run.ends()} == {("HB26000001", "PASS"), ("HB26000002", "PASS")},
                    "who: %s %s" % (run.ends(), run.stderr))


def restarted(n):
    """bluetoothd is killed at the n-th write, and back a second later."""
    with Folder(slots=2, ble=[1, 2]) as folder:
        plan = folder.short_plan(("power_on", "connect", "identify", "personalize", "read_back", "load", "purchase",
                                  "counters", "unbond", "power_off"))
        run = Run(folder, units=4, speed=1, plan=plan, faults=["*:bluez_restart=%d" % n])
        run.finish(200)
        first = [(e["label"], e["verdict"], e["code"]) for e in run.ends() if e["label"] < "HB26000003"]
        then = [(e["label"], e["verdict"], e["cause"]) for e in run.ends() if e["label"] > "HB26000002"]
        left = bonds(run)[0]
        return (len(first) == 2 and all(v in (("ERROR", "BLE-ADAPTER"), PASS) for v in [f[1:] for f in first]) and
                any(f[1] == "ERROR" for f in first) and [t[1] for t in then] == ["PASS", "PASS"] and left == ["BONDS 0"],
                "killed at write %d: %s, then %s, %s; %s" % (n, first, then, left, run.stderr))


def killed_worker(checks):
    """What it had bonded with is removed by the slot's next unit."""
    with Folder(slots=1, ble=[1]) as folder:
        plan = folder.short_plan(("power_on", "connect", "identify", "personalize", "read_back", "load", "purchase",
                                  "unbond", "power_off"))
        run = Run(folder, units=2, speed=1, plan=plan)
        run.wait_event("step_begin", step="read_back")
        os.kill(run.workers()[0], signal.SIGKILL)
        run.finish(120)
        checks.that([(e["verdict"], e["code"]) for e in run.ends()] == [("ERROR", "TOOL-WORKER"), PASS], "killed: %s %s" % (
            run.ends(), run.stderr))
        checks.that(bonds(run)[0] == ["BONDS 0"], "killed: %s" % (bonds(run),))


def wrong_places(checks):
    """What a fixture must have for BLE slots, told before the first unit."""
    for change, words in (((", adapter: hci0", ""), "needs the slot's adapter"), (("hci0", "hci7"), "no Bluetooth adapter hci7"),
                          (("adapter: hci0", "adapter: hci0, charger: maybe"), "charger")):
        with Folder(slots=1, ble=[1]) as folder:
            with open(folder.fixture()) as f:
                text = f.read()
            with open(folder.fixture(), "w") as f:
                f.write(text.replace(*change))
            run = Run(folder)
            status = run.finish()
            told = run.stderr + str([e.get("error") or e.get("cause") for e in run.events])
            checks.that(status in (2, 3) and words in told, "%s: %d %s" % (change, status, told[-600:]))
    with Folder(slots=5, ble=range(1, 6)) as folder:
        with open(folder.fixture()) as f:
            text = f.read().replace("hci1", "hci0")
        for old, new, words in (("", "", "at most 4"), ("slots:", "adapter_units: 5\nslots:", "fine"),
                                ("hci0", "c0:ff:ee:00:00:0a", "slot 1 names its adapter C0:FF:EE:00:00:0A, slot 2 hci0")):
            with open(folder.fixture(), "w") as f:
                f.write(text.replace(old, new, 1))
            done = payjig("check", folder.fixture(), PROFILE_BLE)
            checks.that(words in done.stdout + done.stderr, "%s: %s" % (words, done))


def main():
    checks = Checks()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        tries = [pool.submit(restarted, n) for n in RESTARTS]
        jobs = [pool.submit(provision, checks), pool.submit(mixed, checks), pool.submit(killed_worker, checks),
                pool.submit(wrong_places, checks),
                pool.submit(one, checks, "passkey", PASS, with_passkey, bench=["--passkey", "123456"]),
                pool.submit(one, checks, "wrong passkey", ("FAIL", "BLE-PAIR"), with_passkey, bench=["--passkey", "123457"]),
                pool.submit(one, checks, "unknown passkey", ("FAIL", "BLE-PAIR"), bench=["--passkey", "123456"]),
                pool.submit(one, checks, "started by its key", PASS, starts_by_key, bench=["--cold"]),
                pool.submit(one, checks, "all bonds", PASS, bench=["--bonded"]),
                pool.submit(one, checks, "its own bond", PASS, plan=own_bond, bench=["--bonded"], left=(["BONDS 0"], 1)),
                pool.submit(one, checks, "charged too much", ("FAIL", "PWR-CHARGE"), plan=battery, of_slot=", charger: true",
                            bench=["--charger", "1"], faults=["1:current_charge=0.2"], left=(["BONDS 0"], 1)),
                pool.submit(who, checks)]
        charged = pool.submit(one, checks, "charged", PASS, plan=battery, of_slot=", charger: true",
                              bench=["--charger", "1"])
        for t in tries:
            checks.that(*t.result())
        for job in jobs:
            job.result()
        checks.that(0.03 <= dict(charged.result()).get("current_charge", 0) <= 0.07, "charging: %s" % charged.result())
    checks.end()


main()
