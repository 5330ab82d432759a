"""Processes die, stop, hang and talk nonsense: one ERROR for one unit, the slot safe, the others PASS."""
import contextlib
import json
import os
import re
import signal
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from bench import PAYJIG, PLAN, Checks, Folder, Run, figure, verdicts  # noqa: E402

checks = Checks()
PROXY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bad_worker.py")


def output_off(run, slot, after):
    """When the jig switched this slot off after that time."""
    return run._wait(run.log, lambda l: l[0] >= after and l[1].startswith("OUTP%d OFF" % slot), 20)


def kill_station_in_a_press():
    worst = 0
    for _ in range(3):
        with Folder(slots=4) as folder:
            run = Run(folder, speed=1)
            for slot in range(1, 5):
                run.wait_log(lambda l, s=slot: l.startswith("PRESS%d" % s))
            pid = run.station_pid()
            before = time.monotonic()  # the bench's log has the same clock
            os.kill(pid, signal.SIGKILL)
            times = [output_off(run, slot, before)[0] for slot in range(1, 5)]
            worst = max(worst, 1000 * (max(times) - before))
            checks.that(run.finish() == 3, "a run whose station is killed exits 3")
            again = Run(folder, speed=0)  # and the next start completes the records
            checks.that(again.finish() == 0, "after the kill: %s %s" % (verdicts(again), again.stderr))
            torn = again.query("SELECT count(*) FROM attempts WHERE code = 'TOOL-STATION'")[0][0]
            checks.that(torn == 4, "%d torn records are completed, must be 4" % torn)
    checks.that(worst <= 1000, "outputs off %.0f ms after the kill" % worst)
    figure("safe.after_kill_ms", worst, "ms", "tests/system/processes.py")


def strike_worker(sig, what):
    with Folder(slots=4) as folder:
        run = Run(folder, units=8, speed=1)
        for slot in range(1, 5):
            run.wait_event("step_begin", slot=slot, step="personalize")
        victim = run.workers()[0]
        before = time.monotonic()  # the bench's log has the same clock
        os.kill(victim, sig)
        end = run.wait_event("unit_end", verdict="ERROR")
        off = output_off(run, end["slot"], before)
        checks.that(off[0] - before < 1.0, "%s: slot off after %.3f s" % (what, off[0] - before))
        checks.that(run.finish() == 3, "%s: exit status" % what)
        ends = run.ends()
        errors = [e for e in ends if e["verdict"] != "PASS"]
        checks.that(len(ends) == 8 and len(errors) == 1 and errors[0]["code"] == "TOOL-WORKER",
                    "%s: one ERROR, seven PASS: %s" % (what, [(e["slot"], e["code"]) for e in ends]))
        checks.that(run.query("SELECT count(*) FROM steps s JOIN attempts a ON a.id = s.attempt"
                              " WHERE a.code = 'TOOL-WORKER' AND s.verdict = 'ERROR'") == [(1,)],
                    "%s: the torn step is recorded" % what)


def changed(text, pattern, new):
    """The text with this one place changed; that it is there is made sure of."""
    text, n = re.subn(pattern, new, text)
    assert n == 1, "%d places like %s" % (n, pattern)
    return text


def bad_worker(how):
    with Folder(slots=2) as folder:
        plan = folder.file("plan.yaml")
        with open(PLAN) as f, open(plan, "w") as g:
            g.write(changed(f.read(), r"{step: power_on, deadline_s: [0-9]+}", "{step: power_on, deadline_s: 1}"))
        os.environ["BAD_WORKER"] = how
        os.environ["BAD_WORKER_REAL"] = PAYJIG
        os.environ["BAD_WORKER_ONCE"] = folder.file("done")
        run = Run(folder, units=4, plan=plan, run=["--worker", PROXY])
        status = run.finish(60)
        got = [(e["slot"], e["verdict"], e["code"]) for e in run.ends()]
        checks.that(status == 3 and sorted(got) == [(1, "ERROR", "TOOL-WORKER"), (1, "PASS", ""),
                                                    (2, "PASS", ""), (2, "PASS", "")],
                    "%s: %s %s" % (how, got, run.stderr))


def end_by_signal(sig, to_run):
    with Folder(slots=4) as folder:
        run = Run(folder, speed=1)
        for slot in range(1, 5):
            run.wait_event("step_begin", slot=slot, step="keys")
        before = time.monotonic()  # the bench's log has the same clock
        if to_run:
            os.kill(run.process.pid, sig)  # the bench hands it on
        else:
            os.kill(run.station_pid(), sig)
        times = [output_off(run, slot, before) for slot in range(1, 5)]
        status = run.finish()
        what = "signal %d to the %s" % (sig, "run" if to_run else "station")
        checks.that(all(t[1].endswith("host") for t in times), what + ": commanded off: %s" % times)
        checks.that(status == 4, "%s: exit status %d" % (what, status))
        checks.that(run.query("SELECT count(*) FROM attempts WHERE verdict = 'ABORT'"
                              " AND code = 'ABORTED'") == [(4,)], what + ": records complete")


def unit_deadline():
    with Folder(slots=1) as folder:
        plan = folder.file("plan.yaml")
        with open(PLAN) as f, open(plan, "w") as g:
            g.write(changed(f.read(), "unit_deadline_s: [0-9]+", "unit_deadline_s: 3"))
        run = Run(folder, speed=1, plan=plan)
        checks.that(run.finish() == 3 and verdicts(run) == {1: ("ERROR", "TOOL-TIMEOUT")},
                    "a unit's deadline: %s" % verdicts(run))


def second_host():
    """Another host is on the jig's line: payjig tries again for 2 s, then says so."""
    with Folder(slots=1) as folder:
        run = Run(folder, script=LETS_GO)
        run.wait_log(lambda l: l == "HOST REFUSED")
        run.process.stdin.write("go\n")
        run.process.stdin.flush()
        checks.that(run.finish() == 0 and verdicts(run) == {1: ("PASS", "")},
                    "a host that leaves: %s %s" % (verdicts(run), run.stderr))
    with Folder(slots=1) as folder:
        run = Run(folder, script=HOLDER)
        checks.that(run.finish() == 3 and "another host" in run.stderr,
                    "a host that stays: %s" % run.stderr)


# Holds a connection to the jig while the run starts: for ever, or until it is told to let go.
RUN_BESIDE = '"$0" run --jig "$BENCH_JIG" --labels "$BENCH_LABELS" --events "$@" 3>&-'
HOLDER = "exec 3<>/dev/tcp/127.0.0.1/${BENCH_JIG##*:}; " + RUN_BESIDE
LETS_GO = HOLDER + " & read go; exec 3>&-; wait $!"


ASKED = 3000


def clients_come_and_go():
    """A station of its own serves one run after the other; a client that does not read is dropped."""
    with Folder(slots=1) as folder:
        run = Run(folder, units=2, script='"$0" station --jig "$BENCH_JIG" "$@"')
        path = folder.file("store.db.sock")
        run.wait_log(lambda l: l.startswith("LINE") and "DET1:DUT?" in l)

        def client():
            s = socket.socket(socket.AF_UNIX)
            s.connect(path)
            s.sendall(b'{"type":"watch"}\n')
            return s, s.makefile("r")

        def events_until(f, type_):
            for line in f:
                e = json.loads(line)
                if e["type"] == type_:
                    return e
            return {}

        deaf, _ = client()
        for _ in range(ASKED):  # the answers are more than the station keeps for one who does not listen
            deaf.sendall(b'{"type":"ask","id":1,"what":"doctor","about":{}}\n')
        for n in (1, 2):
            s, f = client()
            while True:
                if events_until(f, "slot")["state"] == "idle":
                    break
            s.sendall(b'{"type":"start","label":"HW2600000%d","slot":1,"operator":"test"}\n' % n)
            end = events_until(f, "unit_end")
            checks.that(end.get("verdict") == "PASS", "client %d: %s" % (n, end))
            s.close()
        s, f = client()
        s.sendall(b'nonsense\n{"type":"start","label":"bad label","operator":"test"}\n'
                  b'{"type":"start","label":"X","slot":9,"operator":"test"}\n{"type":"start","label":"X"}\n')
        refused = [events_until(f, "refused")["error"] for _ in range(4)]
        checks.that("not a message" in refused[0] and "letters" in refused[1] and
                    "no such slot" in refused[2] and "log in first" in refused[3], "refusals: %s" % refused)
        s.sendall(b'{"type":"stop"}\n')
        checks.that(run.finish() == 0, "a station told to stop ends well: %s" % run.stderr)
        heard = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := deaf.recv(65536):
                heard += piece
        checks.that(0 < heard.count(b'"answered"') < ASKED, "the deaf one was dropped: %d answers" %
                    heard.count(b'"answered"'))
        deaf.close()


def main():
    unit_deadline()
    second_host()
    clients_come_and_go()
    kill_station_in_a_press()
    strike_worker(signal.SIGKILL, "worker killed")
    strike_worker(signal.SIGSTOP, "worker stopped")
    for how in ("crash", "hang", "nonsense", "liar", "skips"):
        bad_worker(how)
    for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        end_by_signal(sig, False)
    end_by_signal(signal.SIGINT, True)
    checks.end()


main()
