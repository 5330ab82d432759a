"""payjig doctor and payjig apdu on the bench: what they find and say, and that a late answer never answers the next
command; a headset that another program holds is the station's trouble, never the unit's."""
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from bench import BENCH, KEYS, PAYJIG, ROOT, Checks, Folder, Run, verdicts  # noqa: E402

HOLD = os.path.join(ROOT, "tests", "lib", "hold_usb.py")


def on_bench(folder, words, *bench, hold=None):
    """One command of the tool on the bench: (status, output, errors)."""
    command = [BENCH, "--slots", str(folder.slots), "--keys", KEYS]
    for option, slots in (("--usb", folder.usb), ("--ble", folder.ble)):
        if slots:
            command += [option, ",".join(map(str, slots))]
    command += list(bench) + ["--"] + (["/usr/bin/python3", HOLD, hold] if hold else []) + [
        "sh", "-c", 'exec "$0" "$@" --jig "$BENCH_JIG"', PAYJIG] + words
    done = subprocess.run(command, capture_output=True, text=True, timeout=90)
    assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
    return done.returncode, done.stdout, done.stderr


def line(text, what):
    """The findings of this kind, each with what to do about it."""
    lines = text.splitlines()
    return [" ".join(lines[i:i + 2] if i + 1 < len(lines) and "->" in lines[i + 1] else lines[i:i + 1])
            for i in range(len(lines)) if lines[i][6:].startswith(what + " ")]


def doctor(checks):
    with Folder(slots=4, usb=[3, 4]) as folder:
        words = ["doctor", "--fixture", folder.fixture()]
        status, out, _ = on_bench(folder, words, "--serial", "umockdev", "--host-power")
        checks.that(status == 0 and "BAD" not in out, "all is well: %d %s" % (status, out))
        checks.that("SIM0001" in "".join(line(out, "serial port")), "the serial port: %s" % out)
        for fault, what, fix in (("jig_calibration_due", "calibration", "have the jig calibrated"),
                                 ("jig_swapped", "fixture in the jig", "change the fixture")):
            status, out, _ = on_bench(folder, words, "--fault", "jig:" + fault)
            bad = [l for l in line(out, what) if l.startswith("BAD")]
            checks.that(status == 3 and bad and fix in bad[0], "%s: %d %s" % (fault, status, out))
        with open(folder.fixture(), "a") as f:
            f.write('jig_firmware: ["0.9"]\n')
        status, out, _ = on_bench(folder, words)
        checks.that(status == 3 and line(out, "jig firmware")[0].startswith("BAD") and "1.0" in out, "firmware: %s" % out)
        run = Run(folder)
        checks.that(run.wait_event("station", code="JIG-IDENTITY")["error"].count("1.0") == 1, "bring-up too")
        run.finish()
    with Folder(slots=2, usb=[2]) as folder:  # a port that there is not, and one with something else in it
        with open(folder.fixture()) as f:
            text = f.read()
        for change, words in ((("1-2", "1-99"), "no such port"), (("headset-usb.yaml", "other.yaml"), "1209:0001")):
            with open(folder.file("other.yaml"), "w") as f, open(folder.file("headset-usb.yaml")) as p:
                f.write(p.read().replace('product: "0001"', 'product: "0042"'))
            with open(folder.fixture(), "w") as f:
                f.write(text.replace(*change))
            status, out, _ = on_bench(folder, ["doctor", "--fixture", folder.fixture()], "--host-power", "--serial",
                                      "umockdev", hold="1-2" if "yaml" in change[0] else None)
            bad = [l for l in line(out, "USB port") if l.startswith("BAD")]
            checks.that(status == 3 and bad and words in bad[0], "%s: %s" % (words, out))
    with Folder(slots=1) as folder:
        done = subprocess.run([PAYJIG, "doctor", "--fixture", folder.fixture(), "--jig", "tcp:127.0.0.1:1"],
                              capture_output=True, text=True, timeout=60)
        checks.that(done.returncode == 3 and "can't be reached" in done.stdout, "no jig: %s" % (done,))


def bluetooth(checks):
    """The adapters of BLE slots, each once."""
    with Folder(slots=6, ble=[2, 3, 4, 5, 6]) as folder:
        words = ["doctor", "--fixture", folder.fixture()]
        for bench, bad, expected in ((["--adapters", "2"], 0, ("on; slots: 4", "on; slots: 1")),
                                     (["--adapters", "1"], 1, ("on; slots: 4", "knows no such adapter")),
                                     (["--adapters", "2", "--fault", "*:bluez_off"], 2, ("switched off", "rfkill"))):
            status, out, err = on_bench(folder, words, *bench)
            said = line(out, "Bluetooth adapter")
            checks.that(len(said) == 2 and sum(s.startswith("BAD") for s in said) == bad and
                        all(e in " ".join(said) for e in expected), "%s: %s, %s %s" % (bench, expected, out, err))
        done = subprocess.run([PAYJIG, "doctor", "--fixture", folder.fixture(), "--jig", "tcp:127.0.0.1:1"], text=True,
                              env=dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS="unix:path=" + folder.file("nobody")),
                              capture_output=True, timeout=60)
        said = line(done.stdout, "Bluetooth adapter")
        checks.that(len(said) == 2 and all("BAD" in s and "systemctl enable" in s for s in said), "no bus: %s" % (done,))


def grabbers(checks):
    """Programs that take card readers and serial ports, by the names they have in /proc; an adapter that is not there."""
    with Folder(slots=2, usb=[2]) as folder:
        with open(folder.fixture()) as f:
            text = f.read()
        with open(folder.fixture(), "w") as f:
            f.write(text.replace("jig: tcp:127.0.0.1:1", "jig: serial:SIM0002"))
        programs = []
        for name in ("pcscd", "ModemManager", "brltty"):
            shutil.copy("/bin/sleep", folder.file(name))
            programs.append(subprocess.Popen([folder.file(name), "100"]))
        command = [BENCH, "--slots", "2", "--usb", "2", "--serial", "umockdev", "--keys", KEYS, "--", PAYJIG, "doctor",
                   "--fixture", folder.fixture()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        for program in programs:
            program.kill()
            program.wait()
        found = line(done.stdout, "program")
        checks.that(done.returncode == 3 and len(found) == 3 and all(f.startswith("BAD") for f in found),
                    "programs: %s" % done.stdout)
        checks.that(any("pcscd-payjig.conf" in f for f in found) and any("70-payjig.rules" in f for f in found),
                    "what to do: %s" % found)
        missing = [l for l in line(done.stdout, "serial port") if l.startswith("BAD")]
        checks.that(missing and "SIM0002: not connected" in missing[0], "the jig's adapter: %s" % done.stdout)
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        checks.that(not line(done.stdout, "program"), "they are gone: %s" % done.stdout)


def apdu(checks):
    with Folder(slots=2, usb=[2]) as folder:
        words = ["apdu", "--fixture", folder.fixture()]
        status, out, err = on_bench(folder, words + ["1", "80CADF2000"])
        checks.that(status == 0 and "model: PJ-W1" in out and "on jack" in out, "on 3.5 mm: %s %s" % (out, err))
        status, out, err = on_bench(folder, words + ["2", "80CADF2000", "80CADF3100"])
        checks.that(status == 0 and "model: PJ-U1" in out and "on usb 1-2" in out and "< 6A88" in out,
                    "on USB: %s %s" % (out, err))
        with Folder(slots=1, ble=[1]) as other:
            status, out, err = on_bench(other, ["apdu", "--fixture", other.fixture(), "1", "80CADF2000"])
            checks.that(status == 0 and "model: PJ-B1" in out and "on ble C0:FF:EE:" in out, "on BLE: %s %s" % (out, err))
        # GET DATA is answered 0.5 s after the tool's 3 s: by then the next commands are under way.
        status, out, err = on_bench(folder, words + ["2", "80CADF2000", "00A4040008A00000015100000000",
                                                     "00A4040009A0000000038698070100", "805C000204"],
                                    "--fault", "2:late_answer=CA,3500")
        answers = [l[2:] for l in out.splitlines() if l.startswith("< ")]
        checks.that(status == 3 and "no answer in 3000 ms" in out, "the late one is told: %s %s" % (out, err))
        checks.that(len(answers) == 3 and answers[0].startswith("6F") and "A000000151000000" in answers[0] and
                    "A00000000386980701" in answers[1] and answers[2] == "6985", "each its own answer: %s" % out)
        for wrong, words_ in ((["3", "80CADF2000"], "there is no such slot"), (["1", "80CAZZ2000"], "80CAZZ2000"),
                              (["1"], "at least one command")):
            status, _, err = on_bench(folder, words + wrong)
            checks.that(status == 2 and words_ in err, "%s: %d %s" % (wrong, status, err))


def held(checks):
    with Folder(slots=1, usb=[1], supply="host") as folder:
        run = Run(folder, bench=["--host-power"], script='exec /usr/bin/python3 "%s" 1-1 "$0" run --jig "$BENCH_JIG" '
                  '--labels "$BENCH_LABELS" --events "$@"' % HOLD)
        run.finish()
        end = run.ends()[0]
        checks.that((end["verdict"], end["code"]) == ("ERROR", "USB-HELD") and "pcscd" in end["cause"], "held: %s" % end)
    with Folder(slots=1, usb=[1], supply="host") as folder:  # the same without: nothing of the jig's supply is used
        run = Run(folder, bench=["--host-power"])
        run.finish()
        checks.that(verdicts(run) == {1: ("PASS", "")}, "powered by the host: %s %s" % (run.ends(), run.stderr))
        checks.that(not [l for _, l in run.log if "OUTP1 ON" in l] and [l for _, l in run.log if "OUTP1 OFF" in l],
                    "the jig's supply stays off")


def main():
    checks = Checks()
    doctor(checks)
    bluetooth(checks)
    grabbers(checks)
    apdu(checks)
    held(checks)
    checks.end()


main()
