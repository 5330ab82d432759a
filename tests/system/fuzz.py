"""libFuzzer on what a headset may send: CCID messages, HID report descriptors, HID reports, BLE notifications; and on what comes back over NFC. Starts from the corpus
in tests/fuzz/corpus; three minutes each with --long, some seconds else. A finding is kept beside the fuzzers."""
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from bench import BUILD, LONG, ROOT, Checks, figure  # noqa: E402

FUZZERS = os.path.join(os.environ.get("PAYJIG_BUILD_CLANG", os.path.join(ROOT, "build-clang")), "tests")
SECONDS = 180 if LONG else 4
NAMES = {"usb": ("ccid", "hid_descriptor", "hid_report"), "ble": ("ble",), "nfc": ("nfc",)}


def fuzz(checks, name):
    """(seconds, findings)"""
    corpus = os.path.join(ROOT, "tests", "fuzz", "corpus", name)
    found = os.path.join(BUILD, "fuzz-%s-" % name)
    with tempfile.TemporaryDirectory() as work:
        grown = shutil.copytree(corpus, os.path.join(work, "corpus"))
        started = time.monotonic()
        done = subprocess.run([os.path.join(FUZZERS, "fuzz_" + name), "-max_total_time=%d" % SECONDS, "-max_len=2048",
                               "-timeout=10", "-print_final_stats=1", "-artifact_prefix=" + found, grown],
                              capture_output=True, text=True, timeout=SECONDS + 120)
        spent = time.monotonic() - started
    runs = [line for line in done.stderr.splitlines() if "number_of_executed_units" in line]
    checks.that(done.returncode == 0, "%s: %s" % (name, done.stderr[-3000:]))
    checks.that(runs and int(runs[0].split()[-1]) > 1000, "%s ran: %s" % (name, runs))
    return spent, done.returncode != 0


def main():
    checks = Checks()
    for link, names in NAMES.items():
        done = [fuzz(checks, name) for name in names]
        figure("fuzz.%s_seconds" % link, sum(d[0] for d in done), "s", "tests/system/fuzz.py")
        figure("fuzz.%s_findings" % link, sum(d[1] for d in done), "findings", "tests/system/fuzz.py")
    checks.end()


main()
