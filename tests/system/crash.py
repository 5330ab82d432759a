"""The crash sweep: the station or the worker killed (-9), or the headset's power cut, at every write of the
journal and at every APDU of personalization and payment; then a restart and the same unit again, and a fresh
one after it. Each point is judged by what the virtual headsets really hold, not by the ledger alone.

tests/run takes 100 points spread over all of them, with sanitizers; --long takes every one, with the program
as it is shipped."""
import collections
import concurrent.futures
import os
import subprocess
import sys

if os.environ.get("PAYJIG_LONG") == "1" and os.environ.get("PAYJIG_BUILD_SHIPPED"):
    os.environ["PAYJIG_BUILD"] = os.environ["PAYJIG_BUILD_SHIPPED"]
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from bench import BUILD, LONG, PLAN, Checks, Folder, Run, figure, payjig, verdicts  # noqa: E402

PRELOAD = os.path.join(BUILD, "tests", "preload.so")
POINTS = 100
RUN = 'exec "$0" run --jig "$BENCH_JIG" --labels "$BENCH_LABELS" --events "$@"'
# The store's part of the path is in the station's command line and in no other's.
STATION = "pgrep -f '^payjig station .*{store} '"
KILLS = {"station": "kill -9 $(%s)" % STATION, "worker": "pkill -9 -P $(%s)" % STATION, "power": "cut"}
FINISHED = ("COMMITTED",)

Point = collections.namedtuple("Point", "mode kind where at when")


def folder_for(mode):
    """One slot, a unit without its waiting times, and a job of three cards."""
    folder = Folder(slots=1, change=lambda text: text.replace("settle_ms: 60, off_ms: 200", "settle_ms: 20, off_ms: 50"))
    with open(PLAN) as f, open(folder.file("plan.yaml"), "w") as g:
        g.write(f.read().replace("presses: 5", "presses: 1"))
    folder.job = folder.make_job("CRASH-1", 3, "--payment", mode)
    return folder


def run(folder, units, bench=(), environment=None):
    """Sets the environment of `payjig run` alone: the bench's own stays as it is."""
    set_it = "".join('export %s="%s"; ' % (k, v.replace('"', '\\"').replace("$", "\\$"))
                     for k, v in (environment or {}).items())
    r = Run(folder, units=units, bench=list(bench), plan=folder.file("plan.yaml"), job=folder.job,
            script=set_it + RUN)
    r.finish(120)
    return r


def preload(folder, **strike):
    env = {"LD_PRELOAD": PRELOAD, "STRIKE_FILE": folder.file("store.db")}
    env.update({"STRIKE_" + k.upper(): str(v) for k, v in strike.items()})
    options = os.environ.get("ASAN_OPTIONS", "")
    env["ASAN_OPTIONS"] = options + ":verify_asan_link_order=0"
    return env


def count(mode):
    """How many APDUs and how many disk operations one good unit takes, and which of those are syncs."""
    folder = folder_for(mode)
    try:
        r = run(folder, 1, environment=preload(folder, log=folder.file("operations")))
        assert verdicts(r) == {1: ("PASS", "")}, (verdicts(r), r.stderr)
        first = r.query("SELECT min(a.id) FROM apdus a JOIN steps s ON s.id = a.step"
                        " WHERE s.step = 'personalize'")[0][0]
        apdus = r.query("SELECT count(*) FROM apdus")[0][0]
        with open(folder.file("operations")) as f:
            operations = [line.split()[1] for line in f]
        return first, apdus, operations
    finally:
        folder.remove()


def all_points():
    points = []
    for mode in ("live", "test_keys"):
        first, apdus, operations = count(mode)
        for n in range(first, apdus + 1):
            for when in ("sent", "executed", "answered"):
                points += [Point(mode, kind, "apdu", n, when) for kind in KILLS]
        for n, operation in enumerate(operations, 1):
            points += [Point(mode, "station", "disk", n, "before")]
            if operation == "sync":
                points += [Point(mode, kind, "disk", n, "after") for kind in KILLS]
    return points


def strike(folder, p):
    """The first run, with the point's strike in it."""
    store = folder.file("store.db")
    if p.where == "apdu":
        how = KILLS[p.kind].format(store=store)
        return run(folder, 1, bench=["--strike", "%d,%s,%s" % (p.at, p.when, how)])
    how = {"station": "kill", "worker": "pkill -9 -P $PPID",
           "power": "pkill -USR1 -f '^[^ ]*payjig-bench .*%s'" % folder.file("units")}[p.kind]
    return run(folder, 1, environment=preload(folder, at=p.at, when=p.when, do=how))


def struck(p, first):
    """Whether the strike changed the first run: a kill that missed would prove nothing."""
    ends = first.ends()
    if p.kind == "station":
        return first.code == 3 and not any(e["verdict"] == "PASS" for e in ends[1:])
    if p.kind == "worker":
        return any(e["code"] == "TOOL-WORKER" for e in ends)
    return any(e["verdict"] != "PASS" for e in ends)


def judge(folder, p, first, second):
    """What must hold after any point: a list of what does not."""
    wrong = []
    held = folder.held()
    rows = {unit: (number, state) for number, unit, state in second.query(
        "SELECT number, unit, state FROM cards WHERE unit IS NOT NULL")}
    numbers = [u["card"] for u in held.values() if u["card"]]
    if len(numbers) != len(set(numbers)):
        wrong.append("duplicate: %s" % held)
    for serial, unit in held.items():
        if unit["card"] and (serial not in rows or rows[serial][0] != unit["card"]):
            wrong.append("lost: %s holds %s, the ledger says %s" % (serial, unit["card"], rows.get(serial)))
    for serial, (number, state) in rows.items():
        if state == "COMMITTED" and held.get(serial, {}).get("card") != number:
            wrong.append("lost: %s is COMMITTED with %s and holds %s" % (serial, number, held.get(serial)))
    if rows.get("HW26000001", ("", ""))[1] not in FINISHED:
        wrong.append("unfinishable: %s %s" % (rows, [(e["verdict"], e["code"], e["cause"])
                                                     for e in first.ends() + second.ends()]))
    # The money: one load and one purchase, whatever was cut.
    unit = held["HW26000001"]
    if (unit["online"], unit["offline"], unit["balance"]) != (1, 1, 0):
        wrong.append("lost: paid more or less than once: %s" % unit)
    if p.mode == "test_keys" and any(index == 2 for _, index in unit["keys"]):
        wrong.append("lost: a test key is left: %s" % unit)
    fresh = [(e["verdict"], e["code"]) for e in second.ends() if e["label"] == "HW26000002"]
    if fresh != [("PASS", "")]:
        wrong.append("unfinishable: the next unit: %s %s" % (fresh, second.stderr))
    for done in (payjig("verify", "--fixture", folder.fixture(), folder.file("store.db")),
                 payjig("job", "reconcile", "--fixture", folder.fixture(), "--store",
                        folder.file("store.db"), "--job", "CRASH-1")):
        if done.returncode:
            wrong.append("lost: %s %s" % (done.args[1:3], done.stderr))
    return wrong


def try_point(p):
    folder = folder_for(p.mode)
    try:
        first = strike(folder, p)
        second = run(folder, 2)
        return judge(folder, p, first, second), struck(p, first)
    except (AssertionError, OSError, KeyError, subprocess.SubprocessError) as why:
        return ["lost: %r" % why], True
    finally:
        folder.remove()


def main():
    checks = Checks()
    points = all_points()
    total = len(points)
    if not LONG:
        points = points[::max(1, total // POINTS)][:POINTS + 10]
    tally = collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        for p, (wrong, hit) in zip(points, pool.map(try_point, points)):
            tally.update({w.split(":")[0] for w in wrong} | ({"struck"} if hit else set()))
            checks.that(not wrong, "%s: %s" % (" ".join(map(str, p)), wrong))
    command = "tests/system/crash.py"
    figure("crash.points", len(points), "points of %d" % total, command)
    figure("crash.duplicates", tally["duplicate"], "points", command)
    figure("crash.lost", tally["lost"], "points", command)
    figure("crash.unfinishable", tally["unfinishable"], "points", command)
    figure("crash.struck", tally["struck"], "points that changed the first run", command)
    # What strikes before the unit begins, or after its last row, changes nothing: few points are left.
    checks.that(tally["struck"] > 0.8 * len(points), "%d of %d strikes hit" % (tally["struck"], len(points)))
    checks.that(len(points) >= (2000 if LONG else POINTS), "%d points" % len(points))
    checks.end()


main()
