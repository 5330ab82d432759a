"""Four stations, a job of 10,000 cards: each has its allotment and no other's; no card goes out twice, and the
sums of the results are the job. Some units go through real stations on the bench, the rest through the ledger."""
import collections
import concurrent.futures
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from bench import (BUILD, CERTIFICATE, CERTIFICATE_KEY, Checks, Folder, Run, figure, payjig,  # noqa: E402
                   verdicts)

STATIONS, CARDS, UNITS = 4, 10000, 4
checks = Checks()


def station(folder, i):
    """A folder of its own with a key of its own."""
    key = folder.file("station-%d.key" % i)
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True)
    subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-out", key + ".pub"], check=True)
    return Folder(slots=2, station_key=key)


def work(folder, key, job, i):
    run = Run(folder, units=UNITS, bench=["--first", str(1000 * i + 1)], job=job)
    checks.that(run.finish() == 0 and len(run.ends()) == UNITS, "station %d: %s" % (i, verdicts(run)))
    # Two cards are left over: they go back to the issuer as they came.
    done = subprocess.run([os.path.join(BUILD, "tests", "issue"), run.store, folder.file("state"), key, "TEN",
                           "ST%d-" % i, str(CARDS // STATIONS - UNITS - 2)], capture_output=True, text=True)
    checks.that(done.returncode == 0, "station %d: %s" % (i, done.stderr))
    common = ["--fixture", folder.fixture(), "--store", run.store, "--job", "TEN"]
    for args in (["reconcile"] + common, ["export"] + common + ["--out", folder.file("result.json")],
                 ["close"] + common + ["--by", "Ann"]):
        done = payjig("job", *args)
        checks.that(done.returncode == 0, "station %d: %s" % (i, done))
    done = payjig("verify", "--fixture", folder.fixture(), run.store)
    checks.that(done.returncode == 0, "station %d: %s" % (i, done.stderr))
    with open(folder.file("result.json")) as f:
        return json.load(f)["cards"]


def main():
    with Folder(slots=1) as common:
        folders = [station(common, i) for i in range(STATIONS)]
        keys = [common.file("station-%d.key" % i) for i in range(STATIONS)]
        made = payjig("job", "make", "--fixture", common.fixture(), "--job", "TEN", "--out", common.file("ten.json"),
                      "--certificate", CERTIFICATE, "--key", CERTIFICATE_KEY, "--quantity", CARDS, "--stations",
                      STATIONS, *[k + ".pub" for k in keys])
        checks.that(made.returncode == 0 and len(made.stdout.split()) == 2 * STATIONS, "made: %s" % made)
        few = payjig("job", "make", "--fixture", common.fixture(), "--job", "TEN", "--out", common.file("few.json"),
                     "--certificate", CERTIFICATE, "--key", CERTIFICATE_KEY, "--stations", 4, keys[0] + ".pub")
        checks.that(few.returncode == 2 and "4 stations need" in few.stderr, "too few keys: %s" % few)
        jobs = [common.file("ten-%d.json" % (i + 1)) for i in range(STATIONS)]
        for i, folder in enumerate(folders):
            foreign = payjig("job", "import", "--fixture", folder.fixture(), "--store", folder.file("store.db"),
                             jobs[(i + 1) % STATIONS])
            checks.that(foreign.returncode == 2 and "is for station" in foreign.stderr,
                        "a foreign allotment: %s" % foreign)
        with concurrent.futures.ThreadPoolExecutor(STATIONS) as pool:
            results = list(pool.map(work, folders, keys, jobs, range(STATIONS)))
        # What the headsets of all stations hold, too.
        held = [u["card"] for f in folders for u in f.held().values()]
        for f in folders:
            f.remove()
        numbers = []
        for path in jobs:
            with open(path) as f:
                numbers += [c["number"] for c in json.load(f)["cards"]]
    rows = [r for cards in results for r in cards]
    twice = sum(n - 1 for n in collections.Counter(r["number"] for r in rows).values())
    twice += sum(n - 1 for n in collections.Counter(held).values())
    states = collections.Counter(r["state"] for r in rows)
    checks.that(twice == 0, "%d cards twice" % twice)
    checks.that(len(numbers) == CARDS and sorted(r["number"] for r in rows) == sorted(numbers), "the sum is the job")
    checks.that(sum(states.values()) == CARDS and states["AVAILABLE"] == 2 * STATIONS and
                states["SPOILED"] == STATIONS * 250, "%s" % states)
    units = [r["unit"] for r in rows if r["unit"]]
    checks.that(len(units) == len(set(units)), "no unit twice")
    checks.that(len(held) == STATIONS * UNITS and set(held) < set(numbers), "%d on the bench" % len(held))
    figure("allot.duplicates", twice, "cards", "tests/system/allot.py")
    figure("allot.cards", len(rows), "cards", "tests/system/allot.py")
    checks.end()


main()
