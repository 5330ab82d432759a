"""The screen's catalogues are complete: every string that the sources mark is in each of them, translated, and its
placeholders are the same; nothing is in a catalogue that no source marks."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from bench import ROOT, Checks, figure  # noqa: E402

PO = os.path.join(ROOT, "tool", "screen", "po")


def sources():
    found = []
    for folder, _, names in os.walk(os.path.join(ROOT, "tool")):
        found += [os.path.join(folder, n) for n in names if n.endswith((".c", ".h"))]
    return sorted(found)


def entries(text):
    """{msgid: (msgstr, fuzzy)} of a catalogue as msgcat writes it, unwrapped."""
    found, fuzzy, msgid = {}, False, None
    for line in text.splitlines():
        if line.startswith("#,"):
            fuzzy = "fuzzy" in line
        elif line.startswith("msgid "):
            msgid = line[6:].strip('"')
        elif line.startswith("msgstr "):
            if msgid:
                found[msgid] = (line[7:].strip('"'), fuzzy)
            fuzzy = False
    return found


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def main():
    checks = Checks()
    marked = entries(run("xgettext", "-L", "C", "--from-code=UTF-8", "-k_", "-kN_", "--no-wrap", "-o", "-",
                         *sources()))
    checks.that(len(marked) > 300, "the marked strings were found: %d" % len(marked))
    missing = 0
    for name in sorted(os.listdir(PO)):
        path = os.path.join(PO, name)
        subprocess.run(["msgfmt", "--check-format", "--check-domain", "-o", os.devnull, path], check=True)
        there = entries(run("msgcat", "--no-wrap", path))
        for text in sorted(marked):
            translated, fuzzy = there.get(text, ("", False))
            missing += not checks.that(translated and not fuzzy, "%s lacks \"%s\"" % (name, text))
            wanted = re.findall(r"%[^a-zA-Z%]*[a-z]+", text)
            checks.that(not translated or re.findall(r"%[^a-zA-Z%]*[a-z]+", translated) == wanted,
                        "%s: other placeholders in \"%s\"" % (name, translated))
        for text in sorted(set(there) - set(marked)):
            checks.that(False, "%s: no source marks \"%s\"" % (name, text))
    figure("screens.zh_missing", missing, "strings", "tests/system/words.py")
    # What the tables name has words of its own: no step without a title.
    with open(os.path.join(ROOT, "tool", "slot", "steps.c")) as f:
        steps = re.findall(r'^\t\{"([a-z0-9_]+)", step_', f.read(), re.M)
    with open(os.path.join(ROOT, "tool", "plan", "titles.c")) as f:
        titles = re.findall(r'^\t\{"([a-z0-9_]+)", N_', f.read(), re.M)
    checks.that(len(steps) > 20, "the table of steps was found")
    checks.that(sorted(steps) == sorted(titles), "titles of steps: %s" % (set(steps) ^ set(titles)))
    checks.end()


main()
