"""The ledger's model in Spin: every state that crashes, bad units, lost units and a restored copy can lead to.
Its states and moves are the code's; and broken models are found out, so that no error means something."""
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from bench import BUILD, LONG, ROOT, Checks, figure  # noqa: E402

MODEL = os.path.join(ROOT, "tests", "model", "ledger.pml")
# A rule taken away each: what the rule is for must then be found missing.
BROKEN = [
    ("a card that may have been issued is not remembered outside", "issued = c + 1", "skip"),
    ("after INTENT a card goes back to the pool", "c < CARDS && state[c] == RESERVED ->\n\t\tatomic { owner[c] = 0;"
     " move(c, RESERVED, AVAILABLE) }", "c < CARDS && (state[c] == RESERVED || state[c] == INTENT) ->\n\t\t"
     "atomic { owner[c] = 0; state[c] = AVAILABLE; check() }"),
    ("a unit is not asked whether it was paid", "paid[c] == 0 && spent[u] == 0", "paid[c] == 0"),
    ("a reject can't be terminated", "(state[c] == REJECTED && WAITS(c))", "(false)"),
    ("a unit that comes back in work is refused", ":: holds[u] == c + 1 && state[c] != RESERVED -> goto found",
     ":: holds[u] == c + 1 -> goto idle"),
]


def check(text, *defines):
    """(states, errors) of a model."""
    with tempfile.TemporaryDirectory(prefix="payjig-model.") as folder:
        with open(os.path.join(folder, "m.pml"), "w") as f:
            f.write(text)
        subprocess.run(["spin", "-a"] + list(defines) + ["m.pml"], cwd=folder, check=True, capture_output=True)
        subprocess.run(["gcc", "-w", "-O2", "-DSAFETY", "-DCOLLAPSE", "-o", "pan", "pan.c"], cwd=folder, check=True)
        out = subprocess.run(["./pan", "-m1000000"], cwd=folder, capture_output=True, text=True).stdout
        errors = int(re.search(r"errors: (\d+)", out).group(1))
        assert "Search not completed" not in out or errors, out
        return int(float(re.search(r"(\S+) states, stored", out).group(1))), errors


def code():
    out = subprocess.run([os.path.join(BUILD, "tests", "moves")], capture_output=True, text=True, check=True)
    rows = [line.split() for line in out.stdout.splitlines()]
    return {r[1] for r in rows if r[0] == "state"}, {(r[1], r[2]) for r in rows if r[0] == "move"}


def main():
    checks = Checks()
    with open(MODEL) as f:
        text = f.read()
    states = set(re.search(r"mtype = \{([^}]*)\}", text).group(1).replace(",", " ").split())
    moves = set(re.findall(r"(?:move|shift)\(c, ([A-Z]+), ([A-Z]+)\)", text))
    code_states, code_moves = code()
    checks.that(states == code_states and len(states) == 9, "states: %s" % (states ^ code_states))
    checks.that(moves == code_moves and len(moves) > 15, "moves: %s" % (moves ^ code_moves))
    small = ["-DMAY_CRASH=2", "-DMAY_FAIL=1"]
    n, errors = check(text, *([] if LONG else small))
    checks.that(errors == 0 and n > 100000, "the model: %d errors in %d states" % (errors, n))
    figure("model.states", n, "states", "tests/system/model.py")
    figure("model.errors", errors, "errors", "tests/system/model.py")
    for what, old, new in BROKEN:
        checks.that(old in text, "%s: %r is in the model" % (what, old))
        checks.that(check(text.replace(old, new), *small)[1] > 0, "found out: %s" % what)
    checks.end()


main()
