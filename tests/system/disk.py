"""The disk fails: full, read-only, fsync error, locked. No new unit starts, the unit in work ends as ERROR, the
sentence says what to do; nothing is synced again as if it had not failed; and after a restart the same unit is
finished with its card."""
import concurrent.futures
import errno
import os
import sqlite3
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from bench import BUILD, LONG, Checks, Folder, Run, payjig, verdicts  # noqa: E402

PRELOAD = os.path.join(BUILD, "tests", "preload.so")
RUN = 'exec "$0" run --jig "$BENCH_JIG" --labels "$BENCH_LABELS" --events "$@"'
SHORT = ("power_on", "connect", "identify", "personalize", "load", "purchase", "unbond", "power_off")
checks = Checks()

# operation that fails, error, words that the sentence must have
FAULTS = [
    ("write", errno.ENOSPC, ("disk is full", "make room")),
    ("write", errno.EROFS, ("disk fails", "call the engineer")),
    ("write", errno.EIO, ("disk fails", "call the engineer")),
    ("sync", errno.EIO, ("disk fails", "call the engineer")),
]


def environment(folder, **strike):
    env = {"LD_PRELOAD": PRELOAD, "STRIKE_FILE": folder.file("store.db"), "STRIKE_LOG": folder.file("operations"),
           "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}
    env.update({"STRIKE_" + k.upper(): str(v) for k, v in strike.items()})
    return "".join("export %s='%s'; " % item for item in env.items()) + RUN


def operations(folder):
    with open(folder.file("operations")) as f:
        return [(int(n), what) for n, what in (line.split() for line in f)]


def count():
    with Folder(slots=1) as folder:
        run = Run(folder, units=1, job=folder.make_job("DISK", 4), script=environment(folder))
        assert run.finish() == 0, run.stderr
        return [n for n, what in operations(folder)], [n for n, what in operations(folder) if what == "sync"]


def try_point(point):
    what, error, words, at = point
    wrong = []
    with Folder(slots=1) as folder:
        job = folder.make_job("DISK", 4)
        run = Run(folder, units=3, job=job, script=environment(folder, fail=what, at=at, errno=error))
        status = run.finish()
        ends = [(e["verdict"], e["code"]) for e in run.ends()]
        # The last operations are the closing of a store whose units are all recorded.
        if status != 3 or not all(w in run.stderr for w in words) and "head outside" not in run.stderr:
            wrong.append("status %d, %r" % (status, run.stderr))
        # Whoever began has ended; the one in work as ERROR; where it struck between two units, none began after.
        begun = [e["label"] for e in run.events if e["type"] == "unit_begin"]
        if begun != [e["label"] for e in run.ends()] or len(ends) == 3 or ("PASS", "") in ends[1:] or any(
                e not in (("PASS", ""), ("ERROR", "TOOL-STORE")) for e in ends):
            wrong.append("begun %s, ends %s" % (begun, ends))
        after = [n for n, w in operations(folder) if w == "sync" and n > at]
        if what == "sync" and after:
            wrong.append("synced again after the failure: %s" % after)
        second = Run(folder, units=1, job=job)
        second.finish()
        good = [("PASS", "")] if not any(e == ("PASS", "") for e in ends) else None
        got = [(e["verdict"], e["code"]) for e in second.ends()]
        if got not in ([("PASS", "")], [("FAIL", "PERSO-ALREADY")]) or good and got != good and not second.query(
                "SELECT 1 FROM cards WHERE unit = 'HW26000001' AND state = 'COMMITTED'"):
            wrong.append("the same unit again: %s %s" % (got, second.stderr))
        held = folder.held()["HW26000001"]
        card = second.query("SELECT number, state FROM cards WHERE unit = 'HW26000001'")
        if card != [(held["card"], "COMMITTED")]:
            wrong.append("%s holds %s" % (card, held))
        done = payjig("verify", "--fixture", folder.fixture(), folder.file("store.db"))
        if done.returncode:
            wrong.append(done.stderr)
    return wrong


def at_the_start(what, error, words, at):
    """A store that can't be made, or opened: the station does not start, and says why."""
    with Folder(slots=1) as folder:
        run = Run(folder, units=1, job=folder.make_job("DISK", 2),
                  script=environment(folder, fail=what, at=at, errno=error))
        checks.that(run.finish() == 3 and not run.ends() and
                    (all(w in run.stderr for w in words) or "head outside" in run.stderr),
                    "at the start, %s %d: %s" % (what, at, run.stderr))
        again = Run(folder, units=1, job=folder.file("DISK.json"))
        checks.that(again.finish() == 0, "and then: %s" % again.stderr)


def locked():
    with Folder(slots=1) as folder:
        job = folder.make_job("DISK", 4)
        run = Run(folder, units=2, speed=1, job=job)
        run.wait_event("step_begin", step="keys")
        db = sqlite3.connect(run.store, isolation_level=None)
        db.execute("BEGIN IMMEDIATE")
        end = run.wait_event("unit_end")
        checks.that((end["verdict"], end["code"]) == ("ERROR", "TOOL-STORE") and "locked the store" in end["cause"],
                    "locked: %s" % end)
        db.execute("ROLLBACK")
        db.close()
        checks.that(run.finish() == 3 and len(run.ends()) == 1, "no new unit: %s" % run.ends())
        again = Run(folder, units=1, job=job)
        checks.that(again.finish() == 0, "unlocked: %s %s" % (verdicts(again), again.stderr))


def slow(link, faults, expected):
    """A disk that takes 4.5 s over what a unit's power_on found makes no slow start of the unit, which may take 3: it is
    switched on again and looked at at once. One that is slow then too fails."""
    wrong = []
    with Folder(slots=1, change=lambda text: text.replace("settle_ms: 60", "settle_ms: 500"),
                **{"ble": [1]} if link == "ble" else {}) as folder:
        now = folder.file("now")
        run = Run(folder, units=1, speed=1, faults=faults, plan=folder.short_plan(SHORT),
                  script=environment(folder, at=now, when="before", do="sleep 4.5"))
        run.wait_event("step_begin", step="power_on")
        open(now, "w").close()
        run.finish()
        if verdicts(run) != {1: expected}:
            wrong.append("%s %s" % (run.ends(), run.stderr))
        note = run.query("SELECT note FROM steps WHERE step = 'connect'")[0][0]
        if "switched on again: the station looked after" not in note:
            wrong.append("the note is %r" % note)
    return wrong


def main():
    everything, syncs = count()
    points = []
    for what, error, words in FAULTS:
        where = [n for n in (syncs if what == "sync" else everything) if n > 60][:-12]
        points += [(what, error, words, n) for n in (where if LONG else where[::max(1, len(where) // 8)])]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for p, wrong in zip(points, pool.map(try_point, points)):
            checks.that(not wrong, "%s %s at %d: %s" % (p[0], errno.errorcode[p[1]], p[3], wrong))
    checks.that(len(points) >= 30, "%d points" % len(points))
    for what, error, words in FAULTS:
        for at in (1, 9, 25):
            at_the_start(what, error, words, at)
    locked()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        slows = [(link, faults, expected) for link in ("jack", "ble")
                 for faults, expected in (((), ("PASS", "")), (("1:slow_boot=4",), ("FAIL", "LINK-BOOT")))]
        for s, wrong in zip(slows, pool.map(slow, *zip(*slows))):
            checks.that(not wrong, "slow disk, %s %s: %s" % (s[0], s[1], wrong))
    checks.end()


main()
