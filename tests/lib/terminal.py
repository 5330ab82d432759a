"""The station screen in a real terminal (tmux), and the bench beside it with a person's hands.

Nothing here sleeps for a time: what is waited for is looked for again until it is there."""
import atexit
import glob
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import threading
import time

from bench import BENCH, JOB, KEYS, PAYJIG, PLAN

PASSWORD = "secret-%s"
started = []  # benches and screens: a test that fails leaves none behind


def stop_all():
    for thing in started:
        thing.kill()


atexit.register(stop_all)


class Bench:
    """payjig-bench without a command: it stays when a screen or its terminal dies."""

    def __init__(self, folder, units=None, speed=0, faults=(), options=()):
        self.folder = folder
        self.log = folder.file("bench.log")
        command = [BENCH, "--slots", str(folder.slots), "--units", str(units or folder.slots), "--speed", str(speed),
                   "--keys", KEYS, "--log", self.log, "--state", folder.file("units"),
                   "--hands", folder.file("hands")]
        for fault in faults:
            command += ["--fault", fault]
        self.process = subprocess.Popen(command + list(options), stdout=subprocess.PIPE, text=True)
        self.jig = self.process.stdout.readline().split()[1]
        started.append(self)

    def hands(self, line):
        with open(self.folder.file("hands"), "w") as f:
            f.write(line + "\n")

    def lines(self, match):
        """Times and texts of the log's lines that match."""
        with open(self.log) as f:
            found = [line.rstrip("\n").split(" ", 1) for line in f]
        return [(float(t), text) for t, text in found if re.search(match, text)]

    def kill(self):
        self.process.terminate()
        self.process.wait()


def again(look, seconds, what):
    """What look() gives as soon as it gives something."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError("waited %s s in vain for %s" % (seconds, what() if callable(what) else what))
        threading.Event().wait(0.02)


def command_of(pid):
    """A process's command line, empty when it has ended."""
    try:
        with open("/proc/%d/cmdline" % pid, "rb") as f:
            return f.read()
    except OSError:
        return b""


def add_person(folder, name, role):
    done = subprocess.run([PAYJIG, "person", "add", "--fixture", folder.fixture(), "--role", role, name],
                          input=(PASSWORD % name) + "\n", text=True, capture_output=True)
    assert done.returncode == 0, done.stderr


class Screen:
    """payjig in tmux."""

    def __init__(self, folder, bench, size=(80, 24), plan=PLAN, options=(), store="store.db", environment=()):
        self.folder = folder
        self.store = folder.file(store)
        self.name = "payjig-%d-%d" % (os.getpid(), id(self))
        started.append(self)
        # No look for leaks at the end of a process whose terminal is gone: the sanitizer's helper hangs there. The
        # screen's are looked for in tests/screens, the station's in every other test.
        env = dict(os.environ, LC_ALL="C.UTF-8",
                   ASAN_OPTIONS="detect_leaks=0:log_path=%s" % folder.file("sanitizer"), **dict(environment))
        env.pop("TMUX", None)
        command = [PAYJIG, "--fixture", folder.fixture(), "--plan", plan, "--job", JOB, "--store", self.store,
                   "--jig", bench.jig] + list(options)
        # The shell stays, so that what payjig says at the end can be read.
        line = " ".join("'%s'" % c for c in command) + "; echo exit $?; exec cat"
        subprocess.run(["tmux", "-L", self.name, "-u", "-f", "/dev/null", "new-session", "-d", "-x", str(size[0]),
                        "-y", str(size[1]), line], env=env, check=True)

    def tmux(self, *args):
        return subprocess.run(["tmux", "-u", "-L", self.name] + list(args), capture_output=True, encoding="utf-8",
                              errors="replace")

    def text(self):
        return self.tmux("capture-pane", "-p").stdout

    def wait(self, pattern, seconds=60):
        return again(lambda: re.search(pattern, self.text()), seconds,
                     lambda: "%r; the screen shows\n%s" % (pattern, self.text()))

    def keys(self, *names):
        self.tmux("send-keys", *names)

    def type(self, text):
        self.tmux("send-keys", "-l", "--", text)

    def scan(self, label):
        self.type(label)
        self.keys("Enter")

    def login(self, name):
        self.wait("Enter: on|Enter：继续")
        self.type(name)
        self.keys("Tab")
        self.type(PASSWORD % name)
        self.keys("Enter")
        self.wait(re.escape(name) + r" \(")

    def resize(self, columns, rows):
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def pids(self):
        """Of the screen, as long as it runs."""
        shell = self.tmux("list-panes", "-F", "#{pane_pid}").stdout.split()
        try:
            with open("/proc/%s/task/%s/children" % (shell[0], shell[0])) as f:
                return [int(pid) for pid in f.read().split()]
        except (IndexError, OSError):
            return []

    def query(self, sql, *values):
        db = sqlite3.connect(self.store)
        try:
            return db.execute(sql, values).fetchall()
        finally:
            db.close()

    def ended(self, label, seconds=60):
        """(verdict, code) of the newest attempt of a unit, when it has ended."""
        return again(lambda: self.query("SELECT verdict, code FROM attempts WHERE label = ? AND verdict IS NOT NULL"
                                        " ORDER BY id DESC LIMIT 1", label), seconds,
                     lambda: "%s to end; the screen shows\n%s" % (label, self.text()))[0]

    def station_pid(self):
        """Of the station on this store; 0: none."""
        s = socket.socket(socket.AF_UNIX)
        try:
            s.connect(self.store + ".sock")
            with s, s.makefile("r") as f:
                s.sendall(b'{"type":"watch"}\n')
                for line in f:
                    event = json.loads(line)
                    if event["type"] == "station":
                        return event["pid"]
        except OSError:
            pass
        return 0

    def close(self):
        """Leaves and ends the station."""
        self.keys("Escape", "F10", "F12")
        self.wait("exit 0")
        again(lambda: not self.station_pid(), 30, "the station to end")
        self.lose()

    def lose(self):
        """The terminal is gone, and so is the screen; the station is not."""
        pids = [p for p in self.pids() if b"station" not in command_of(p)]
        self.tmux("kill-server")
        for pid in pids:
            again(lambda: b"payjig" not in command_of(pid), 30, "the screen to end with its terminal")

    def kill(self):
        self.lose()
        pid = self.station_pid()
        if pid:
            os.kill(pid, signal.SIGTERM)

    def findings(self):
        """What sanitizers said, of the screen, the station and its workers."""
        found = ""
        for path in glob.glob(self.folder.file("sanitizer*")):
            with open(path) as f:
                found += f.read()
        with open(self.store + ".log") as f:
            said = f.read()
        return found + (said if "runtime error" in said else "")
