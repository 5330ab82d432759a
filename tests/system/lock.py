"""A thousand simultaneous starts of stations on one store: one winner each time, the others say why."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from bench import PAYJIG, PLAN, Checks, Folder, figure  # noqa: E402

ROUNDS, AT_ONCE = 125, 8


def one_round(folder, job):
    """How many of the stations came up on the store, and what the others said."""
    stations = []
    for i in range(AT_ONCE):
        reader, writer = os.pipe()
        p = subprocess.Popen([PAYJIG, "station", "--notify-fd", str(writer), "--fixture", folder.fixture(),
                              "--plan", PLAN, "--job", job, "--store", folder.file("store.db")],
                             pass_fds=[writer], stderr=subprocess.PIPE, text=True)
        os.close(writer)
        stations.append((p, reader))
    up, said = [], []
    for p, reader in stations:  # a line, or the end of a station that was refused
        if os.read(reader, 1):
            up.append(p)
        else:
            said.append((p.wait(60), p.stderr.read()))
        os.close(reader)
    for p in up:
        p.kill()
        p.wait(60)
    for p, _ in stations:
        p.stderr.close()
    return len(up), said


def main():
    checks = Checks()
    double = 0
    with Folder(slots=1) as folder:
        job = folder.make_job("L", 2)
        for n in range(ROUNDS):
            up, said = one_round(folder, job)
            double += max(0, up - 1)
            checks.that(up == 1, "round %d: %d stations on one store" % (n, up))
            checks.that(all(code == 3 and "another station works on this store" in text for code, text in said),
                        "round %d: %s" % (n, said))
    figure("lock.starts", ROUNDS * AT_ONCE, "starts", "tests/system/lock.py")
    figure("lock.double", double, "stations too many", "tests/system/lock.py")
    checks.end()


main()
