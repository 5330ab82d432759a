"""The station screen as an operator uses it, in a terminal, against the virtual bench: what is typed, what is
shown, and what is in the journal afterwards."""
import contextlib
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from bench import PAYJIG, PLAN, ROOT, Checks, Folder  # noqa: E402
from terminal import PASSWORD, Bench, Screen, add_person, again  # noqa: E402

SLACK = 5


def answer(screen, key, prompt):
    """A key that comes before anybody can have read the prompt is no answer: it is pressed until it is one."""
    again(lambda: screen.keys(key) or prompt not in screen.text(), 30, "%s to be answered" % prompt)


def acts(screen, act):
    return screen.query("SELECT subject, persons, reason FROM acts WHERE act = ? ORDER BY id", act)


def a_day(checks):
    """Log in, scan, watch, fail, look closer, abort, pause, language, a card's end with two persons, leave."""
    with Folder(slots=4) as folder:
        add_person(folder, "wang", "operator")
        add_person(folder, "li", "lead")
        bench = Bench(folder, faults=["2:mac2_wrong"], options=["--keep"])
        screen = Screen(folder, bench)
        screen.wait("nobody is logged in")
        screen.type("wang")
        screen.keys("Tab")
        screen.type("wrong")
        screen.keys("Enter")
        screen.wait("the name or the password is wrong")
        screen.login("wang")
        screen.wait("scan the label of the unit")
        screen.scan("HW26000001")
        checks.that(screen.ended("HW26000001") == ("PASS", ""), "slot 1 passes")
        screen.wait("PASS, attempt 1")
        screen.wait("ship the unit")
        screen.scan("2:HW26000002")
        checks.that(screen.ended("HW26000002") == ("FAIL", "PAY-MAC2"), "slot 2 fails")
        screen.wait("PAY-MAC2: the chip's MAC2 is wrong")
        screen.wait("PASS 1 FAIL 1")
        screen.scan("HW26000099!")
        screen.wait("letters, digits and '-' only")
        screen.scan("HW26000001")
        screen.wait("HW26000001: this unit has passed already")
        # Look closer: the unit, its exchanges, the history.
        screen.keys("Right", "Enter")
        screen.wait("card 622000\\*+[0-9]{4} REJECTED")
        screen.keys("t", "End")
        screen.wait("attempts of this unit")
        # The exchanges of the step that failed stand behind it, the last of all.
        shown = screen.wait("(?s)INITIALIZE FOR PURCHASE.*DEBIT FOR PURCHASE.*attempts of this unit").group(0)
        checks.that("9000 done" in shown and "balance" in shown, "exchanges in words: %s" % shown)
        screen.keys("h")
        screen.wait("HW26000002 +2 +FAIL")
        screen.keys("/")
        screen.type("PASS")
        screen.keys("Enter")
        again(lambda: "HW26000002" not in screen.text() and "HW26000001" in screen.text(), 10, "the filter")
        screen.keys("l")
        screen.wait("历史")
        screen.keys("p")
        screen.wait("PAY-MAC2 .*100 %")
        screen.keys("l", "d")
        screen.wait("✔ jig")
        # A reject that was destroyed takes a lead.
        screen.keys("j")
        screen.wait("REJECTED .*HW26000002")
        screen.keys("x")
        screen.wait("reason")
        screen.type("crushed")
        screen.keys("Enter")
        screen.wait("this needs a lead")
        screen.type("li")
        screen.keys("Tab")
        screen.type(PASSWORD % "li")
        screen.keys("Enter")
        screen.wait("spoiled +1")
        checks.that(screen.query("SELECT count(*) FROM moves WHERE becomes = 'SPOILED' AND proof LIKE '%wang%li%'")
                    == [(1,)], "who stated the destruction")
        # Pause, and go on.
        screen.keys("Escape", "F6")
        screen.wait("paused by wang")
        screen.scan("HW26000003")
        screen.wait("starting is paused")
        screen.keys("F6")
        again(lambda: "paused by" not in screen.text(), 10, "going on")
        checks.that(len(acts(screen, "login_failed")) == 1 and acts(screen, "pause") == [("", '["wang"]', "")] and
                    len(acts(screen, "go_on")) == 1, "the journal knows who did what")
        report = subprocess.run([PAYJIG, "verify", "--fixture", folder.fixture(), screen.store], capture_output=True,
                                text=True)
        checks.that(report.returncode == 0, "the chain holds: %s" % report.stdout)
        screen.resize(120, 40)
        screen.wait("HW26000002")
        screen.close()
        bench.kill()
        checks.that(screen.findings() == "", screen.findings())


def abort_and_loss(checks):
    """Abort in time; a terminal that is lost in the middle; a screen that comes back."""
    with Folder(slots=2) as folder:
        add_person(folder, "wang", "operator")
        bench = Bench(folder, speed=1, options=["--keep"])
        screen = Screen(folder, bench)
        screen.login("wang")
        screen.scan("HW26000001")
        screen.wait("[0-9]+/[0-9]+ keys")
        screen.keys("F8")
        screen.wait("Abort slot 1, HW26000001")
        before = bench.lines("OUTP1 OFF")
        asked = len(bench.lines("."))
        screen.keys("F8")
        again(lambda: len(bench.lines("OUTP1 OFF")) > len(before), 1 * SLACK, "the output to be off")
        checks.that(screen.ended("HW26000001") == ("ABORT", "ABORTED"), "aborted; %d lines" % asked)
        checks.that(acts(screen, "abort") == [("HW26000001", '["wang"]', "")], "who aborted it")
        screen.scan("2:HW26000002")
        screen.wait("[5-7]/2[0-9]")
        screen.lose()  # the terminal is gone, with SIGHUP
        checks.that(screen.ended("HW26000002") == ("PASS", ""), "its unit is finished and recorded")
        back = Screen(folder, bench)
        back.login("wang")
        back.wait("PASS, attempt 1")
        checks.that(len(acts(back, "logout")) == 1, "who was there is logged out")
        # A station that dies: the screen says so, and everything is recorded at the next start.
        back.scan("1:HW26000001")
        back.wait("[2-6]/2[0-9]")
        os.kill(back.station_pid(), signal.SIGKILL)
        back.wait("the station is gone")
        back.keys("F10", "F10")
        back.wait("exit 0")
        back.lose()
        third = Screen(folder, bench)
        third.login("wang")
        checks.that(third.ended("HW26000001") == ("ERROR", "TOOL-STATION"), "the unit of the dead station")
        third.wait("scan the label")
        bench.hands("lid open")
        third.wait("JIG-LID")
        third.wait("close the lid")
        bench.hands("lid closed")
        third.wait("scan the label")
        bench.hands("estop press")
        third.wait("JIG-ESTOP")
        bench.hands("estop release")
        third.wait("scan the label")
        third.close()
        bench.kill()
        checks.that(third.findings() == "", third.findings())


@contextlib.contextmanager
def at_screen(checks, slots, change=(), faults=()):
    """Somebody who is logged in at a screen, with a plan changed by (old, new) texts."""
    with Folder(slots=slots) as folder:
        add_person(folder, "wang", "operator")
        with open(PLAN) as f:
            text = f.read()
        for old, new in change:
            assert old in text
            text = text.replace(old, new, 1)
        with open(folder.file("plan.yaml"), "w") as f:
            f.write(text)
        bench = Bench(folder, faults=faults, options=["--keep"])
        screen = Screen(folder, bench, plan=folder.file("plan.yaml"))
        screen.login("wang")
        yield screen, bench
        screen.close()
        bench.kill()
        checks.that(screen.findings() == "", screen.findings())


def prompts(checks):
    """Steps that ask: keys by hand, the light, the plug reseated; and nobody who answers."""
    step = "  - {step: identify, deadline_s: 20}"
    asks = "".join("\n  - {step: %s, deadline_s: 900}" % s for s in ("ask_plug", "ask_led", "ask_keys"))
    change = [("steps:", "prompts: {timeout_s: 600, led: green}\nsteps:"), (step, step + asks)]
    with at_screen(checks, 3, change) as (screen, bench):
        screen.scan("1:HW26000001")
        screen.wait("Pull the plug")
        bench.hands("out 1")
        again(lambda: bench.lines("REMOVE1"), 10, "the plug to be out")
        bench.hands("in 1")
        again(lambda: len(bench.lines("INSERT1")) > 1, 10, "the plug to be in")
        answer(screen, "F1", "Pull the plug")
        screen.wait("Which colour")
        # Who waits for the operator stops nobody else.
        screen.scan("2:HW26000002")
        screen.wait("Pull the plug")
        answer(screen, "F2", "Which colour")
        screen.wait("Press every key")
        for n, key in enumerate("ABC"):
            bench.hands("press 1 %s" % key)
            again(lambda: len(bench.lines("FINGER1 OFF")) > n, 10, "key %s" % key)
        answer(screen, "F1", "Press every key")
        checks.that(screen.ended("HW26000001") == ("PASS", ""), "all was answered")
        notes = [n for (n,) in screen.query("SELECT note FROM steps WHERE step LIKE 'ask%' ORDER BY id")]
        checks.that(notes == ['plug: wang says "it is in"', 'led: wang says "green"', 'keys: wang says "pressed"'],
                    "answers in the journal: %s" % notes)
        screen.keys("Right")
        answer(screen, "F1", "Pull the plug")  # it was not pulled
        checks.that(screen.ended("HW26000002") == ("ERROR", "JIG-PLUG"), "a plug that nobody pulled")
        screen.scan("3:HW26000003")
        screen.wait("Pull the plug")
        screen.keys("Right")
        answer(screen, "F2", "Pull the plug")
        checks.that(screen.ended("HW26000003") == ("FAIL", "OPERATOR-NO"), "the operator says no")


def wrong_answers(checks):
    """Nobody answers; the wrong colour; a key that was not pressed."""
    asks = "steps:\n" + "".join("  - {step: %s, deadline_s: 60}\n" % s for s in ("power_on", "ask_keys"))
    with at_screen(checks, 2, [("steps:", "prompts: {timeout_s: 1, led: red}\nsteps:\n"
                                "  - {step: ask_led, deadline_s: 60}")]) as (screen, bench):
        screen.scan("1:HW26000001")
        checks.that(screen.ended("HW26000001") == ("ERROR", "OPERATOR-LATE"), "nobody answered")
    with at_screen(checks, 2, [("steps:", "prompts: {timeout_s: 600, led: red}\n" + asks.replace("60}", "900}")),
                               ("\n  - {step: power_on, deadline_s: 70}", "")]) as (screen, bench):
        screen.scan("1:HW26000001")
        screen.wait("Press every key")
        bench.hands("press 1 A")
        again(lambda: bench.lines("FINGER1 OFF"), 10, "key A")
        answer(screen, "F1", "Press every key")
        checks.that(screen.ended("HW26000001") == ("FAIL", "BTN-DEAD"), "only one key was pressed")


def inserted(checks):
    """A plan whose units start when they are put in."""
    with at_screen(checks, 2, [("name: provision", "name: provision\nstart: insert")],
                   ["2:no_answer"]) as (screen, bench):
        checks.that(screen.query("SELECT count(*) FROM attempts") == [(0,)], "nothing starts without a person")
        bench.hands("out 1")
        again(lambda: bench.lines("REMOVE1"), 10, "the unit to be out")
        bench.hands("in 1 HW26000077")
        checks.that(screen.ended("HW26000077") == ("PASS", ""), "the unit said who it is, and passed")
        checks.that(screen.query("SELECT operator FROM attempts") == [("wang",)], "its operator")
        bench.hands("out 2")
        again(lambda: bench.lines("REMOVE2"), 10, "the unit to be out")
        bench.hands("in 2 HW26000078")
        screen.wait(" 2: the unit does not tell its serial number, scan its label")
        checks.that(screen.query("SELECT count(*) FROM attempts") == [(1,)], "a dead one has no attempt")
        screen.scan("2:HW26000078")  # its label still starts it
        checks.that(screen.ended("HW26000078") == ("FAIL", "LINK-DEAD"), "by its label")


def names(checks):
    """Lockout that a restart does not forgive; automatic logout; two persons, and a lead."""
    with Folder(slots=1) as folder:
        with open(folder.fixture(), "a") as f:
            f.write("logout_s: 3\n")
        add_person(folder, "wang", "operator")
        add_person(folder, "li", "lead")
        bench = Bench(folder, options=["--keep"])
        screen = Screen(folder, bench)
        for i in range(5):
            screen.wait("Enter: on")
            screen.type("wang")
            screen.keys("Tab")
            screen.type("guess-%d" % i)
            screen.keys("Enter")
            again(lambda: len(acts(screen, "login_failed")) == i + 1, 30, "failure %d" % (i + 1))
            screen.wait("the name or the password is wrong")
        screen.close()
        screen = Screen(folder, bench)
        screen.wait("Enter: on")
        screen.type("wang")
        screen.keys("Tab")
        screen.type(PASSWORD % "wang")
        screen.keys("Enter")
        screen.wait("too many wrong passwords")
        checks.that(len(acts(screen, "login_failed")) == 5, "who is locked out does not count on")
        screen.login("li")
        screen.wait("logged out: nobody touched a key")
        checks.that(acts(screen, "logout") == [("li", '["li"]', "nobody touched a key")], "automatic logout")
        screen.keys("Escape")
        screen.scan("HW26000001")
        screen.wait("log in first")
        screen.keys("Escape")
        with open(folder.file("state/people.json")) as f:
            people = f.read()
        written = b""
        for name in ("store.db", "store.db-wal", "store.db.log"):
            with open(folder.file(name), "rb") as f:
                written += f.read()
        checks.that(b"login_failed" in written and b"secret-" not in written and b"guess-" not in written,
                    "no password is in journal or log")
        checks.that("$argon2id$v=19$m=65536,t=3,p=1$" in people and "secret" not in people, "how passwords are kept")
        checks.that(os.stat(folder.file("state/people.json")).st_mode & 0o077 == 0, "for the station alone")
        screen.close()
        bench.kill()
        checks.that(screen.findings() == "", screen.findings())


def usage(checks):
    """Without a terminal, without a station, with a wrong one: a sentence and an exit status, no screen."""
    def run(*args, **kw):
        return subprocess.run([PAYJIG] + list(args), capture_output=True, text=True, **kw)

    done = run(stdin=subprocess.DEVNULL)
    checks.that(done.returncode == 2 and "needs a terminal" in done.stderr, "no terminal: %s" % done.stderr)
    with Folder(slots=1) as folder:
        with open(folder.file("payjig.yaml"), "w") as f:
            f.write("kind: station\nfixture: fixture.yaml\nplan: %s\njob: nowhere.json\nstore: s.db\n" % PLAN)
        checks.that(run("check", folder.file("payjig.yaml")).returncode == 0, "a station file is checked")
        bench = Bench(folder)
        name = "payjig-%d" % os.getpid()
        subprocess.run(["tmux", "-L", name, "-u", "-f", "/dev/null", "new-session", "-d", "-x", "100", "-y", "20",
                        "-c", folder.path, "'%s'; echo exit $?; exec cat" % PAYJIG], check=True)

        def text():
            return subprocess.run(["tmux", "-L", name, "capture-pane", "-p"], capture_output=True, text=True).stdout

        again(lambda: "nowhere.json" in text() and "exit 2" in text(), 20, text)
        subprocess.run(["tmux", "-L", name, "kill-server"])
        bench.kill()
        done = run("person", "add", "--fixture", folder.fixture(), "--role", "king", "x", input="long enough\n")
        checks.that(done.returncode == 2 and "no role" in done.stderr, done.stderr)
        done = run("person", "add", "--fixture", folder.fixture(), "--role", "lead", "x", input="short\n")
        checks.that(done.returncode == 2 and "6 to" in done.stderr, done.stderr)
        done = run("person", "remove", "--fixture", folder.fixture(), "x")
        checks.that(done.returncode == 2 and "no such person" in done.stderr, done.stderr)


def main():
    checks = Checks()
    only = sys.argv[1:]
    for part in (usage, a_day, abort_and_loss, prompts, wrong_answers, inserted, names):
        if not only or part.__name__ in only:
            part(checks)
    checks.end()


main()
