"""The same unit again: it is finished with the same card, or refused with the reason."""
import os
import shutil
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from bench import Checks, Folder, Run, changed_job, verdicts  # noqa: E402

checks = Checks()


def cards(run):
    return run.query("SELECT number, unit, state FROM cards WHERE unit IS NOT NULL")


def cut_in_store_data():
    with Folder(slots=1) as folder:
        first = Run(folder, faults=["1:perso_cut=0"])
        first.finish()
        checks.that(verdicts(first)[1][0] != "PASS", "cut: %s" % verdicts(first))
        before = cards(first)
        second = Run(folder)
        checks.that(second.finish() == 0, "cut, again: %s" % verdicts(second))
        after = cards(second)
        checks.that(len(before) == len(after) == 1 and before[0][:2] == after[0][:2] and
                    after[0][2] == "COMMITTED", "the same card: %s %s" % (before, after))
        checks.that(second.query("SELECT try, verdict FROM attempts ORDER BY id") ==
                    [(1, verdicts(first)[1][0]), (2, "PASS")], "the second attempt hides no first")


def killed_in(step):
    with Folder(slots=1) as folder:
        first = Run(folder, speed=1)
        first.wait_event("step_begin", step=step)
        os.kill(first.workers()[0], signal.SIGKILL)
        checks.that(first.finish() == 3, "killed in %s" % step)
        before = cards(first)
        second = Run(folder)
        checks.that(second.finish() == 0, "killed in %s, again: %s %s" % (
            step, verdicts(second), second.ends()))
        after = cards(second)
        checks.that(len(after) == 1 and (not before or before[0][0] == after[0][0]) and
                    after[0][2] == "COMMITTED", "killed in %s: the same card" % step)


def finished_unit():
    with Folder(slots=1) as folder:
        Run(folder).finish()
        second = Run(folder)
        second.finish()
        checks.that(verdicts(second)[1] == ("FAIL", "PERSO-ALREADY"), "finished: %s" % verdicts(second))
        checks.that(len(cards(second)) == 1, "a finished unit gets no second card")


def stranger():
    """Personalized elsewhere: another store knows nothing of it. A station has a job in one store only."""
    with Folder(slots=1) as folder, Folder(slots=1) as elsewhere:
        Run(folder).finish()
        second = Run(folder, store="other.db")
        checks.that(second.finish() == 2 and "has it in another store" in second.stderr,
                    "the same job in a second store: %s" % second.stderr)
        shutil.copytree(folder.file("units"), elsewhere.file("units"))
        other = Run(elsewhere)
        other.finish()
        checks.that(verdicts(other)[1] == ("FAIL", "PERSO-ALREADY"), "stranger: %s" % verdicts(other))
        checks.that(other.query("SELECT count(*) FROM cards WHERE state <> 'AVAILABLE'") == [(0,)],
                    "a stranger uses up no card")


def rejected_then_good():
    with Folder(slots=1) as folder:
        first = Run(folder, faults=["1:sw=B2,6F00"])
        first.finish()
        checks.that(cards(first)[0][2] == "REJECTED", "a unit that fails after INTENT: REJECTED")
        second = Run(folder)
        checks.that(second.finish() == 0, "retest: %s" % second.ends())
        checks.that(cards(second)[0][2] == "COMMITTED", "a retest that passes ends in COMMITTED")


def a_spoilt_payment_stays_one():
    """What was wrong with the one purchase that the job authorizes is not made good by not making another."""
    for fault, code, speed in (("mac2_wrong", "PAY-MAC2", 0), ("tac_wrong", "PAY-TAC", 0),
                               ("pay_slow=900", "PAY-TIME", 1), ("slow=52,300", "APDU-TIME", 1)):
        for still_there in (True, False)[speed:]:
            with Folder(slots=1) as folder:
                first = Run(folder, faults=["1:" + fault], speed=speed)
                first.finish()
                second = Run(folder, faults=["1:" + fault] if still_there else [])
                second.finish()
                checks.that(verdicts(first) == {1: ("FAIL", code)} and verdicts(second) == {1: ("FAIL", "PAY-SPENT")},
                            "%s: %s, then %s" % (fault, verdicts(first), verdicts(second)))
                unit = folder.held()["HW26000001"]
                checks.that(unit["online"] <= 1 and unit["offline"] <= 1, "%s: no second payment: %s" % (fault, unit))
                checks.that(cards(second)[0][2] == "REJECTED", "%s: %s" % (fault, cards(second)))
    with Folder(slots=1) as folder:  # a job that authorizes two: a retest can show that it is well now
        job = changed_job(folder, lambda j: j["factory_payment"].update(count=2))
        Run(folder, faults=["1:mac2_wrong"], job=job).finish()
        second = Run(folder, job=job)
        checks.that(second.finish() == 0 and cards(second)[0][2] == "COMMITTED", "two: %s" % second.ends())
        unit = folder.held()["HW26000001"]
        checks.that((unit["online"], unit["offline"], unit["balance"]) == (2, 2, 0), "two payments: %s" % unit)


def no_card_left():
    with Folder(slots=1) as folder:
        def one_card(job):
            job["cards"], job["quantity"] = job["cards"][:1], 1

        job = changed_job(folder, one_card)
        run = Run(folder, units=2, job=job)
        run.finish()
        checks.that([(e["verdict"], e["code"]) for e in run.ends()] ==
                    [("PASS", ""), ("ERROR", "CARD-NONE")], "no card left: %s" % run.ends())


def main():
    cut_in_store_data()
    for step in ("identify", "personalize", "load", "purchase", "prove"):
        killed_in(step)
    finished_unit()
    stranger()
    rejected_then_good()
    a_spoilt_payment_stays_one()
    no_card_left()
    checks.end()


main()
