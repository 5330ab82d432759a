"""Jobs: signed, for this station, whole; refused with the reason, nothing stored; obeyed; exported; closed."""
import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from bench import (CERTIFICATE, CERTIFICATE_KEY, JOB, KEYS, Checks, Folder, Run, changed_job, payjig,  # noqa: E402
                   sign, verdicts)

checks = Checks()


def openssl(*args):
    subprocess.run(("openssl",) + args, check=True, capture_output=True)


def certificate(folder, name, subject, *more):
    """A certificate of its own; signed by another one with more = (CA certificate, CA key)."""
    key, crt = folder.file(name + ".key"), folder.file(name + ".crt")
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
            "-out", crt, "-days", "3650", "-subj", subject, *more)
    return crt, key


def issued(folder, name, subject, ca):
    key, csr, crt = (folder.file(name + e) for e in (".key", ".csr", ".crt"))
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", csr,
            "-subj", subject)
    openssl("x509", "-req", "-in", csr, "-CA", ca[0], "-CAkey", ca[1], "-out", crt, "-days", "3650",
            "-set_serial", "7")
    return crt, key


def trusting(folder, path, name):
    """A fixture that trusts another certificate."""
    with open(folder.fixture()) as f, open(folder.file(name), "w") as g:
        g.write(f.read().replace(CERTIFICATE, path))
    return folder.file(name)


def imported(folder, path, fixture=None, store="store.db"):
    return payjig("job", "import", "--fixture", fixture or folder.fixture(), "--store", folder.file(store), path)


def refused(folder, what, path, *words, **kw):
    done = imported(folder, path, **kw)
    checks.that(done.returncode == 2 and len(done.stderr.strip().splitlines()) == 1 and
                all(w in done.stderr for w in words), "%s: %s %r" % (what, done.returncode, done.stderr))
    jobs = payjig("job", "list", "--store", folder.file(kw.get("store", "store.db")))
    checks.that(jobs.returncode == 0 and "bad" not in jobs.stdout, "%s: nothing of it is stored" % what)


def three(change=None):
    def to_three(job):
        job["cards"], job["quantity"], job["job"] = job["cards"][:3], 3, "bad"
        if change:
            change(job)
    return to_three


def signatures(folder):
    fine = changed_job(folder, three(), "fine.json")
    os.remove(fine + ".cms")
    refused(folder, "unsigned", fine, "is not signed")
    sign(fine)
    with open(fine, "r+") as f:
        text = f.read()
        f.seek(0)
        f.write(text.replace("20361231", "20371231", 1))
    refused(folder, "altered", fine, "fine.json", "signature does not hold")
    sign(fine)
    with open(fine + ".cms", "r+b") as f:
        data = bytearray(f.read())
        data[-5] ^= 1
        f.seek(0)
        f.write(data)
    refused(folder, "altered signature", fine, "fine.json")
    with open(fine + ".cms", "w") as f:
        f.write("nonsense")
    refused(folder, "no signature at all", fine, "fine.json.cms", "is no CMS signature")
    sign(fine, CERTIFICATE, CERTIFICATE_KEY, "-nodetach")
    refused(folder, "attached", fine, "not detached")
    other = certificate(folder, "other", "/O=x/OU=LAB/CN=other")
    refused(folder, "somebody else's", sign(fine, *other), "signature does not hold")
    nobody = certificate(folder, "nobody", "/O=x/CN=nobody")
    refused(folder, "no realm", sign(fine, *nobody), "LAB", "PRODUCTION",
            fixture=trusting(folder, nobody[0], "nobody.yaml"))
    ca = certificate(folder, "ca", "/O=x/OU=LAB/CN=ca")
    mixed = issued(folder, "mixed", "/O=x/OU=PRODUCTION/CN=mixed", ca)
    refused(folder, "a lab CA's production", sign(fine, *mixed), "all name",
            fixture=trusting(folder, ca[0], "ca.yaml"))
    changed_job(folder, three(lambda j: j.update(job="chained")), "fine.json")
    leaf = issued(folder, "leaf", "/O=x/OU=LAB/CN=leaf", ca)
    done = imported(folder, sign(fine, *leaf), trusting(folder, ca[0], "ca.yaml"), "chain.db")
    checks.that(done.returncode == 0, "a chain of LAB: %s" % done)


def contents(folder):
    def second(job, **kw):
        job["cards"][1].update(**kw)

    rows = [
        ("short", lambda j: j["cards"].pop(), ('"quantity" is 3', "2 cards")),
        ("long", lambda j: j["cards"].append(dict(j["cards"][0], number="62200000009900000001")), ("4 cards",)),
        ("duplicated", lambda j: second(j, number=j["cards"][0]["number"]), ("cards 1 and 2",)),
        ("malformed", lambda j: second(j, number="12"), ("card 2", '"number" is malformed')),
        ("never valid", lambda j: second(j, valid_to="20200101"), ("card 2", "valid_to")),
        ("wrong product", lambda j: j.update(product="headset-other"), ("headset-other",)),
        ("unknown key set", lambda j: j["key_set"].update(name="REAL-9"), ("REAL-9",)),
        ("no mode", lambda j: j["factory_payment"].update(mode="free"), ('"mode"',)),
        ("test keys without index", lambda j: j["factory_payment"].update(mode="test_keys"), ("factory_payment",)),
        ("wrapped without keys", lambda j: j.update(card_keys="wrapped"), ("key_set",)),
        ("a name that is a path", lambda j: j.update(job="../bad"), ('"job" is malformed',)),
        ("format 1", lambda j: j.update(format="payjig-job-1"), ("payjig-job-2",)),
        ("another station's", lambda j: j.update(station="AB" * 32), ("ABABABABABABABAB", "this one is")),
    ]
    for what, change, words in rows:
        refused(folder, what, changed_job(folder, three(change), "bad.json"), *words)
    with open(folder.file("bad.json"), "w") as f:
        f.write('{\n "format": "payjig-job-2",\n nonsense\n}')
    refused(folder, "no JSON", sign(folder.file("bad.json")), "bad.json:3")
    first = changed_job(folder, lambda j: j.update(cards=j["cards"][:3], quantity=3, job="first"), "first.json")
    checks.that(imported(folder, first).returncode == 0, "a good job")
    checks.that(imported(folder, first).returncode == 0, "the same file again")
    refused(folder, "overlapping", changed_job(folder, three(), "bad.json"), "card 1", "an earlier job")
    refused(folder, "another file of that name",
            changed_job(folder, three(lambda j: j.update(job="first", cards=j["cards"][::-1])), "bad.json"),
            "another file")
    with open(JOB) as f:
        job = json.load(f)
    checks.that(len(job["cards"]) == job["quantity"] == 400, "the lab job")


def realms(folder):
    """What the certificate says must fit the keys."""
    real = certificate(folder, "real", "/O=x/OU=PRODUCTION/CN=real issuer")
    job = changed_job(folder, lambda j: j.update(job="REAL-1"), "real.json")
    sign(job, *real)
    fixture = trusting(folder, real[0], "real.yaml")
    shutil.copy(fixture, folder.fixture())
    run = Run(folder, job=job, store="real.db")
    checks.that(run.finish() == 2 and "PRODUCTION job can't be run with lab keys" in run.stderr and not run.ends(),
                "lab keys on a production job: %s" % run.stderr)
    shown = payjig("job", "show", "--store", run.store, "--job", "REAL-1")
    checks.that("PRODUCTION, signed by real issuer" in shown.stdout, shown.stdout)
    made = payjig("job", "make", "--fixture", folder.fixture(), "--job", "X", "--out", folder.file("x.json"),
                  "--certificate", real[0], "--key", real[1])
    checks.that(made.returncode == 2 and "not for LAB" in made.stderr, "job make signs no production: %s" % made)


def wrong_kcv():
    with Folder(slots=1) as folder:
        job = changed_job(folder, lambda j: j["key_set"]["kcv"].update(MPK="000000"))
        run = Run(folder, job=job)
        checks.that(run.finish() == 2 and "MPK has the KCV 000000" in run.stderr, "KCV: %s" % run.stderr)


def pays_with(mode, card_keys, keys):
    with Folder(slots=2) as folder:
        job = folder.make_job("J", 4, "--payment", mode, "--card-keys", card_keys)
        run = Run(folder, job=job)
        what = "%s, %s" % (mode, card_keys)
        checks.that(run.finish() == 0, "%s: %s %s" % (what, verdicts(run), run.stderr))
        held = folder.held()
        checks.that(len(held) == 2 and all(sorted(u["keys"]) == keys and (u["online"], u["offline"], u["balance"])
                                           == (1, 1, 0) for u in held.values()), "%s: %s" % (what, held))
        index = 2 if mode == "test_keys" else 1
        checks.that(run.query("SELECT DISTINCT key_index, amount_cents FROM payments") == [(index, 100)],
                    "%s: pays with index %d" % (what, index))


def key_faults():
    for fault in ("test_key_left", "test_key_left=power_off"):
        with Folder(slots=1) as folder:
            run = Run(folder, faults=["1:" + fault], job=folder.make_job("J", 2, "--payment", "test_keys"))
            run.finish()
            checks.that(verdicts(run) == {1: ("FAIL", "PERSO-TEST-KEY")}, "%s: %s" % (fault, verdicts(run)))
            checks.that(run.query("SELECT state FROM cards WHERE unit IS NOT NULL") == [("REJECTED",)],
                        "%s: REJECTED" % fault)
    with Folder(slots=1) as folder:
        made = folder.make_job("J", 2, "--card-keys", "wrapped")
        spoilt = changed_job(folder, lambda j: j["cards"][0]["keys"].update({"3E": "00" * 24}), "s.json", made)
        run = Run(folder, job=spoilt)
        checks.that(run.finish() == 3 and verdicts(run) == {1: ("ERROR", "TOOL-KEYS")} and
                    not folder.held()["HW26000001"]["card"],
                    "a spoilt wrapped key is the station's error, and nothing is written: %s" % verdicts(run))


def to_the_end():
    """From the first unit to the closed job."""
    with Folder(slots=2) as folder:
        path = folder.make_job("END", 4)
        store = folder.file("store.db")
        Run(folder, units=2, job=path).finish()
        common = ["--fixture", folder.fixture(), "--store", store, "--job", "END"]
        counted = payjig("job", "reconcile", *common, "--json")
        b = json.loads(counted.stdout)
        checks.that(counted.returncode == 0 and (b["issued"], b["available"], b["committed"], b["good_units"],
                                                 b["attempts"]) == (4, 2, 2, 2, 2), counted.stdout)
        checks.that([(s["slot"], s["good"]) for s in b["slots"]] == [(1, 1), (2, 1)] and
                    len(b["operators"]) == 1 and b["operators"][0]["operator"], "by slot and operator: %s" % b)
        close = payjig("job", "close", *common, "--by", "Ann")
        checks.that(close.returncode == 3 and "not exported" in close.stderr, close.stderr)
        one, two = folder.file("one.json"), folder.file("two.json")
        for out in (one, two):
            checks.that(payjig("job", "export", *common, "--out", out).returncode == 0, "export")
        with open(one, "rb") as f, open(two, "rb") as g:
            checks.that(f.read() == g.read(), "exporting twice gives the same bytes")
        with open(one + ".sig", "rb") as f, open(two + ".sig", "rb") as g:
            checks.that(f.read() == g.read(), "and the same signature")
        openssl("pkey", "-in", os.path.join(os.path.dirname(KEYS), "lab-station.key"), "-pubout", "-out",
                folder.file("station.pub"))
        openssl("pkeyutl", "-verify", "-pubin", "-inkey", folder.file("station.pub"), "-rawin", "-in", one,
                "-sigfile", one + ".sig")
        with open(one) as f:
            rows = json.load(f)["cards"]
        done = [r for r in rows if r["state"] == "COMMITTED"]
        held = {u["card"]: s for s, u in folder.held().items()}
        checks.that(len(rows) == 4 and len(done) == 2 and all(
            held[r["number"]] == r["unit"] and sorted(r["kcvs"]) == ["34", "3E", "3F"] and r["key_version"] == 1 and
            (r["online_counter"], r["offline_counter"]) == (1, 1) and
            [(t["kind"], t["outcome"], len(t["tac"])) for t in r["transactions"]] ==
            [("load", "DONE", 8), ("purchase", "DONE", 8)] for r in done), "rows: %s" % rows)
        Run(folder, units=1, bench=["--first", "3"], job=path).finish()
        close = payjig("job", "close", *common, "--by", "Ann")
        checks.that(close.returncode == 3 and "changed after the last export" in close.stderr, close.stderr)
        payjig("job", "export", *common, "--out", one)
        checks.that(payjig("job", "close", *common, "--by", "Ann").returncode == 0, "closed")
        run = Run(folder, units=1, bench=["--first", "4"], job="END")
        run.finish()
        checks.that(verdicts(run) == {1: ("ERROR", "CARD-NONE")}, "a closed job issues nothing: %s" % verdicts(run))


def main():
    with Folder(slots=1) as folder:
        signatures(folder)
        contents(folder)
        realms(folder)
    wrong_kcv()
    live = [[0x34, 1], [0x3E, 1], [0x3F, 1]]
    pays_with("live", "diversify", live)
    pays_with("live", "wrapped", live)
    pays_with("test_keys", "wrapped", live)
    key_faults()
    to_the_end()
    checks.end()


main()
