"""The table of verdict codes and the sources agree: each code is given somewhere, and none is given that is
not in the table."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from bench import ROOT, Checks  # noqa: E402

CODE = r'"((?:APDU|BAT|BLE|BLOCK|BTN|CARD|EAR|ID|JIG|LINK|MIC|NFC|OPERATOR|PAY|PERSO|PLUG|PWR|TOOL|USB)-[A-Z0-9-]+|ABORTED)"'


def main():
    checks = Checks()
    with open(os.path.join(ROOT, "tool", "plan", "codes.c")) as f:
        table = set(re.findall(CODE, f.read()))
    given = {}
    for folder, _, names in os.walk(os.path.join(ROOT, "tool")):
        for name in names:
            if name.endswith(".c") and name != "codes.c":
                with open(os.path.join(folder, name)) as f:
                    for code in re.findall(CODE, f.read()):
                        given.setdefault(code, name)
    checks.that(len(table) > 50, "the table was found")
    for code in sorted(table - set(given)):
        checks.that(False, "%s is in the table, but nobody gives it" % code)
    for code in sorted(given):
        checks.that(code in table, "%s of %s is not in the table" % (code, given[code]))
    for name in sorted(os.listdir(os.path.join(ROOT, "tests", "faults"))):
        with open(os.path.join(ROOT, "tests", "faults", name)) as f:
            for line in f:
                if not line.startswith("#"):
                    code = line.rstrip("\n").split("\t")[2]
                    checks.that(code == "-" or code in table, "%s: %s" % (name, line))
    checks.end()


main()
