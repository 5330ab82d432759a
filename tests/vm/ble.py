"""The true bench of BLE, inside the virtual machine (tests/vm/run): the kernel's own Bluetooth, two emulated controllers, the
real bluetoothd. The virtual headset is a GATT application of that bluetoothd on the second controller, so that the real
stack pairs and keeps bonds for it; then it has the second controller to itself, with its own pairing and attributes, an
MTU of 23, silences and drops. Provisioning PASSes on both, no bond is left on either side, each fault gets its code, and
a bluetoothd that is killed is the station's trouble."""
import os
import re
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from bench import LONG, Checks, Folder, Run, figure, verdicts  # noqa: E402

UNITS = 2 if LONG else 1
APP = ["--ble-app", "hci1"]
OWN = ["--ble-hci", "hci1"]
BLUETOOTHD = "/usr/libexec/bluetooth/bluetoothd"
# The host's bluetoothd is the headset's too, and a headset pairs anew with a host that has lost its key, does not look for
# services on it, and has one ATT bearer.
SETTINGS = "[General]\nJustWorksRepairing = always\nReverseServiceDiscovery = false\n[GATT]\nChannels = 1\n"
# What the emulated controllers can't tell: 127 dBm is "not measured".
NO_RSSI = ("rssi, unit: dBm, low: -70, high: 0", "rssi, unit: dBm, low: -70, high: 127")
SHORT = ("power_on", "connect", "identify", "personalize", "load", "purchase", "unbond", "power_off")


def command(*words):
    return subprocess.run(words, capture_output=True, text=True, timeout=60)


def until(look, what):
    """Looks again and again; how often is bounded, a look takes its time here."""
    for _ in range(100):
        found = look()
        if found:
            return found
    raise AssertionError("in vain: " + what)


def objects():
    """Paths of BlueZ's devices."""
    text = command("busctl", "--system", "--list", "tree", "org.bluez").stdout
    return [line for line in text.split() if re.search(r"/dev_[0-9A-F_]{17}$", line)]


def adapters():
    return command("busctl", "--system", "--list", "tree", "org.bluez").stdout.count("/org/bluez/hci")


def switch_on():
    until(lambda: adapters() >= 2, "two adapters")
    for name in ("hci0", "hci1"):
        command("busctl", "--system", "set-property", "org.bluez", "/org/bluez/" + name, "org.bluez.Adapter1", "Powered",
                "b", "true")


def start_bluetoothd():
    with open("/run/bluetooth.conf", "w") as f:
        f.write(SETTINGS)
    daemon = subprocess.Popen([BLUETOOTHD, "-n", "-f", f.name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    switch_on()
    return daemon


def start_bluetooth():
    os.makedirs("/run/dbus", exist_ok=True)
    command("dbus-daemon", "--system", "--fork")
    subprocess.Popen(["btvirt", "-L", "-l2"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return start_bluetoothd()


def change(text):
    assert NO_RSSI[0] in text or "headset-ble" not in text
    return text.replace(*NO_RSSI)


def run(folder, bench=APP, **kw):
    until(lambda: adapters() >= 2, "the adapter that a bench had to itself")
    return Run(folder, speed=1, bench=bench, **kw)


def paired():
    """Devices of either side that are bonded."""
    return [path for path in objects() if "true" in command("busctl", "--system", "get-property", "org.bluez", path,
                                                            "org.bluez.Device1", "Paired").stdout]


def forget_all():
    """The next headset is another one: what the stack keeps of the last one's bonds is not its."""
    switch_on()  # one that is off keeps its keys
    for path in objects():
        command("busctl", "--system", "call", "org.bluez", path.rsplit("/", 1)[0], "org.bluez.Adapter1", "RemoveDevice", "o",
                path)


def provision(checks, bench, fault, mtu):
    """How many units there were, and how many did not PASS."""
    with Folder(slots=1, ble=[1], slack=1, change=change) as folder:
        r = run(folder, bench, units=UNITS, faults=fault)
        status = r.finish(400)
        not_pass = [e for e in r.ends() if e["verdict"] != "PASS"]
        checks.that(status == 0 and len(r.ends()) == UNITS, "status %d, %d units: %s" % (status, len(r.ends()), r.stderr))
        checks.that(not not_pass, "not PASS: %s" % not_pass)
        checks.that(not paired(), "bonds are left: %s" % paired())
        checks.that([u["bonds"] for u in folder.held().values()] == [0] * UNITS, "and on headsets: %s" % folder.held())
        found = r.query("SELECT DISTINCT value FROM measurements WHERE name = 'mtu'")
        checks.that(found == [(mtu,)], "MTU: %s" % found)
        times = r.query("SELECT count(*) FROM measurements WHERE name IN ('connect_time', 'pair_time', 'resolve_time')"
                        " AND value > 0")
        checks.that(times == [(3 * UNITS,)], "times to connect, pair, resolve: %s" % times)
        return len(r.ends()), len(not_pass) + UNITS - len(r.ends())


def restarted(checks, daemon):
    """Killed in the middle, and started again: the unit is not blamed, the next one passes."""
    with Folder(slots=1, ble=[1], slack=1, change=change) as folder:
        r = run(folder, plan=folder.short_plan(SHORT))
        r.wait_event("step_begin", step="load", seconds=60)
        daemon.kill()
        daemon.wait()
        r.finish(200)
        checks.that(verdicts(r) == {1: ("ERROR", "BLE-ADAPTER")}, "killed: %s %s" % (r.ends(), r.stderr))
        daemon = start_bluetoothd()
        r = run(folder, plan=folder.short_plan(SHORT))
        r.finish(200)
        checks.that(verdicts(r) == {1: ("PASS", "")}, "again: %s %s" % (r.ends(), r.stderr))
        return daemon


FAULTS = (
    (APP, "ble_bond_left", "FAIL", "BLE-BOND"), (APP, "ble_not_encrypted", "FAIL", "BLE-OPEN"),
    (APP, "ble_notify_lost=9", "FAIL", "LINK-PROTOCOL"), (APP, "ble_gone=4", "FAIL", "LINK-GONE"),
    (APP, "serial_mismatch", "FAIL", "ID-SERIAL"), (APP, "power_no_off", "FAIL", "BTN-POWER"),
    (APP, "key_stuck=B", "FAIL", "BTN-STUCK"), (APP, "debit_torn", "PASS", ""), (APP, "slow=5C,1500", "FAIL", "APDU-TIME"),
    (OWN, "ble_deaf", "FAIL", "BLE-SERVICE"), (OWN, "ble_no_service", "FAIL", "BLE-SERVICE"),
    (OWN, "ble_pair_reject", "FAIL", "BLE-PAIR"), (OWN, "ble_abort_first=2", "PASS", ""),
    (OWN, "ble_bond_left", "FAIL", "BLE-BOND"), (OWN, "ble_not_encrypted", "FAIL", "BLE-OPEN"),
    (OWN, "ble_notify_lost=9", "FAIL", "LINK-PROTOCOL"), (OWN, "ble_silent=9", "FAIL", "LINK-PROTOCOL"),
    (OWN, "ble_half_frame=6", "FAIL", "LINK-PROTOCOL"), (OWN, "ble_gone=4", "FAIL", "LINK-GONE"))


def faults(checks):
    for bench, fault, verdict, code in FAULTS:
        forget_all()
        with Folder(slots=1, ble=[1], slack=1, change=change) as folder:
            r = run(folder, bench, faults=["1:" + fault])
            r.finish(200)
            checks.that(verdicts(r) == {1: (verdict, code)}, "%s %s: %s, must be %s %s; %s" % (
                bench[0], fault, r.ends(), verdict, code, r.stderr))


def main():
    checks = Checks()
    shutil.rmtree("/var/lib/bluetooth", ignore_errors=True)
    daemon = start_bluetooth()
    units = [provision(checks, APP, (), 517), provision(checks, OWN, ["*:ble_mtu23"], 23)]
    figure("vm.ble_units", sum(n for n, _ in units), "units", "tests/vm/run tests/vm/ble.py")
    figure("vm.ble_not_pass", sum(n for _, n in units), "units", "tests/vm/run tests/vm/ble.py")
    if LONG:
        daemon = restarted(checks, daemon)
        faults(checks)
    daemon.send_signal(signal.SIGTERM)
    checks.end()


main()
