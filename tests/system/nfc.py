"""The NFC reader as the payment terminal: units of every carrier pay through the stand-in and through a golden phone, the
record names the slow part and has a table of times; nfc-list finds the phone; a reader that hangs costs its unit one
ERROR while the station goes on; a killed worker leaves nothing; what a fixture, a plan and a job must have."""
import json
import os
import re
import signal
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from bench import (BENCH, JOB_MIXED, KEYS, LONG, PAYJIG, PLAN_NFC, Checks, Folder, Run, figure, payjig,  # noqa: E402
                   verdicts)
from terminal import PASSWORD, add_person, again  # noqa: E402

UNITS = 16 if LONG else 8
TABLE = ["%s_%s" % (carrier, exchange) for carrier in ("", "nfc")
         for exchange in ("select", "read", "initialize", "debit", "purchase")]
SHORT = ("power_on", "connect", "identify", "personalize", "load", "purchase", "pay_nfc", "pay_compare", "unbond",
         "power_off")


def chips(run):
    """The pids of the bench's chips, by what they are; and their folder, which hosts have in their arguments."""
    lines = [text.split() for _, text in run.log if text.startswith("CHIP ")]
    return {line[1]: int(line[2]) for line in lines}, os.path.dirname(lines[0][3])


def hosts(folder, what="(reader|relay)"):
    """Reader and relay processes that use the bench's chips."""
    found = subprocess.run(["pgrep", "-f", "payjig %s .*%s" % (what, folder)], capture_output=True, text=True).stdout
    return [int(pid) for pid in found.split()]


def parent(pid):
    with open("/proc/%d/stat" % pid) as f:
        return int(f.read().rsplit(")", 1)[1].split()[1])


def look_at_record(checks, run, phone, slots):
    """The table of times, both sides of the trace, the slow part; (units compared, of them different)"""
    ends = run.ends()
    checks.that(ends and all(e["verdict"] == "PASS" for e in ends),
                "%s: %s %s" % (phone, [(e["label"], e["code"], e["cause"]) for e in ends], run.stderr))
    for slot, link in slots.items():
        names = [n for n, in run.query("SELECT DISTINCT m.name FROM measurements m JOIN steps s ON s.id = m.step"
                                       " JOIN attempts a ON a.id = s.attempt WHERE a.slot = %d AND"
                                       " s.step = 'pay_compare' ORDER BY m.id" % slot)]
        checks.that(names == [link + n if n[0] == "_" else n for n in TABLE], "%s: %s" % (link, names))
    held = run.folder.held()
    checks.that(all(int(u["offline"]) == 2 and int(u["balance"]) == 0 for u in held.values()),
                "two purchases each, nothing left: %s" % held)
    traced = {c.split()[0] for c, in run.query(
        "SELECT DISTINCT p.carrier FROM apdus p JOIN steps s ON s.id = p.step WHERE s.step = 'pay_nfc'")}
    checks.that(traced == {"nfc"} | set(slots.values()), "the trace has both sides: %s" % traced)
    notes = [n for n, in run.query("SELECT note FROM steps WHERE step = 'pay_nfc'")]
    shares = r"headset \d+ ms, stand-in \d+\.\d ms, readers and field \d+\.\d ms"
    checks.that(all(re.search(shares if phone == "standin" else "by the golden phone", n) for n in notes),
                "shares: %s" % notes)
    return (run.query("SELECT count(*) FROM steps WHERE step = 'pay_compare' AND verdict = 'PASS'")[0][0],
            sum(e["code"] == "LINK-DIFFERS" for e in ends))


def result(checks, folder):
    """What goes back to the issuer has the counters that the headsets really end with."""
    out = folder.file("result.json")
    done = payjig("job", "export", "--fixture", folder.fixture(), "--store", folder.file("store.db"), "--job",
                  "LAB-2026-003", "--out", out)
    checks.that(done.returncode == 0, "export: %s" % done)
    with open(out) as f:
        rows = [r for r in json.load(f)["cards"] if r["state"] == "COMMITTED"]
    held = folder.held()
    checks.that(len(rows) == UNITS and all((r["online_counter"], r["offline_counter"]) == (
        int(held[r["unit"]]["online"]), int(held[r["unit"]]["offline"])) for r in rows), "counters: %s, %s" % (rows[:2], held))


def carriers(checks):
    """Wired, USB and BLE units side by side at one reader with a stand-in; and each by a golden phone, which takes any
    headset that no host has. The purchase over NFC is the same as the unit's own."""
    found = []
    with Folder(slots=4, usb=[3], ble=[4], nfc="standin") as folder:
        run = Run(folder, units=UNITS, speed=1, plan=folder.short_plan(SHORT, PLAN_NFC), bench=["--swap", "1"])
        run.finish(280)
        checks.that(len(run.ends()) == UNITS, "%d units" % len(run.ends()))
        result(checks, folder)
        found.append(look_at_record(checks, run, "standin", {1: "jack", 2: "jack", 3: "usb", 4: "ble"}))
    for link in ("jack", "usb", "ble"):
        with Folder(slots=1, nfc="golden", **({link: [1]} if link != "jack" else {})) as folder:
            run = Run(folder, units=1, speed=1, plan=folder.short_plan(SHORT, PLAN_NFC))
            run.finish(90)
            found.append(look_at_record(checks, run, "golden", {1: link}))
    figure("compare.units", sum(n for n, _ in found), "units", "tests/system/nfc.py")
    figure("compare.differs", sum(n for _, n in found), "units", "tests/system/nfc.py")


def foreign_program(checks):
    """nfc-list, which nobody here wrote, finds the phone."""
    done = subprocess.run([BENCH, "--slots", "1", "--speed", "0", "--keys", KEYS, "--nfc", "golden", "--", "sh", "-c",
                           "LIBNFC_DEVICE=${BENCH_READER#nfc:} nfc-list"], capture_output=True, text=True, timeout=60)
    checks.that("1 ISO14443A passive target(s) found" in done.stdout and "SAK (SEL_RES): 20" in done.stdout,
                "nfc-list: %s %s" % (done.stdout, done.stderr))


def longest_command(checks):
    """261 bytes go through libnfc, which copies what it gets into 264; one more is refused before it sees them."""
    for bytes_, expected in ((261, 0), (262, 3)):
        lines = [{"type": "nfc_find", "id": 1}, {"type": "nfc_apdu", "id": 2, "apdu": "80E20000" + "FE" + "00" * (bytes_ - 5),
                                                 "timeout_ms": 3000}]
        done = subprocess.run([BENCH, "--slots", "1", "--speed", "0", "--keys", KEYS, "--nfc", "golden", "--", "sh", "-c",
                               'exec "$0" reader "${BENCH_READER#nfc:}"', PAYJIG], text=True, capture_output=True, timeout=60,
                              input="".join(json.dumps(line) + "\n" for line in lines))
        said = [json.loads(line) for line in done.stdout.splitlines()]
        answers = [m["apdu"] for m in said if m["type"] == "nfc_result" and m["fault"] == 0]
        checks.that(done.returncode == expected and answers == ([] if expected else ["6F00"]) and
                    ("a command of 524 hex digits" in done.stderr) == bool(expected),
                    "%d bytes: %d %s %s" % (bytes_, done.returncode, said, done.stderr))


def hung_reader(checks):
    """Its chip is stopped in the middle: the unit gets its ERROR, the station answers, the other slot goes on, and the
    next unit uses the reader again."""
    with Folder(slots=2, nfc="standin") as folder:
        run = Run(folder, units=4, speed=0, plan=folder.short_plan(SHORT, PLAN_NFC), bench=["--swap", "0.1"])
        run.wait_event("step_begin", step="pay_nfc")
        pids, place = chips(run)
        os.kill(pids["reader"], signal.SIGSTOP)
        again(lambda: hosts(place), 20, "the reader to be opened")
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(5)
            client.connect(run.store + ".sock")
            client.sendall(b'{"type": "ask", "id": 1, "what": "job", "about": {}}\n')
            answer = b""
            while b'"answered"' not in answer:
                answer += client.recv(65536)
        checks.that(b"balance" in answer, "the station answers: %s" % answer[-300:])
        checks.that(not run.ends(), "... while the reader hangs")
        first = run.wait_event("unit_end", 60, code="NFC-READER")
        os.kill(pids["reader"], signal.SIGCONT)
        run.finish()
        codes = sorted(e["code"] for e in run.ends())
        # Whoever waited for the reader meanwhile may have met it still stopped.
        checks.that(len(codes) == 4 and codes[-1] == "NFC-READER" and codes[:2] == ["", ""] and set(codes) <= {"", "NFC-READER"},
                    "%s first, then %s" % (first["label"], codes))
        checks.that(not hosts(place), "nothing is left behind: %s" % hosts(place))


def killed_worker(checks):
    """A worker that dies in the middle of the purchase leaves neither process nor field; the unit is finished later."""
    with Folder(slots=1, nfc="standin") as folder:
        run = Run(folder, units=1, speed=0, plan=folder.short_plan(SHORT, PLAN_NFC), bench=["--keep"],
                  faults=["jig:nfc_reader_hang=3"])
        run.wait_event("step_begin", step="pay_nfc")
        _, place = chips(run)
        again(lambda: len(hosts(place)) == 2, 20, "reader and relay")
        os.kill(run.workers()[0], signal.SIGKILL)
        run.finish()
        checks.that(verdicts(run) == {1: ("ERROR", "TOOL-WORKER")}, "killed: %s" % run.ends())
        again(lambda: not hosts(place), 10, "reader and relay to be gone")
        run = Run(folder, units=1, speed=0, plan=folder.short_plan(SHORT, PLAN_NFC))
        run.finish()
        checks.that(verdicts(run) == {1: ("PASS", "")}, "the next day: %s %s" % (run.ends(), run.stderr))


def handed_on(checks):
    """The reader of a worker that is killed in the middle of a purchase goes to the slot that waits for it."""
    with Folder(slots=2, nfc="standin") as folder:
        run = Run(folder, units=2, speed=0, plan=folder.short_plan(SHORT, PLAN_NFC), bench=["--keep"])
        run.wait_event("step_begin", step="pay_nfc")
        pids, place = chips(run)
        os.kill(pids["reader"], signal.SIGSTOP)
        for slot in (1, 2):
            run.wait_event("step_begin", step="pay_nfc", slot=slot)
        holder = again(lambda: [parent(pid) for pid in hosts(place, "reader")], 20, "the reader")[0]
        slot = run.workers().index(holder) + 1
        before = hosts(place, "reader")
        os.kill(holder, signal.SIGKILL)
        # It can't close its chip, and ends a while later; the next one is there long before that.
        again(lambda: not set(hosts(place, "reader")) & set(before), 20, "the reader to be gone")
        os.kill(pids["reader"], signal.SIGCONT)
        run.finish()
        checks.that(verdicts(run) == {slot: ("ERROR", "TOOL-WORKER"), 3 - slot: ("PASS", "")},
                    "slot %d killed: %s %s" % (slot, run.ends(), run.stderr))


def other_program(checks):
    """A reader that another program has open is the station's trouble, and that program is named."""
    script = 'exec 9<>"$(readlink -f "${BENCH_READER#nfc:pn532_uart:}")"; "$0" run --jig "$BENCH_JIG" --reader "$BENCH_READER"' \
             ' --phone "$BENCH_PHONE" --labels "$BENCH_LABELS" --events "$@" 9<&-'
    with Folder(slots=1, nfc="standin") as folder:
        run = Run(folder, units=1, speed=0, plan=folder.short_plan(SHORT, PLAN_NFC), script=script)
        run.finish()
        checks.that(verdicts(run) == {1: ("ERROR", "NFC-READER")} and "held by bash" in run.ends()[0]["cause"],
                    "held: %s %s" % (run.ends(), run.stderr))


def brought_by_the_operator(checks):
    """A golden phone that does not lie there: the operator is asked, and says yes or no."""
    for answer, expected in (("it is there", ("PASS", "")), ("it does not connect", ("ERROR", "NFC-PHONE"))):
        with Folder(slots=1, nfc="golden") as folder:
            with open(folder.fixture()) as f:
                text = f.read()
            assert "phone_stays: true\n" in text
            with open(folder.fixture(), "w") as f:
                f.write(text.replace("phone_stays: true\n", ""))
            add_person(folder, "wang", "operator")
            plan = folder.short_plan(SHORT, PLAN_NFC, lambda t: t.replace("steps:", "prompts: {timeout_s: 60, led: green}\nsteps:"))
            run = Run(folder, units=1, speed=0, plan=plan)
            run.wait_event("prompt", prompt="phone")
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(run.store + ".sock")
                for message in ({"type": "login", "name": "wang", "password": PASSWORD % "wang"},
                                {"type": "answer", "slot": 1, "answer": answer}):
                    client.sendall(json.dumps(message).encode() + b"\n")
                    client.recv(65536)
                run.finish()
            checks.that(verdicts(run) == {1: expected}, "%s: %s %s" % (answer, run.ends(), run.stderr))


def configuration(checks):
    """Told before the first unit, by file and what is wrong."""
    def refused(folder, words, **kw):
        run = Run(folder, units=1, speed=0, **kw)
        status = run.finish()
        checks.that(status != 0 and not run.ends() and words in run.stderr, "%s: %d %s" % (words, status, run.stderr))

    with Folder(slots=1) as folder:
        refused(folder, "no NFC reader with a phone", plan=folder.short_plan(SHORT, PLAN_NFC), job=JOB_MIXED)
    with Folder(slots=1, nfc="standin") as folder:
        refused(folder, "the plan makes 2 purchases with a card, the job authorizes 1", plan=folder.short_plan(SHORT, PLAN_NFC),
                job=JOB_MIXED)
    for change, words in ((("reader: nfc:of", "reader: of"), 'reader: "of the bench" must be nfc:'),
                          (("phone: standin:", "phone: stand:"), "must be standin:nfc:CONNSTRING or golden:NAME"),
                          (("reader: nfc:of the bench\n", ""), "there is no reader for it"),
                          (("bench's other", "bench"), "needs a reader of its own"),
                          (("slots:", "phone_stays: true\nslots:"), "is for a golden phone")):
        with Folder(slots=1, nfc="standin") as folder:
            with open(folder.fixture()) as f:
                text = f.read()
            assert change[0] in text, change
            with open(folder.fixture(), "w") as f:
                f.write(text.replace(*change))
            done = payjig("check", folder.fixture())
            checks.that(done.returncode == 2 and words in done.stderr, "%s: %s" % (words, done))
    with Folder(slots=1, nfc="golden") as folder:
        with open(folder.fixture()) as f:
            text = f.read()
        with open(folder.fixture(), "w") as f:
            f.write(text.replace("phone_stays: true\n", ""))
        refused(folder, "the operator brings the golden phone", plan=folder.short_plan(SHORT, PLAN_NFC))


def doctor(checks):
    """payjig doctor: what lies on the reader, whether its app answers, and who holds the reader."""
    for nfc, fault, status, words in (("standin", None, 0, "in the reader's field"), ("golden", None, 0, "its application answers"),
                                      ("golden", "nfc_no_aid", 3, "6A82"), ("golden", "nfc_no_target", 3, "within 3000 ms"),
                                      ("standin", "nfc_type_b", 3, "must be A")):
        with Folder(slots=1, nfc=nfc) as folder:
            done = subprocess.run(
                [BENCH, "--slots", "1", "--speed", "0", "--keys", KEYS, "--nfc", nfc] +
                (["--fault", "jig:" + fault] if fault else []) +
                ["--", "sh", "-c", 'exec "$0" doctor --fixture "$1" --jig "$BENCH_JIG" --reader "$BENCH_READER" --phone "$BENCH_PHONE"',
                 PAYJIG, folder.fixture()], capture_output=True, text=True, timeout=60)
            checks.that(done.returncode == status and words in done.stdout and "Sanitizer" not in done.stderr,
                        "doctor with %s, %s: %d %s %s" % (nfc, fault, done.returncode, done.stdout, done.stderr))


def main():
    checks = Checks()
    for test in (configuration, foreign_program, longest_command, doctor, hung_reader, killed_worker, handed_on, other_program,
                 brought_by_the_operator, carriers):
        test(checks)
    checks.end()


main()
