"""What the screen costs: 32 slots at 100 events a second, screen and station together; how fast a key is answered
then, against an idle screen; and that a screen which is stopped, or whose terminal blocks, delays no unit.

PAYJIG_BUILD_SHIPPED is measured (no sanitizers). The workers only pace (paced_worker.py)."""
import json
import os
import signal
import socket
import sqlite3
import statistics
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
if "PAYJIG_BUILD_SHIPPED" in os.environ:
    os.environ["PAYJIG_BUILD"] = os.environ["PAYJIG_BUILD_SHIPPED"]
from bench import Checks, Folder, figure  # noqa: E402
from terminal import Bench, add_person, again, PASSWORD  # noqa: E402
from tty_screen import Tty  # noqa: E402

SLOTS, STEPS, WINDOW_S, KEYS = 32, 10, 4, 25
PACE = 2 * SLOTS / 100  # each step is two events
SLACK = 5


def cpu_seconds(pid):
    """Of all threads of a process."""
    used = 0
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/schedstat" % (pid, task)) as f:
            used += int(f.read().split()[0])
    return used / 1e9


class Client:
    """Scans the labels of all slots; knows when they have ended."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.file = self.socket.makefile("r")
        self.say({"type": "watch"})
        self.pid = self.until("station", 1)[0]["pid"]

    def say(self, message):
        self.socket.sendall(json.dumps(message).encode() + b"\n")

    def until(self, kind, count):
        found = []
        while len(found) < count:
            event = json.loads(self.file.readline())
            assert event["type"] != "refused", event
            if event["type"] == kind:
                found.append(event)
        return found

    def batch(self):
        for slot in range(1, SLOTS + 1):
            self.say({"type": "start", "label": "B%d" % slot, "slot": slot, "operator": "bench"})

    def ended(self):
        return statistics.mean(e["ms"] for e in self.until("unit_end", SLOTS))


def key_ms(tty):
    """How long each of some keys takes until it is seen."""
    times = []
    for _ in range(KEYS):
        mark = tty.mark()
        tty.send(b"Z")
        times.append(1000 * tty.wait(b"Z", 10, mark))
        mark = tty.mark()
        tty.send(b"\x1b")
        threading.Event().wait(0.08)  # longer than the time in which an Esc may begin a function key
    return times


def events(store):
    db = sqlite3.connect(store)
    n = db.execute("SELECT count(*) FROM steps").fetchone()[0]
    db.close()
    return 2 * n


def main():
    checks = Checks()
    with Folder(slots=SLOTS) as folder:
        add_person(folder, "wang", "operator")
        plan = folder.file("plan.yaml")
        with open(plan, "w") as f:
            f.write("kind: plan\nname: paced\nunit_deadline_s: 100\nkeys: {presses: 1, hold_s: 0.2, gap_s: 0.2}\n"
                    "payment: {random_reads: 3}\nsteps:\n" + "  - {step: log, deadline_s: 30}\n" * STEPS)
        worker = os.path.join(os.path.dirname(os.path.abspath(__file__)), "paced_worker.py")
        bench = Bench(folder, options=["--keep"])
        tty = Tty(folder, bench.jig, size=(200, 60), plan=plan, options=["--worker", worker],
                  environment={"PACED_S": str(PACE)})
        tty.wait(b"Enter: on")
        tty.send(b"wang\t" + (PASSWORD % "wang").encode() + b"\r")
        tty.wait(b"(operator)")
        store = folder.file("store.db")
        client = Client(store + ".sock")
        again(lambda: len(bench.lines("LED|DET%d:DUT" % SLOTS)) > 0, 60, "the bring-up")
        idle = key_ms(tty)

        client.batch()
        client.until("step_end", SLOTS)  # all are in work
        pids = [client.pid, tty.process.pid]
        before, seen = [cpu_seconds(p) for p in pids], events(store)
        threading.Event().wait(WINDOW_S)  # a measuring interval
        used = [cpu_seconds(p) - b for p, b in zip(pids, before)]
        rate = (events(store) - seen) / WINDOW_S
        busy = key_ms(tty)
        alone = client.ended()
        percent = 100 * sum(used) / WINDOW_S
        print("station %.2f %%, screen %.2f %% at %.0f events a second" % (
            100 * used[0] / WINDOW_S, 100 * used[1] / WINDOW_S, rate))
        print("a key is answered within %.1f ms (median %.1f), idle %.1f ms (median %.1f), ratio %.2f" % (
            max(busy), statistics.median(busy), max(idle), statistics.median(idle),
            statistics.median(busy) / statistics.median(idle)))
        figure("screen.cpu_percent_32", percent, "% of a core", "tests/bench/screen.py")
        figure("screen.key_ms", max(busy), "ms", "tests/bench/screen.py")
        figure("screen.key_ratio_to_idle", statistics.median(busy) / statistics.median(idle), "ratio",
               "tests/bench/screen.py")
        checks.that(80 < rate < 120, "%.0f events a second" % rate)
        checks.that(percent < 5, "screen and station use %.2f %% of a core" % percent)
        checks.that(statistics.median(busy) < 50 and max(busy) < 50 * SLACK, "keys: %s" % busy)

        # One screen is stopped, another one writes into a terminal that nobody reads.
        blocked = Tty(folder, bench.jig, size=(200, 60), plan=plan)
        blocked.wait(b"Enter: on")
        blocked.block()
        os.kill(tty.process.pid, signal.SIGSTOP)
        client.batch()
        stalled = client.ended()
        delay = max(0.0, stalled - alone)
        print("a unit takes %.0f ms, beside stalled screens %.0f ms" % (alone, stalled))
        figure("screen.stalled_delay_ms", delay, "ms", "tests/bench/screen.py")
        checks.that(delay < 0.05 * alone, "stalled screens delay a unit by %.0f ms" % delay)
        os.kill(tty.process.pid, signal.SIGCONT)
        client.say({"type": "stop"})
        blocked.process.kill()
        tty.process.terminate()
        tty.process.wait()
        blocked.process.wait()
        bench.kill()
    checks.end()


main()
