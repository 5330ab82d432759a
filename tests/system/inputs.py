"""Bad input: one sentence that names where and what, the right exit status, and the store intact."""
import json
import os
import resource
import socket
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from bench import JOB, PAYJIG, PLAN, PROFILE, ROOT, Checks, Folder, Run, changed_job, verdicts  # noqa: E402

checks = Checks()


def payjig(*args, **kw):
    return subprocess.run([PAYJIG] + list(args), capture_output=True, text=True, timeout=60, **kw)


def expect(result, status, *words):
    lines = result.stderr.strip().splitlines()
    checks.that(result.returncode == status and len(lines) == 1 and
                all(w in result.stderr for w in words),
                "%s: status %d, must be %d with %s: %r" % (result.args[1:], result.returncode, status,
                                                            words, result.stderr))


def changed(folder, source, old, new, name="bad.yaml"):
    with open(source) as f:
        text = f.read()
    assert old in text, old
    with open(folder.file(name), "w") as f:
        f.write(text.replace(old, new, 1))
    return folder.file(name)


def bad_yaml(folder):
    rows = [
        (PROFILE, "volts: 5.0", "volts: 5x", "supply"[:0] + "volts", '"5x"'),
        (PROFILE, "volts: 5.0", "volts: 3,6", "bad.yaml:"),
        (PROFILE, "high: 36.8", "high: nan", "high", '"nan"'),
        (PROFILE, "high: 36.8", "high: 1e999", "high", '"1e999"'),
        (PROFILE, "model: PJ-W1", "modle: PJ-W1", "modle: unknown key"),
        (PROFILE, "model: PJ-W1\n", "model: PJ-W1\nmodel: PJ-W1\n", "model: given twice"),
        (PROFILE, "model: PJ-W1\n", "", "model: missing"),
        (PROFILE, "algorithm: 3des", "algorithm: des", "algorithm: must be one of 3des, sm4"),
        (PROFILE, "number: {offset: 10", "number: {offset: 25", "number: ends behind"),
        (PROFILE, "low: 27.2", "low: 99", "low is above high"),
        (PLAN, "step: keys", "step: keyz", 'there is no such step', "keyz"),
        (PLAN, "presses: 5", "presses: 5.0", "presses: not an integer"),
        (PLAN, "kind: plan", "kind: plane", "kind"),
    ]
    for source, old, new, *words in rows:
        expect(payjig("check", changed(folder, source, old, new)), 2, *words)
    expect(payjig("check", "/does/not/exist.yaml"), 2, "/does/not/exist.yaml", "No such file")
    fine = payjig("check", PROFILE, PLAN, JOB, os.path.join(ROOT, "fixtures", "virtual-wired.yaml"))
    checks.that(fine.returncode == 0 and fine.stdout.count(": fine") == 4, "good files: %s" % fine)


def bad_jobs(folder):
    def job(change):
        with open(JOB) as f:
            j = json.load(f)
        j["cards"] = j["cards"][:3]
        j["quantity"] = 3
        change(j)
        with open(folder.file("job.json"), "w") as f:
            json.dump(j, f)
        return payjig("check", folder.file("job.json"))

    expect(job(lambda j: j["cards"][2].pop("valid_to")), 2, "card 3", '"valid_to" is missing')
    expect(job(lambda j: j["cards"][1].update(number="12")), 2, "card 2", '"number" is malformed')
    expect(job(lambda j: j["cards"][1].update(number=j["cards"][0]["number"])), 2, "cards 1 and 2")
    expect(job(lambda j: j["cards"].pop()), 2, '"quantity" is 3', "2 cards")
    expect(job(lambda j: j.update(more=1)), 2, '"more": unknown')
    expect(job(lambda j: j["factory_payment"].update(amount_cents=1.5)), 2, "amount_cents")
    expect(job(lambda j: j["issuer"].update(id="zz")), 2, "issuer", '"id" is malformed')
    with open(folder.file("job.json"), "w") as f:
        f.write('{\n "format": "payjig-job-1",\n nonsense\n}')
    expect(payjig("check", folder.file("job.json")), 2, "job.json:3")


def bad_arguments(folder):
    expect(payjig("run"), 2, "fixture is missing")
    expect(payjig("run", "--nonsense"), 2, "--nonsense", "no such option")
    expect(payjig("nonsense"), 2, "no such command")
    expect(payjig("report", "--store", "/does/not/exist.db"), 3, "/does/not/exist.db")
    with open(folder.file("text.db"), "w") as f:
        f.write("this is no database\n" * 100)
    expect(payjig("report", "--store", folder.file("text.db")), 3, "text.db")
    for command in ("", "card", "check", "job", "report", "run", "slot", "station", "store", "verify"):
        out = payjig(*([command] if command else []), "--help")
        checks.that(out.returncode == 0 and "usage: payjig" in out.stdout, "%s --help" % command)


def bad_requests():
    """The worker is an ordinary command: requests in, events out."""
    expect(payjig("slot", input="nonsense\n"), 3, "not a message")
    expect(payjig("slot", input='{"type":"begin","label":"X","address":""}\n'), 3, "before setup")
    ended = payjig("slot", input="")
    checks.that(ended.returncode == 0 and not ended.stdout, "a worker without a station ends: %s" % ended)


def run_args(folder, **kw):
    args = {"fixture": folder.file("fixture.yaml"), "plan": PLAN, "job": JOB,
            "store": folder.file("store.db"), "labels": "/dev/null"}
    args.update(kw)
    return ["run"] + [x for k, v in args.items() for x in ("--" + k, v)]


def wrong_product(folder):
    bad = changed_job(folder, lambda j: j.update(product="headset-other"), "other.json")
    expect(payjig(*run_args(folder, job=bad)), 2, "headset-other", "not what the slots hold")
    keys = changed(folder, os.path.join(ROOT, "fixtures", "lab.keys"), "set LAB-1", "set LAB-2", "k.keys")
    fixture = changed(folder, folder.file("fixture.yaml"), os.path.join(ROOT, "fixtures", "lab.keys"),
                      keys, "fixture2.yaml")
    expect(payjig(*run_args(folder, fixture=fixture)), 2, "TOOL-CONFIG", "LAB-1", "LAB-2")


def garbage_jig(folder):
    """A server that answers every line with nonsense."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                peer, _ = server.accept()
            except OSError:
                return
            try:
                while peer.recv(4096):
                    peer.sendall(b"\x00what?\n\xff\xfe;;;\"\n")
            except OSError:
                pass

    threading.Thread(target=serve, daemon=True).start()
    result = payjig(*run_args(folder, jig="tcp:127.0.0.1:%d" % server.getsockname()[1]))
    expect(result, 3, "JIG-PROTOCOL", "nonsense")
    server.close()
    expect(payjig(*run_args(folder, jig="tcp:127.0.0.1:1")), 3, "JIG-GONE", "can't be reached")
    expect(payjig(*run_args(folder, jig="usb:1")), 2, "usb:1", "tcp:HOST:PORT")


def full_disk():
    """The file system takes no more: a limit on file size stands for it (same error path in SQLite)."""
    for limit in (96, 160, 260, 400):
        with Folder(slots=1) as folder:
            run = Run(folder, bench=[], run=[], units=6, plan=PLAN)
            run.finish()
            before = os.path.getsize(run.store)
        with Folder(slots=1) as folder:
            old = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit * 1024, old[1]))
            try:
                run = Run(folder, units=6)
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, old)
            status = run.finish()
            ends = run.ends()
            passes = [e for e in ends if e["verdict"] == "PASS"]
            checks.that(status == 3, "full at %d KiB: status %d %s" % (limit, status, run.stderr))
            checks.that(len(ends) < 6 and "disk" in run.stderr, "full at %d KiB: %r" % (limit, run.stderr))
            if os.path.exists(run.store) and run.query("SELECT count(*) FROM sqlite_master")[0][0]:
                checks.that(run.query("PRAGMA integrity_check") == [("ok",)], "the store is intact")
                stored = run.query("SELECT count(*) FROM attempts WHERE verdict = 'PASS'")[0][0]
                checks.that(stored == len(passes), "%d PASS shown, %d stored" % (len(passes), stored))
                again = Run(folder, units=1)
                again.finish()
                checks.that(verdicts(again).get(1, ("none",))[0] in ("PASS", "FAIL"),
                            "with room again, units start: %s %s" % (verdicts(again), again.stderr))
            checks.that(before > 0, "a run without a limit leaves a store")


def main():
    with Folder(slots=1) as folder:
        bad_yaml(folder)
        bad_jobs(folder)
        bad_arguments(folder)
        bad_requests()
        wrong_product(folder)
        garbage_jig(folder)
    full_disk()
    checks.end()


main()
