"""The true bench, inside the virtual machine (tests/vm/run): USB headsets on the kernel's own USB stack, the jig on a
real tty. The kernel and lsusb take the descriptors without complaint; an ordinary user provisions, once the udev rule
is there, and is told so as long as it is not; what happens to the bus gets its code."""
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from bench import BENCH, LONG, PAYJIG, ROOT, STATION_KEY, Checks, Folder, Run, figure, verdicts  # noqa: E402

TTY = ["--serial", "/dev/ttyGS0,/dev/ttyACM0"]
HOLD = os.path.join(ROOT, "tests", "lib", "hold_usb.py")
RULE = os.path.join(ROOT, "fixtures", "70-payjig.rules")
RUN = 'exec setpriv --reuid=1000 --regid=1000 --groups=20,46 "$0" run --jig "$BENCH_JIG" --labels "$BENCH_LABELS" ' \
      '--events "$@"'
# What the kernel is told to look at: each interface and who drives it.
DRIVERS = {0: "snd-usb-audio", 1: "snd-usb-audio", 2: "snd-usb-audio", 3: "usbhid", 4: None}
UNITS = 24 if LONG else 4


def command(*words):
    return subprocess.run(words, capture_output=True, text=True, timeout=60)


def start_udev():
    os.makedirs("/run/udev", exist_ok=True)
    command("/lib/systemd/systemd-udevd", "--daemon")
    command("udevadm", "trigger", "--action=add", "--settle")


def as_user(folder):
    """What the station's user must read and write, inside this machine only."""
    command("chmod", "-R", "a+rX", os.path.join(ROOT, "fixtures"), os.path.join(ROOT, "profiles"))
    os.chown(STATION_KEY, 1000, 1000)
    for path, _, names in os.walk(folder.path):
        for name in [""] + names:
            os.chown(os.path.join(path, name), 1000, 1000)


def run(folder, **kw):
    kw["bench"] = ["--kernel", "--labels", folder.file("labels")] + TTY + kw.get("bench", [])
    return Run(folder, script=RUN, speed=1, **kw)


def descriptors(checks):
    """The device as the kernel and lsusb see it."""
    look = ("for i in $(seq 100); do [ -e /sys/bus/usb/devices/1-1:1.4 ] && break; udevadm settle; done; "
            "udevadm settle; for i in 0 1 2 3 4; do echo $i $(basename $(readlink /sys/bus/usb/devices/1-1:1.$i/driver) "
            "2>/dev/null); done; lsusb -v -d 1209:0001")
    command("dmesg", "--clear")
    done = command(BENCH, "--slots", "1", "--usb", "1", "--kernel", "--host-power", "--", "sh", "-c", look)
    text = done.stdout
    for number, driver in DRIVERS.items():
        checks.that("%d %s\n" % (number, driver) in text or (not driver and "%d\n" % number in text),
                    "interface %d is driven by %s: %s" % (number, driver, text[:200]))
    for words in ("bInterfaceClass        11 Chip/SmartCard", "dwMaxCCIDMsgLen       271",
                  "HID Device Descriptor", "bInterfaceClass         1 Audio", "iSerial                 3 HU26000001"):
        checks.that(words in text, "lsusb -v shows %s" % words)
    bad = [line for line in (text + done.stderr).splitlines()
           if any(w in line.lower() for w in ("unrecognized", "warning", "error", "invalid", "can't", "cannot",
                                              "unexpected", "bad "))]
    checks.that(done.returncode == 0 and not bad, "lsusb -v complains: %s" % bad)
    # What vhci-hcd says of itself (it does at each attach) is no complaint of the device.
    complaints = [line for line in command("dmesg", "--level=emerg,alert,crit,err,warn").stdout.splitlines()
                  if line and "vhci_hcd:" not in line]
    checks.that(not complaints, "the kernel complains: %s" % complaints)


def without_rule(checks):
    with Folder(slots=1, usb=[1], slack=1) as folder:
        as_user(folder)
        r = run(folder)
        r.finish()
        checks.that([(e["verdict"], e["code"]) for e in r.ends()] == [("ERROR", "USB-ACCESS")] and
                    "70-payjig.rules" in r.ends()[0]["cause"], "without the udev rule: %s; %s" % (r.ends(), r.stderr))


def held(checks):
    """The doctor names the program that has a headset open."""
    with Folder(slots=1, usb=[1], slack=1) as folder:
        done = command(BENCH, "--slots", "1", "--usb", "1", "--kernel", "--host-power", "--", "/usr/bin/python3", HOLD, "1-1",
                       "sh", "-c", 'exec "$0" doctor --fixture "$1" --jig "$BENCH_JIG"', PAYJIG, folder.fixture())
        bad = [line for line in done.stdout.splitlines() if line.startswith("BAD") and "USB port" in line]
        checks.that(done.returncode == 3 and bad and "held by python3" in bad[0], "held: %s" % (done,))


def provision(checks):
    with Folder(slots=4, usb=[3, 4], slack=1) as folder:
        as_user(folder)
        r = run(folder, units=UNITS)
        status = r.finish(300)
        usb = [e for e in r.ends() if e["slot"] > 2]
        not_pass = [e for e in r.ends() if e["verdict"] != "PASS"]
        checks.that(status == 0 and len(r.ends()) == UNITS, "status %d, %d units: %s" % (status, len(r.ends()), r.stderr))
        checks.that(not not_pass, "not PASS: %s" % not_pass)
        carriers = {row[0] for row in r.query("SELECT DISTINCT carrier FROM apdus")}
        checks.that(carriers == {"jack", "usb 1-3", "usb 1-4"}, "the record names %s" % carriers)
        figure("vm.usb_units", len(usb), "units", "tests/vm/run tests/vm/usb.py")
        figure("vm.usb_not_pass", len([e for e in usb if e["verdict"] != "PASS"]) + UNITS // 2 - len(usb), "units",
               "tests/vm/run tests/vm/usb.py")


def host_powered(checks):
    """Nobody switches the supply: power cycles are resets of the port."""
    with Folder(slots=1, usb=[1], supply="host", slack=1) as folder:
        as_user(folder)
        r = run(folder, bench=["--host-power"])
        r.finish(200)
        checks.that(verdicts(r) == {1: ("PASS", "")}, "powered by the host: %s %s" % (r.ends(), r.stderr))


def faults(checks):
    table = [("usb_gone=20", "FAIL", "LINK-GONE"), ("usb_reenumerate", "FAIL", "LINK-GONE"),
             ("ccid_stall", "FAIL", "LINK-PROTOCOL"), ("ccid_bad_seq=9", "FAIL", "LINK-PROTOCOL"),
             ("key_wrong_usage=C", "FAIL", "BTN-USAGE"), ("debit_torn", "PASS", ""), ("key_stuck=B", "FAIL", "BTN-STUCK"),
             ("ccid_time_extension", "PASS", "")]
    for i in range(0, len(table), 2):
        with Folder(slots=2, usb=[1, 2], slack=1) as folder:
            as_user(folder)
            r = run(folder, faults=["%d:%s" % (k + 1, row[0]) for k, row in enumerate(table[i:i + 2])])
            r.finish(200)
            for k, (fault, verdict, code) in enumerate(table[i:i + 2]):
                got = verdicts(r).get(k + 1)
                checks.that(got == (verdict, code), "%s: %s, must be %s %s; %s" % (fault, got, verdict, code, r.stderr))


def main():
    checks = Checks()
    start_udev()
    descriptors(checks)
    without_rule(checks)
    shutil.copy(RULE, "/etc/udev/rules.d/")
    command("udevadm", "control", "--reload")
    held(checks)
    provision(checks)
    if LONG:
        host_powered(checks)
        faults(checks)
    checks.end()


main()
