"""The arrows between the tool's folders: who may include whom; and that the bench shares nothing."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from bench import ROOT, Checks  # noqa: E402

ARROWS = {
    "core": set(),
    "messages": set(),
    "jig": set(),
    "link": {"messages"},
    "payment": set(),
    "plan": set(),
    "job": set(),
    "slot": {"link", "payment", "messages", "plan"},
    "store": {"plan"},
    "report": {"store", "plan"},
    "doctor": {"jig", "link", "plan"},
    "station": {"doctor", "jig", "store", "job", "messages", "plan"},
    "screen": {"messages", "plan"},
    "cmd": {"core", "doctor", "messages", "jig", "link", "payment", "plan", "job", "slot", "store", "report",
            "station", "screen"},
}


def includes(path):
    with open(path) as f:
        return re.findall(r'^#include "([^"]+)"', f.read(), re.M)


def main():
    checks = Checks()
    tool = os.path.join(ROOT, "tool")
    files = 0
    for folder in sorted(os.listdir(tool)):
        path = os.path.join(tool, folder)
        if not os.path.isdir(path):
            continue
        checks.that(folder in ARROWS, "tool/%s is no folder of the design" % folder)
        for name in sorted(n for n in os.listdir(path) if n.endswith((".c", ".h"))):
            for include in includes(os.path.join(path, name)):
                files += 1
                to = include.split("/")[0]
                allowed = ARROWS.get(folder, set()) | {"core", folder}
                checks.that(to in allowed, "tool/%s/%s includes %s" % (folder, name, include))
                checks.that(os.path.exists(os.path.join(tool, include)), "%s: %s" % (name, include))
    checks.that(files > 100, "the includes were found")
    virtual = os.path.join(ROOT, "fixtures", "virtual")
    for name in os.listdir(virtual):
        for include in includes(os.path.join(virtual, name)):
            checks.that("/" not in include and os.path.exists(os.path.join(virtual, include)),
                        "the bench's %s includes %s" % (name, include))
        with open(os.path.join(virtual, name)) as f:
            checks.that("<openssl/" not in f.read(), "the bench's %s uses the tool's crypto" % name)
    for folder, _, names in os.walk(tool):
        for name in [n for n in names if n.endswith((".c", ".h"))]:
            with open(os.path.join(folder, name)) as f:
                checks.that("gcrypt" not in f.read(), "tool: %s uses the bench's crypto" % name)
    checks.end()


main()
