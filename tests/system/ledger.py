"""Rejects, quarantine, the restored copy, the older schema: what persons do about cards, and what they can't."""
import os
import shutil
import signal
import sqlite3
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from bench import BENCH, KEYS, PAYJIG, ROOT, TERMINATE, Checks, Folder, Run, payjig, verdicts  # noqa: E402
import subprocess  # noqa: E402

checks = Checks()
REASON = ["--reason", "a test"]


def states(folder):
    db = sqlite3.connect(folder.file("store.db"))
    try:
        return dict(db.execute("SELECT unit, state FROM cards WHERE unit IS NOT NULL"))
    finally:
        db.close()


def act(folder, *args):
    return payjig("card", args[0], "--fixture", folder.fixture(), "--store", folder.file("store.db"), *args[1:])


def whole(folder, what):
    done = payjig("verify", "--fixture", folder.fixture(), folder.file("store.db"))
    checks.that(done.returncode == 0, "%s: %s" % (what, done.stderr))


def terminate(folder, unit, faults=()):
    """`payjig card terminate` with the unit in slot 1 of the bench."""
    command = [BENCH, "--slots", str(folder.slots), "--units", "1", "--first", str(int(unit[-4:])), "--speed", "0",
               "--keys", KEYS, "--state", folder.file("units")]
    for f in faults:
        command += ["--fault", f]
    script = ('exec "$0" card terminate --jig "$BENCH_JIG" --plan "$1" --fixture "$2" --store "$3" "$4"')
    return subprocess.run(command + ["--", "bash", "-c", script, PAYJIG, TERMINATE, folder.fixture(),
                                     folder.file("store.db"), unit], capture_output=True, text=True, timeout=60)


def rejects():
    with Folder(slots=1) as folder:
        run = Run(folder, faults=["1:sw=B2,6F00"], units=4, job=folder.make_job("R", 8))
        run.finish()
        a, b, c, d = units = ["HW2600000%d" % i for i in (1, 2, 3, 4)]
        checks.that(states(folder) == {u: "REJECTED" for u in units}, "rejected: %s" % states(folder))
        for fault in ("block_refused", "block_not_effective", "block_not_effective=power_off"):
            done = terminate(folder, a, ["1:" + fault])
            checks.that(done.returncode == 1 and "BLOCK-FAILED" in done.stdout and "two persons" in done.stdout and
                        states(folder)[a] == "REJECTED", "%s: %s" % (fault, done))
        done = terminate(folder, b)
        held = folder.held()
        checks.that(done.returncode == 0 and states(folder)[b] == "SPOILED" and held[b]["life"] == 0x7F and
                    held[a]["life"] != 0x7F, "terminated: %s %s" % (done, held))
        checks.that("PASS" not in done.stdout, "a terminated unit is never a PASS: %s" % done.stdout)
        again = Run(folder, units=1, bench=["--first", "2"], job="R")
        again.finish()
        checks.that(verdicts(again) == {1: ("FAIL", "PERSO-ALREADY")}, "a blocked unit: %s" % verdicts(again))
        # Destroyed: two different persons, and a reason.
        checks.that(act(folder, "destroy", "--by", "Ann", *REASON, a).returncode == 2, "one person alone")
        same = act(folder, "destroy", "--by", "Ann", "--and", "Ann", *REASON, a)
        checks.that(same.returncode == 2 and "Ann is named twice" in same.stderr, "the same twice: %s" % same)
        checks.that(act(folder, "destroy", "--by", "Ann", "--and", "Bob", a).returncode == 2, "no reason")
        checks.that(states(folder)[a] == "REJECTED", "nothing of that counts")
        checks.that(act(folder, "destroy", "--by", "Ann", "--and", "Bob", *REASON, a).returncode == 0 and
                    states(folder)[a] == "SPOILED", "destroyed: %s" % states(folder))
        # Quarantine, and out of it.
        checks.that(act(folder, "resolve", "--by", "Ann", *REASON, c).returncode == 3, "it is in no quarantine")
        checks.that(act(folder, "quarantine", "--by", "Ann", *REASON, c).returncode == 0 and
                    states(folder)[c] == "QUARANTINE", "quarantined")
        refused = Run(folder, units=1, bench=["--first", "3"], job="R")
        refused.finish()
        checks.that(verdicts(refused) == {1: ("FAIL", "PERSO-ALREADY")} and states(folder)[c] == "QUARANTINE",
                    "in quarantine: refused with the reason: %s" % refused.ends())
        checks.that(act(folder, "resolve", "--by", "Ann", *REASON, c).returncode == 0 and
                    states(folder)[c] == "REJECTED", "resolved")
        retest = Run(folder, units=1, bench=["--first", "3"], job="R")
        retest.finish()
        checks.that(verdicts(retest) == {1: ("PASS", "")} and states(folder)[c] == "COMMITTED", "and finished")
        for what in ("destroy", "quarantine", "resolve"):
            done = act(folder, what, "--by", "Ann", "--and", "Bob", *REASON, c)
            checks.that(done.returncode == 3 and "COMMITTED" in done.stderr, "%s of a good card: %s" % (what, done))
        listed = payjig("card", "list", "--store", folder.file("store.db")).stdout.splitlines()
        checks.that(len(listed) == 1 and listed[0].startswith("REJECTED") and d in listed[0] and
                    "card terminate" in listed[0], "what waits for a person: %s" % listed)
        checks.that(terminate(folder, c).returncode == 3, "a good unit is not terminated")
        forced = Run(folder, units=1, bench=["--first", "3"], job="R", plan=TERMINATE)
        forced.finish()
        checks.that(verdicts(forced) == {1: ("ERROR", "CARD-STATE")} and folder.held()[c]["life"] == 0x0F,
                    "not even with the plan: %s" % forced.ends())
        whole(folder, "after all that")


def through_the_station():
    """Persons act while the line runs: through the one writer."""
    with Folder(slots=1) as folder:
        job = folder.make_job("S", 4)
        Run(folder, faults=["1:sw=B2,6F00"], units=1, job=job).finish()
        run = Run(folder, units=1, bench=["--first", "2"], speed=1, job=job)
        run.wait_event("step_begin", step="keys")
        done = act(folder, "destroy", "--by", "Ann", "--and", "Bob", *REASON, "HW26000001")
        checks.that(done.returncode == 0, "beside a station: %s" % done)
        again = act(folder, "destroy", "--by", "Ann", "--and", "Bob", *REASON, "HW26000001")
        checks.that(again.returncode == 3 and "SPOILED" in again.stderr, "a no comes back: %s" % again)
        second = payjig("job", "import", "--fixture", folder.fixture(), "--store", folder.file("store.db"), job)
        checks.that(second.returncode == 3 and "another station" in second.stderr, "one writer: %s" % second)
        checks.that(run.finish() == 0 and states(folder)["HW26000001"] == "SPOILED", "the line goes on")
        whole(folder, "after acts beside a station")


def recovery():
    """What was in work is listed before the first unit, each with the one next action."""
    with Folder(slots=2) as folder:
        job = folder.make_job("W", 4)
        run = Run(folder, speed=1, job=job)
        for slot in (1, 2):
            run.wait_event("step_begin", slot=slot, step="random")
        os.kill(run.station_pid(), signal.SIGKILL)
        run.finish()
        second = Run(folder, job=job)
        checks.that(second.finish() == 0, "finished: %s" % verdicts(second))
        types = [e["type"] for e in second.events]
        listed = [e for e in second.events if e["type"] == "unsettled"]
        checks.that(sorted(e["unit"] for e in listed) == ["HW26000001", "HW26000002"] and
                    all(e["state"] == "WRITTEN" and "same unit" in e["action"] for e in listed) and
                    types.index("unsettled") < types.index("unit_begin"), "listed first: %s" % listed)
        torn = second.query("SELECT verdict, code FROM attempts ORDER BY id LIMIT 2")
        checks.that(torn == [("ERROR", "TOOL-STATION")] * 2, "torn records are completed: %s" % torn)
        checks.that(set(states(folder).values()) == {"COMMITTED"}, "%s" % states(folder))
        whole(folder, "after a kill")


def duplicate():
    with Folder(slots=1) as folder:
        job = folder.make_job("D", 4)
        Run(folder, units=1, job=job).finish()
        card = folder.held()["HW26000001"]["card"]
        run = Run(folder, units=1, bench=["--first", "2"], faults=["1:duplicate_card=" + card], job=job)
        run.finish()
        checks.that(verdicts(run) == {1: ("FAIL", "CARD-DUPLICATE")}, "a second unit with a card: %s" % run.ends())
        checks.that(states(folder) == {"HW26000001": "COMMITTED"}, "it gets none: %s" % states(folder))


def contradiction():
    """A unit that was to get one card and comes back with another: nobody can say yet what happened."""
    with Folder(slots=1) as folder:
        job = folder.make_job("C", 4)
        Run(folder, faults=["1:sw=B2,6F00"], units=1, job=job).finish()
        os.remove(folder.file("units/HW26000001.headset"))
        run = Run(folder, units=1, faults=["1:already_personalized"], job=job)
        run.finish()
        checks.that(verdicts(run) == {1: ("FAIL", "PERSO-ALREADY")} and
                    states(folder) == {"HW26000001": "QUARANTINE"}, "%s %s" % (run.ends(), states(folder)))


def out_of_balance():
    with Folder(slots=1) as folder:
        job = folder.make_job("B", 4)
        Run(folder, units=1, job=job).finish()
        common = ["--fixture", folder.fixture(), "--store", folder.file("store.db"), "--job", "B"]
        db = sqlite3.connect(folder.file("store.db"))
        db.execute("UPDATE cards SET state = 'SPOILED' WHERE unit = 'HW26000001'")
        db.commit()
        db.close()
        done = payjig("job", "reconcile", *common)
        checks.that(done.returncode == 3 and "DIFFERENCE" in done.stdout and "1 good units, but 0" in done.stdout and
                    "is blocked" in done.stderr, "the difference is named: %s" % done)
        run = Run(folder, units=1, bench=["--first", "2"], job=job)
        checks.that(run.finish() == 3 and "does not balance" in run.stderr and not run.ends(),
                    "no unit starts: %s" % run.stderr)
        done = payjig("job", "unblock", *common, "--by", "Ann", *REASON)
        checks.that(done.returncode == 3 and "does not balance" in done.stderr, "nor is it unblocked: %s" % done)
        db = sqlite3.connect(folder.file("store.db"))
        db.execute("UPDATE cards SET state = 'COMMITTED' WHERE unit = 'HW26000001'")
        db.commit()
        db.close()
        run = Run(folder, units=1, bench=["--first", "2"], job=job)
        run.finish()
        checks.that(verdicts(run) == {1: ("ERROR", "CARD-NONE")}, "blocked is blocked: %s" % run.ends())
        checks.that(payjig("job", "unblock", *common, "--by", "Ann", *REASON).returncode == 0, "a person opens it")
        run = Run(folder, units=1, bench=["--first", "2"], job=job)
        checks.that(run.finish() == 0, "and it goes on: %s" % run.ends())


def restored():
    """Yesterday's copy: noticed before a card is issued; accepted by two persons, no card goes out twice."""
    with Folder(slots=1) as folder:
        job, store, copy = folder.make_job("O", 6), folder.file("store.db"), folder.file("yesterday.db")
        Run(folder, units=1, job=job).finish()
        checks.that(payjig("store", "backup", "--store", store, "--out", copy).returncode == 0, "backup")
        checks.that(payjig("store", "backup", "--store", store, "--out", copy).returncode == 2, "nothing overwritten")
        Run(folder, units=2, bench=["--first", "2"], job=job).finish()
        issued = {u["card"] for u in folder.held().values()}
        checks.that(len(issued) == 3, "three cards are out")
        done = payjig("store", "restore", "--store", store, "--from", copy)
        checks.that(done.returncode == 0 and os.path.exists(store + ".before"), "restored: %s" % done)
        run = Run(folder, units=1, bench=["--first", "4"], job=job)
        checks.that(run.finish() == 3 and "old copy" in run.stderr and "store accept" in run.stderr and
                    not run.ends(), "noticed: %s" % run.stderr)
        accept = ["store", "accept", "--fixture", folder.fixture(), "--store", store, "--by", "Ann"] + REASON
        checks.that(payjig(*accept, "--and", "Ann").returncode == 2, "two persons")
        done = payjig(*accept, "--and", "Bob")
        checks.that(done.returncode == 0 and "2 cards" in done.stdout, "accepted: %s" % done)
        run = Run(folder, units=1, bench=["--first", "4"], job=job)
        checks.that(run.finish() == 0, "goes on: %s %s" % (run.ends(), run.stderr))
        checks.that(folder.held()["HW26000004"]["card"] not in issued, "no card twice: %s" % folder.held())
        again = Run(folder, units=1, bench=["--first", "2"], job=job)
        again.finish()
        checks.that(verdicts(again) == {1: ("FAIL", "PERSO-ALREADY")}, "a unit of the lost day: %s" % again.ends())
        numbers = [u["card"] for u in folder.held().values()]
        checks.that(len(set(numbers)) == len(numbers) == 4, "%s" % numbers)
        unknown = run.query("SELECT number FROM cards WHERE state = 'QUARANTINE'")
        done = act(folder, "resolve", "--by", "Ann", *REASON, "--card", unknown[0][0])
        checks.that(done.returncode == 3 and "nobody knows its unit" in done.stderr, "%s" % done)
        done = act(folder, "destroy", "--by", "Ann", "--and", "Bob", *REASON, "--card", unknown[0][0])
        checks.that(done.returncode == 0, "two persons state it: %s" % done)
        whole(folder, "after a restored copy")
        shutil.rmtree(folder.file("state"))
        run = Run(folder, units=1, bench=["--first", "5"], job="O")
        checks.that(run.finish() == 3 and "does not know this store" in run.stderr, "no head: %s" % run.stderr)
        left = run.query("SELECT count(*) FROM cards WHERE state = 'AVAILABLE'")[0][0]
        done = payjig(*accept, "--and", "Bob")
        checks.that(left > 0 and done.returncode == 0 and "%d cards" % left in done.stdout,
                    "nobody knows what was issued: every card may have been: %s" % done)
        run = Run(folder, units=1, bench=["--first", "5"], job="O")
        run.finish()
        checks.that(verdicts(run) == {1: ("ERROR", "CARD-NONE")}, "none goes out: %s" % run.ends())
        whole(folder, "after a lost head")


def schemas():
    with Folder(slots=1) as folder:
        store = folder.file("store.db")
        with open(os.path.join(ROOT, "tests", "store", "schema-1.sql")) as f:
            db = sqlite3.connect(store)
            db.executescript(f.read())
            before = db.execute("SELECT count(*), sum(verdict = 'PASS') FROM attempts").fetchone()
            db.close()
        old = payjig("report", "--store", store)
        checks.that(old.returncode == 3 and "store migrate" in old.stderr, "an older schema is named: %s" % old)
        done = payjig("store", "migrate", "--fixture", folder.fixture(), "--store", store)
        checks.that(done.returncode == 0 and "schema 2" in done.stdout and os.path.exists(store + ".schema-1"),
                    "upgraded: %s" % done)
        db = sqlite3.connect(store)
        checks.that(db.execute("SELECT count(*), sum(verdict = 'PASS') FROM attempts").fetchone() == before ==
                    (3, 2), "nothing is lost")
        fresh = folder.file("fresh.db")
        payjig("job", "import", "--fixture", folder.fixture(), "--store", fresh, folder.make_job("F", 2))
        other = sqlite3.connect(fresh)
        tables = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
        checks.that(db.execute(tables).fetchall() == other.execute(tables).fetchall(), "the same schema as a new one")
        db.close()
        other.execute("PRAGMA user_version = 99")
        other.close()
        whole(folder, "after an upgrade")
        report = payjig("report", "--store", store)
        checks.that(report.returncode == 0 and len(report.stdout.split()) == 7, "old records are reported: %s" % report)
        job = payjig("job", "reconcile", "--fixture", folder.fixture(), "--store", store, "--job", "LAB-2026-001")
        checks.that(job.returncode == 0 and "BLOCKED" in job.stdout, "unsigned: blocked, balanced: %s" % job)
        done = payjig("job", "unblock", "--fixture", folder.fixture(), "--store", store, "--job", "LAB-2026-001",
                      "--by", "Ann", *REASON)
        checks.that(done.returncode == 3 and "unsigned" in done.stderr, "%s" % done)
        newer = payjig("store", "migrate", "--fixture", folder.fixture(), "--store", fresh)
        checks.that(newer.returncode == 3 and "newer" in newer.stderr, "a newer schema: %s" % newer)


def another_station():
    with Folder(slots=1) as folder:
        Run(folder, units=1, job=folder.make_job("A", 2)).finish()
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", folder.file("other.key")], check=True)
        with Folder(slots=1, station_key=folder.file("other.key")) as other:
            done = payjig("store", "migrate", "--fixture", other.fixture(), "--store", folder.file("store.db"))
            checks.that(done.returncode == 3 and "belongs to station" in done.stderr, "%s" % done)


def main():
    rejects()
    through_the_station()
    recovery()
    duplicate()
    contradiction()
    out_of_balance()
    restored()
    schemas()
    another_station()
    checks.end()


main()
