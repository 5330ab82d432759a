"""payjig verify: whole stores and reports pass; each tampering is found, by its name."""
import json
import os
import shutil
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from bench import Checks, Folder, Run, figure, payjig  # noqa: E402

checks = Checks()


def sql(path, *statements):
    db = sqlite3.connect(path)
    for s in statements:
        changed = db.execute(s).rowcount
        assert changed != 0, s
    db.commit()
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def measurement(folder, store):
    sql(store, "UPDATE measurements SET value = value + 1e-12 WHERE name = 'purchase_time' AND step = (SELECT"
        " max(step) FROM measurements WHERE name = 'purchase_time')")


def deleted_unit(folder, store):
    sql(store, "DELETE FROM apdus WHERE step IN (SELECT id FROM steps WHERE attempt = 2)",
        "DELETE FROM measurements WHERE step IN (SELECT id FROM steps WHERE attempt = 2)",
        "DELETE FROM chain WHERE kind = 'step' AND row IN (SELECT id FROM steps WHERE attempt = 2)",
        "DELETE FROM steps WHERE attempt = 2", "DELETE FROM attempts WHERE id = 2",
        "DELETE FROM chain WHERE kind IN ('begin', 'end') AND row = 2")


def swapped(folder, store):
    """Two records of the chain change their places."""
    sql(store, "UPDATE chain SET sequence = -1 WHERE sequence = 10", "UPDATE chain SET sequence = 10 WHERE"
        " sequence = 11", "UPDATE chain SET sequence = 11 WHERE sequence = -1")


def truncated(folder, store):
    sql(store, "DELETE FROM chain WHERE sequence > (SELECT max(sequence) - 5 FROM chain)")


def rolled_back(folder, store):
    for part in ("", "-wal", "-shm"):
        if os.path.exists(store + part):
            os.remove(store + part)
    shutil.copy(folder.file("yesterday.db"), store)


def forged(folder, store):
    """A head signed by somebody else: the same bytes, another key."""
    db = sqlite3.connect(store)
    sequence, issued = db.execute("SELECT sequence, issued FROM heads ORDER BY sequence DESC").fetchone()
    hash_, = db.execute("SELECT hash FROM chain WHERE sequence = ?", (sequence,)).fetchone()
    id_, = db.execute("SELECT value FROM meta WHERE name = 'id'").fetchone()
    db.close()
    with open(folder.file("head.txt"), "w") as f:
        f.write("payjig-head-1\n%s\n%d\n%s\n%d\n" % (id_, sequence, hash_, issued))
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", folder.file("forger.key")], check=True)
    subprocess.run(["openssl", "pkeyutl", "-sign", "-inkey", folder.file("forger.key"), "-rawin", "-in",
                    folder.file("head.txt"), "-out", folder.file("head.sig")], check=True)
    with open(folder.file("head.sig"), "rb") as f:
        sql(store, "UPDATE heads SET signature = '%s' WHERE sequence = %d" % (f.read().hex().upper(), sequence))


def card_state(folder, store):
    sql(store, "UPDATE cards SET state = 'SPOILED' WHERE state = 'COMMITTED' AND unit = 'HW26000001'")


def added_unit(folder, store):
    sql(store, "INSERT INTO attempts SELECT 99, label, 9, slot, job, job_digest, plan, plan_digest, profile,"
        " profile_digest, fixture, fixture_digest, steps, jig, version, lab, operator, started, started_ms, ended,"
        " ms, verdict, code, cause, action, card, card_state FROM attempts WHERE id = 1")


def payment(folder, store):
    sql(store, "UPDATE payments SET amount_cents = 1 WHERE id = 1")


def job(folder, store):
    sql(store, "UPDATE cards SET valid_to = '20991231' WHERE state = 'AVAILABLE'")


# what is done, and a word that the finding must have
TAMPERS = [
    (measurement, "was changed"), (deleted_unit, "removed"), (swapped, "reordered"), (truncated, "truncated"),
    (rolled_back, "rolled back"), (forged, "signature"), (card_state, "state of a card"), (added_unit, "was added"),
    (payment, "was changed"), (job, "was changed"),
]


def reports(folder, store):
    paths = payjig("report", "--store", store, "--format", "json").stdout.split()
    fine = payjig("verify", "--fixture", folder.fixture(), *paths)
    checks.that(len(paths) == 4 and fine.returncode == 0 and fine.stdout.count("signed") == 4, "%s" % fine)
    missed = 0
    for change in (lambda u: u.update(verdict="FAIL"), lambda u: u.update(unit="HW26000009"),
                   lambda u: u["steps"][0]["measurements"][0].update(value=1.0),
                   lambda u: u["steps"].pop(), lambda u: u["proof"].update(sequence=1),
                   lambda u: u["proof"].update(before="0" * 64), lambda u: u.update(proof=None),
                   lambda u: u["proof"].update(signature="00" * 64), lambda u: u["proof"].update(station="AB" * 32)):
        with open(paths[0]) as f:
            unit = json.load(f)
        change(unit)
        with open(folder.file("bad.json"), "w") as f:
            json.dump(unit, f)
        done = payjig("verify", "--fixture", folder.fixture(), folder.file("bad.json"))
        missed += not checks.that(done.returncode in (1, 2) and "bad.json" in done.stderr, "report: %s" % done)
    done = payjig("verify", folder.file("fixture.yaml"), folder.file("nothing.db"))
    checks.that(done.returncode == 1, "no store: %s" % done)
    return missed


def main():
    with Folder(slots=2) as folder:
        store = folder.file("store.db")
        path = folder.make_job("V", 6)
        Run(folder, units=2, job=path).finish()
        checks.that(payjig("store", "backup", "--store", store, "--out", folder.file("yesterday.db")).returncode == 0,
                    "a copy of yesterday")
        Run(folder, units=2, bench=["--first", "3"], job=path).finish()
        whole = payjig("verify", "--fixture", folder.fixture(), store)
        checks.that(whole.returncode == 0 and "are whole" in whole.stdout, "%s" % whole)
        os.remove(store + ".sock") if os.path.exists(store + ".sock") else None
        shutil.copy(store, folder.file("good.db"))
        missed = reports(folder, store)
        for tamper, word in TAMPERS:
            shutil.copy(folder.file("good.db"), store)
            tamper(folder, store)
            done = payjig("verify", "--fixture", folder.fixture(), store)
            missed += not checks.that(done.returncode == 1 and word in done.stderr,
                                      "%s: %s %s" % (tamper.__name__, done.returncode, done.stderr))
        shutil.copy(folder.file("good.db"), store)
        checks.that(payjig("verify", "--fixture", folder.fixture(), store).returncode == 0, "and whole again")
    figure("verify.tampers", len(TAMPERS) + 9, "tamperings", "tests/system/verify.py")
    figure("verify.missed", missed, "tamperings", "tests/system/verify.py")
    checks.end()


main()
