"""The true bench from outside: tests/vm/run returns its command's status, and what the command writes is not on this
machine afterwards; then what is to be shown inside. 77: there is no true bench here, and why."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from bench import ROOT, Checks  # noqa: E402

RUN = os.path.join(ROOT, "tests", "vm", "run")
SKIPPED = 77
TRACE = os.path.join(ROOT, "tests", "vm", "written-inside")


def main():
    checks = Checks()
    first = subprocess.run([RUN, "sh", "-c", 'uname -r; echo x > "$0" && cat "$0"; exit 5', TRACE], cwd=ROOT,
                           capture_output=True, text=True)
    if first.returncode == SKIPPED:
        print(first.stderr.strip())
        sys.exit(SKIPPED)
    lines = first.stdout.split()
    checks.that(first.returncode == 5 and len(lines) == 2 and lines[1] == "x", "its status and output: %s" % (first,))
    checks.that(lines and lines[0] != os.uname().release and lines[0].endswith("-amd64"), "Debian's kernel: %s" % lines)
    checks.that(not os.path.exists(TRACE), "what it wrote is gone")
    for name in ("usb.py", "ble.py", "nfc.py"):
        checks.that(subprocess.run([RUN, "/usr/bin/python3", "tests/vm/" + name], cwd=ROOT).returncode == 0, name)
    checks.end()


main()
