"""Running payjig against the virtual bench from tests: one bench, one run, and what both left behind.

Nothing here sleeps: tests wait for events (lines of `payjig run --events`, lines of the bench's log)."""
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("PAYJIG_BUILD", os.path.join(ROOT, "build"))
PAYJIG = os.path.join(BUILD, "payjig")
BENCH = os.path.join(BUILD, "payjig-bench")
PROFILE = os.path.join(ROOT, "profiles", "headset-wired.yaml")
PROFILE_USB = os.path.join(ROOT, "profiles", "headset-usb.yaml")
PROFILE_BLE = os.path.join(ROOT, "profiles", "headset-ble.yaml")
PLAN = os.path.join(ROOT, "profiles", "provision.yaml")
JOB = os.path.join(ROOT, "fixtures", "jobs", "lab.json")
JOB_MIXED = os.path.join(ROOT, "fixtures", "jobs", "lab-mixed.json")
JOB_NFC = os.path.join(ROOT, "fixtures", "jobs", "lab-nfc.json")
PLAN_NFC = os.path.join(ROOT, "profiles", "provision-nfc.yaml")
KEYS = os.path.join(ROOT, "fixtures", "lab.keys")
CERTIFICATE = os.path.join(ROOT, "fixtures", "lab-issuer.crt")
CERTIFICATE_KEY = os.path.join(ROOT, "fixtures", "lab-issuer.key")
STATION_KEY = os.path.join(ROOT, "fixtures", "lab-station.key")
TERMINATE = os.path.join(ROOT, "profiles", "terminate.yaml")
LONG = os.environ.get("PAYJIG_LONG") == "1"
TIMES, AT_READER = ("apdu_time", "purchase_time"), ("nfc_time", "nfc_headset_time")  # limits in a profile
RUN = ('exec "$0" run --jig "$BENCH_JIG" ${BENCH_READER:+--reader "$BENCH_READER" --phone "$BENCH_PHONE"} '
       '--labels "$BENCH_LABELS" --events "$@"')


def figure(name, value, unit, command):
    """Appends a measured figure to figures.tsv in the build folder."""
    path = os.environ.get("PAYJIG_FIGURES", os.path.join(BUILD, "figures.tsv"))
    with open(path, "a") as f:
        f.write("%s\t%g\t%s\t%s\n" % (name, value, unit, command))
    print("figure: %s = %g %s" % (name, value, unit))


def payjig(*args, **kw):
    """One command of the tool, to its end."""
    return subprocess.run([PAYJIG] + [str(a) for a in args], capture_output=True, text=True, timeout=120, **kw)


def sign(path, certificate=CERTIFICATE, key=CERTIFICATE_KEY, *more):
    """Signs a job file as the data-preparation system does, with openssl."""
    subprocess.run(["openssl", "cms", "-sign", "-binary", "-in", path, "-signer", certificate, "-inkey", key,
                    "-outform", "DER", "-out", path + ".cms"] + list(more), check=True, capture_output=True)
    return path


def changed_job(folder, change, name="job.json", source=JOB):
    """A copy of a job's file, changed and signed again."""
    with open(source) as f:
        job = json.load(f)
    change(job)
    with open(folder.file(name), "w") as f:
        json.dump(job, f)
    return sign(folder.file(name))


def wider(text, times, slack, releases=None):
    """A profile's text with `slack` times as long a time in these limits, and key_release from, to."""
    changes = [(r"(%s, unit: s, low: 0, high: )([\d.]+)" % name, lambda m: m[1] + "%g" % (float(m[2]) * slack))
               for name in times]
    if releases:
        changes.append((r"(key_release, unit: s, )low: \S+ high: [\d.]+", lambda m: m[1] + "low: %g, high: %g" % releases))
    for pattern, change in changes:
        text, n = re.subn(pattern, change, text)
        assert n == 1, pattern
    return text


class Folder:
    """A temporary folder with a fixture of n slots; those in `usb` hold USB headsets, those in `ble` BLE headsets,
    four an adapter.

    USB exchanges and reports are timed in the tool, as are purchases at the NFC reader, so a test that runs beside others
    gives them five times what the profile does (slack), and releases half as much again; benches and the USB and BLE of the
    true bench hold units to the profile itself. BLE has its slack in the profile. `change` edits the texts of the
    profiles. `nfc` is what lies on the station's reader: "standin", or "golden" (a phone that stays there)."""

    def __init__(self, slots=4, reply_ms=None, station_key=STATION_KEY, usb=(), supply="jig", slack=5,
                 change=None, ble=(), of_slot="", nfc=None):
        self.path = tempfile.mkdtemp(prefix="payjig-test.")
        self.slots = slots
        self.usb, self.ble, self.nfc = list(usb), list(ble), nfc

        def copy(source, times, releases=None):
            with open(source) as f:
                text = wider(f.read(), times, slack, releases) if slack > 1 else f.read()
            path = self.file(os.path.basename(source))
            with open(path, "w") as f:
                f.write(change(text) if change else text)
            return path

        # Processes that share the reader wait for each other's, so wired units have the slack there too.
        profile_wired = copy(PROFILE, TIMES + AT_READER if nfc else ()) if nfc or change else PROFILE
        profile_ble = copy(PROFILE_BLE, AT_READER, (-0.1, 0.12))
        profile_usb = copy(PROFILE_USB, TIMES + AT_READER, (-0.1, 0.09))
        with open(self.file("fixture.yaml"), "w") as f:
            f.write("kind: fixture\nname: test\njig: tcp:127.0.0.1:1\nid: PJF-4W\nkeys: file:%s\n"
                    "trust: %s\nstation_key: %s\nstate: state\n"
                    "reference_percent: 1.7\ninsert_wait_s: 30\n" % (KEYS, CERTIFICATE, station_key))
            if reply_ms:
                f.write("reply_ms: %d\n" % reply_ms)
            if nfc:
                f.write("reader: nfc:of the bench\nphone: %s\n" % (
                    "golden:of the bench\nphone_stays: true" if nfc == "golden" else "standin:nfc:of the bench's other"))
            f.write("slots:\n")
            for i in range(1, slots + 1):
                if i in self.usb:
                    f.write("  - {slot: %d, profile: %s, link: usb, port: \"1-%d\", supply: %s}\n" % (
                        i, profile_usb, i, supply))
                elif i in self.ble:
                    f.write("  - {slot: %d, profile: %s, link: ble, adapter: hci%d%s}\n" % (
                        i, profile_ble, self.ble.index(i) // 4, of_slot))
                else:
                    f.write("  - {slot: %d, profile: %s, link: jack}\n" % (i, profile_wired))

    def file(self, name):
        return os.path.join(self.path, name)

    def fixture(self):
        return self.file("fixture.yaml")

    def held_plan(self):
        """The plan with fewer, longer presses: a report may come 0.4 s late, not 0.08 s, before its key was not closed for
        0.12 s."""
        text, path = "keys: {presses: 5, hold_s: 0.2,", self.file("held.yaml")
        with open(PLAN) as f, open(path, "w") as to:
            plan = f.read()
            assert text in plan
            to.write(plan.replace(text, "keys: {presses: 3, hold_s: 0.52,"))
        return path

    def short_plan(self, steps, source=PLAN, change=lambda text: text):
        """A copy of a plan with these of its steps only; `change` edits its text."""
        with open(source) as f, open(self.file("short.yaml"), "w") as to:
            to.write(change("".join(line for line in f if "{step: " not in line or
                                    line.split("{step: ")[1].split(",")[0] in steps)))
        return self.file("short.yaml")

    def make_job(self, name, quantity, *options):
        """A lab job of this folder's station, by `payjig job make`."""
        path = self.file(name + ".json")
        done = payjig("job", "make", "--fixture", self.fixture(), "--job", name, "--out", path, "--quantity",
                      quantity, "--certificate", CERTIFICATE, "--key", CERTIFICATE_KEY, *options)
        assert done.returncode == 0, done
        return path

    def held(self):
        """What the virtual headsets really hold: {serial: {life, card, keys, online, offline, balance}}."""
        out = subprocess.run([BENCH, "--show", self.file("units")], capture_output=True, text=True, check=True)
        return {u["serial"]: u for u in map(json.loads, out.stdout.splitlines())}

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()


class Run:
    """`payjig run` on the bench. Events and the bench's log are read as they come."""

    def __init__(self, folder, faults=(), units=None, speed=0, bench=(), run=(), plan=PLAN, job=None,
                 store="store.db", script=RUN):
        self.folder = folder
        job = job or (JOB_NFC if folder.nfc else JOB_MIXED if folder.usb or folder.ble else JOB)
        self.store = folder.file(store)
        self.events, self.log = [], []
        self.condition = threading.Condition()
        log_r, log_w = os.pipe()
        command = [BENCH, "--slots", str(folder.slots), "--speed", str(speed), "--keys", KEYS,
                   "--log", "/dev/fd/%d" % log_w, "--state", folder.file("units")]
        if units is not None:
            command += ["--units", str(units)]
        if folder.usb:
            command += ["--usb", ",".join(map(str, folder.usb))]
        if folder.ble:
            command += ["--ble", ",".join(map(str, folder.ble)), "--adapters", str((len(folder.ble) + 3) // 4)]
        if folder.nfc:
            command += ["--nfc", folder.nfc]
        for f in faults:
            command += ["--fault", f]
        command += list(bench) + ["--", "bash", "-c", script, PAYJIG, "--fixture",
                                  folder.file("fixture.yaml"), "--plan", plan, "--job", job,
                                  "--store", self.store] + list(run)
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        pass_fds=[log_w], text=True, start_new_session=True,
                                        stdin=subprocess.PIPE)
        os.close(log_w)
        self.threads = [threading.Thread(target=self._read_events),
                        threading.Thread(target=self._read_log, args=(log_r,)),
                        threading.Thread(target=self._read_errors)]
        self.stderr = ""
        for t in self.threads:
            t.daemon = True
            t.start()

    def _add(self, where, what):
        with self.condition:
            where.append(what)
            self.condition.notify_all()

    def _read_events(self):
        for line in self.process.stdout:
            if line.startswith("{"):
                self._add(self.events, json.loads(line))

    def _read_log(self, fd):
        with os.fdopen(fd) as f:
            for line in f:
                t, text = line.rstrip("\n").split(" ", 1)
                self._add(self.log, (float(t), text))

    def _read_errors(self):
        self.stderr = self.process.stderr.read()

    def _wait(self, where, match, seconds):
        end = time.monotonic() + seconds
        at = 0
        with self.condition:
            while True:
                while at < len(where):
                    at += 1
                    if match(where[at - 1]):
                        return where[at - 1]
                if time.monotonic() > end:
                    raise AssertionError("waited %s s in vain; events %s; log %s; stderr %s" % (
                        seconds, self.events[-3:], self.log[-5:], self.stderr))
                self.condition.wait(0.5)

    def wait_event(self, type_, seconds=60, **members):
        return self._wait(self.events, lambda e: e["type"] == type_ and
                          all(e.get(k) == v for k, v in members.items()), seconds)

    def wait_log(self, match, seconds=60):
        return self._wait(self.log, lambda l: match(l[1]), seconds)

    def finish(self, seconds=90):
        """Waits for the end; the exit status of `payjig run`."""
        try:
            self.code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise AssertionError("hangs; events %s; log %s" % (self.events[-3:], self.log[-5:]))
        for t in self.threads:
            t.join(10)
        # Whatever process it was, tool or bench: a sanitizer's finding fails every test.
        if "Sanitizer" in self.stderr or "runtime error" in self.stderr:
            raise AssertionError(self.stderr)
        return self.code

    def ends(self):
        """The unit_end events in order."""
        return [e for e in self.events if e["type"] == "unit_end"]

    def station_pid(self):
        return self.wait_event("station")["pid"]

    def workers(self):
        """Pids of the station's worker processes."""
        pid = self.station_pid()
        with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
            return [int(p) for p in f.read().split()]

    def query(self, sql):
        db = sqlite3.connect(self.store)
        try:
            return db.execute(sql).fetchall()
        finally:
            db.close()


def verdicts(run):
    """(verdict, code) of each unit, by slot."""
    return {e["slot"]: (e["verdict"], e["code"]) for e in run.ends()}


class Checks:
    """Counts checks; a failed one is told and fails the program at the end."""

    def __init__(self):
        self.failed = self.passed = 0

    def that(self, right, what):
        if right:
            self.passed += 1
        else:
            self.failed += 1
            print("FAILED: %s" % what, flush=True)
        return right

    def end(self):
        print("%d checks passed, %d failed" % (self.passed, self.failed))
        sys.exit(1 if self.failed or not self.passed else 0)
