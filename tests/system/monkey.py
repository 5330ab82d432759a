"""Random keys and sizes at the screen while units are tested: it never crashes, loses no event, and no unit is without
a record. 10 seconds, with --long two minutes. The seed is printed; PAYJIG_SEED repeats it."""
import json
import os
import random
import re
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from bench import LONG, Checks, Folder, figure  # noqa: E402
from terminal import Bench, Screen, add_person, again  # noqa: E402

SECONDS = 120 if LONG else 10
SLOTS = 4
NAMES = ["Enter", "Escape", "Tab", "BSpace", "Up", "Down", "Left", "Right", "PageUp", "PageDown", "Home", "End", "BTab",
         "F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8", "F9", "F10", "F11"]
TEXTS = list("abcdefghijklmnopqrstuvwxyz?/:;-0123456789 ABCXYZ!%\\\"") + [
    "hpjdl", "1:HW26000001", "中文", "é", "%s%n", "9999999999999999999999", "h/FAIL"]


class Line:
    """Another client: scans the label of each unit that the bench's robot put in, and hears everything."""

    def __init__(self, path):
        self.events = []
        self.resting = self.paused = False
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.file = self.socket.makefile("r")
        self.lock = threading.Lock()
        self.number = {slot: slot for slot in range(1, SLOTS + 1)}
        self.say({"type": "watch"})
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def say(self, message):
        # Not by a file that reads too: Python forgets what such a one has read ahead.
        with self.lock:
            self.socket.sendall(json.dumps(message).encode() + b"\n")

    def listen(self):
        for line in self.file:
            event = json.loads(line)
            self.events.append(event)
            slot = event.get("slot")
            if event["type"] == "station":
                self.paused = "paused" in event
            if event["type"] == "unit_end":
                self.number[slot] += SLOTS  # the robot changes the unit
            if event["type"] == "slot" and event["state"] == "idle":
                self.scan(slot)
            elif event["type"] == "refused" and slot:
                threading.Timer(0.1, self.scan, [slot]).start()  # an operator tries again, not at once

    def scan(self, slot):
        if not self.resting:
            self.say({"type": "start", "label": "HW26%06d" % self.number[slot], "slot": slot, "operator": "line"})

    def busy(self):
        """Whether anything began or ended lately."""
        return any(e["type"] in ("unit_begin", "unit_end", "step_end") for e in self.events[-200:])

    def of(self, kind):
        return [e for e in self.events if e["type"] == kind]


def back_to_work(screen, line):
    """Whoever paused the station or logged out: somebody logs in and goes on."""
    screen.resize(80, 24)
    screen.keys("Escape", "Escape", "Escape")
    if "nobody is logged in" in screen.text() or "无人登录" in screen.text():
        screen.keys("o")
        screen.login("wang")
    if line.paused:
        screen.keys("F6")


def play(screen, line, dice, until):
    sizes, keys, restarts = 0, 0, 0
    while time.monotonic() < until:
        for _ in range(20):
            if dice.random() < 0.5:
                screen.keys(*[dice.choice(NAMES) for _ in range(dice.randint(1, 6))])
            else:
                screen.type("".join(dice.choice(TEXTS) for _ in range(dice.randint(1, 8))))
            keys += 1
        if screen.pids() and (line.paused or not line.busy()):
            back_to_work(screen, line)
        screen.resize(dice.choice([1, 10, 20, 40, 79, 80, 120, 200, 300]), dice.choice([1, 2, 5, 10, 24, 40, 60, 100]))
        sizes += 1
        if not screen.pids():  # it left, as it was told
            screen.lose()
            return keys, sizes, True
    return keys, sizes, False


def main():
    checks = Checks()
    seed = int(os.environ.get("PAYJIG_SEED", random.randrange(1 << 30)))
    print("seed %d" % seed, flush=True)
    dice = random.Random(seed)
    failures = 0
    with Folder(slots=SLOTS) as folder:
        add_person(folder, "wang", "operator")
        bench = Bench(folder, units=4000, options=["--swap", "0.2"])
        start = time.monotonic()
        screen = Screen(folder, bench)
        screen.login("wang")
        line = Line(screen.store + ".sock")
        keys = sizes = restarts = 0
        while time.monotonic() < start + SECONDS:
            k, z, left = play(screen, line, dice, start + SECONDS)
            keys, sizes, restarts = keys + k, sizes + z, restarts + left
            if left:
                screen = Screen(folder, bench)
                screen.wait("payjig")
        minutes = (time.monotonic() - start) / 60
        # Quiet: the screen must show what the store has, of every unit.
        line.resting = True
        if not screen.pids():
            screen.lose()
            screen = Screen(folder, bench)
        screen.resize(120, 40)
        screen.keys("Escape", "Escape", "Escape", "Escape")
        line.say({"type": "abort_unit"})
        again(lambda: screen.query("SELECT count(*) FROM attempts WHERE verdict IS NULL") == [(0,)], 60, "the last units")
        counts = dict(screen.query("SELECT verdict, count(*) FROM attempts GROUP BY verdict"))
        text = "%s.* %d .* %d .* %d .* %d " % ("(?:PASS|合格)", counts.get("PASS", 0), counts.get("FAIL", 0),
                                               counts.get("ERROR", 0), counts.get("ABORT", 0))
        try:
            screen.wait(text, 30)
        except AssertionError as e:
            failures += not checks.that(False, "the screen lost an event: %s %s" % (counts, e))
        rows = screen.query("SELECT count(*), count(verdict) FROM attempts")[0]
        try:
            again(lambda: len(line.of("unit_end")) >= rows[0], 30, "the other client to hear of every end")
        except AssertionError as e:
            failures += not checks.that(False, e)
        begun = len(line.of("unit_begin"))
        failures += not checks.that(rows == (begun, begun) and begun >= SLOTS,
                                    "%d units begun, recorded and ended: %s" % (begun, rows))
        failures += not checks.that(len(line.of("unit_end")) == begun, "every end was told, once")
        screen.lose()
        line.say({"type": "stop"})
        again(lambda: not screen.station_pid(), 30, "the station to end")
        found = screen.findings()
        failures += not checks.that(found == "", "sanitizers: %s" % found)
        bench.kill()
        print("%d bursts of keys, %d sizes, left %d times, %d units" % (keys, sizes, restarts, begun))
        checks.that(keys > 10 * SECONDS / 2 and sizes > 0, "the monkey played")
    figure("monkey.minutes", minutes, "minutes", "tests/system/monkey.py")
    figure("monkey.failures", failures, "failures", "tests/system/monkey.py")
    checks.end()


main()
