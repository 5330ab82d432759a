"""A thousand purchases through reader, field, stand-in and headset, with devices that take no time: no mismatch, nothing
left open, and the stand-in's own share next to a bare loop through the same two chips.

PAYJIG_BUILD_SHIPPED is measured (no sanitizers)."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
if "PAYJIG_BUILD_SHIPPED" in os.environ:
    os.environ["PAYJIG_BUILD"] = os.environ["PAYJIG_BUILD_SHIPPED"]
from bench import BENCH, BUILD, KEYS, PROFILE, Checks, Folder, Run  # noqa: E402

PURCHASES = 1000
SESSIONS = 20


def main():
    checks = Checks()
    with Folder(slots=1, nfc="standin") as folder:
        run = Run(folder, units=1, speed=0)
        checks.that(run.finish() == 0, "the unit is personalized: %s %s" % (run.ends(), run.stderr))
        done = subprocess.run(
            [BENCH, "--slots", "1", "--speed", "0", "--keys", KEYS, "--state", folder.file("units"), "--nfc", "standin", "--",
             "sh", "-c", 'exec "$0" "$BENCH_JIG" "${BENCH_READER#nfc:}" "${BENCH_PHONE#standin:nfc:}" "$@"',
             os.path.join(BUILD, "tests", "nfc_purchases"), PROFILE, "file:" + KEYS, str(PURCHASES), str(SESSIONS)],
            capture_output=True, text=True, timeout=280)
        print(done.stdout, end="")
        checks.that(done.returncode == 0, "%s%s" % (done.stdout, done.stderr))
    checks.end()


main()
