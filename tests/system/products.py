"""Products that differ: the purse with SM4 in both session-key forms, keys diversified over two levels, the
slow modem. The profile says what the product is; the wrong profile never passes."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from bench import PROFILE, Checks, Folder, Run, verdicts  # noqa: E402

SM4 = [("algorithm: 3des", "algorithm: sm4\n  sm4_form: %s"), ('algorithm_id: "00"', 'algorithm_id: "04"'),
       ('key_algorithm: "00"', 'key_algorithm: "04"')]
checks = Checks()


def provision(changes, bench=()):
    with Folder(slots=1) as folder:
        with open(PROFILE) as f:
            text = f.read()
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        with open(folder.file("profile.yaml"), "w") as f:
            f.write(text)
        with open(folder.file("fixture.yaml")) as f:
            fixture = f.read()
        with open(folder.file("fixture.yaml"), "w") as f:
            f.write(fixture.replace(PROFILE, "profile.yaml"))
        run = Run(folder, bench=bench)
        run.finish()
        return verdicts(run).get(1, ("none", run.stderr))


def main():
    for form in ("invert", "pad80"):
        profile = [(a, b % form if "%" in b else b) for a, b in SM4]
        checks.that(provision(profile, ["--algorithm", "sm4-" + form]) == ("PASS", ""), "SM4 " + form)
        other = "pad80" if form == "invert" else "invert"
        checks.that(provision(profile, ["--algorithm", "sm4-" + other]) == ("FAIL", "PAY-LOAD-MAC"),
                    "SM4 %s against a headset of the other form" % form)
    checks.that(provision([], ["--algorithm", "sm4-invert"]) == ("FAIL", "PAY-ALGORITHM"),
                "a 3DES profile against an SM4 headset")
    checks.that(provision([("factor_length: 8", "factor_length: 16")]) == ("PASS", ""), "two levels")
    checks.that(provision([("modem: MAN8820", "modem: FSK1225"), ("high: 0.8,", "high: 4,")]) ==
                ("PASS", ""), "the slow modem")
    checks.that(provision([('last_block_p1: "89"', 'last_block_p1: "88"')]) == ("PASS", ""), "P1 88")
    # What the profile expects and the headset does not do is caught, each by its own code.
    checks.that(provision([("prove_order: mac_tac", "prove_order: tac_mac")]) == ("FAIL", "PAY-PROVE"),
                "another order of the proof")
    checks.that(provision([("log_count: after", "log_count: before")]) == ("FAIL", "PAY-LOG"),
                "another count in the log")
    checks.that(provision([("key_version: 1\n  factor", "key_version: 2\n  factor")]) == ("PASS", ""),
                "another key version")
    checks.end()


main()
