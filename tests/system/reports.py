"""Reports: each JSON follows reports/unit.schema.json, JUnit is well-formed and counts right, the text
says it all on a page; card numbers are masked everywhere."""
import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET

import jsonschema

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from bench import PAYJIG, ROOT, Checks, Folder, Run, payjig  # noqa: E402


def main():
    checks = Checks()
    with open(os.path.join(ROOT, "reports", "unit.schema.json")) as f:
        schema = json.load(f)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    with open(os.path.join(ROOT, "reports", "sample-unit.json")) as f:
        sample = json.load(f)
    checks.that(not list(validator.iter_errors(sample)), "the sample follows the schema")
    proven = payjig("verify", "--fixture", os.path.join(ROOT, "fixtures", "virtual-wired.yaml"),
                    os.path.join(ROOT, "reports", "sample-unit.json"))
    checks.that(proven.returncode == 0, "the sample is what the lab's station signed: %s" % proven.stderr)
    spoilt = dict(sample, verdict="GOOD")
    checks.that(list(validator.iter_errors(spoilt)), "the schema refuses a verdict that is none")
    checks.that(list(validator.iter_errors(dict(sample, more=1))), "the schema refuses unknown members")
    with Folder(slots=2) as folder:
        run = Run(folder, units=4, faults=["2:key_bounce=B,15"])
        run.finish()
        out = subprocess.run([PAYJIG, "report", "--store", run.store], capture_output=True, text=True)
        paths = out.stdout.split()
        checks.that(out.returncode == 0 and len(paths) == 9, "4 units in 2 formats, and the run: %s" % out)
        for path in paths:
            with open(path) as f:
                text = f.read()
            numbers = [r[0] for r in run.query("SELECT number FROM cards WHERE unit IS NOT NULL")]
            checks.that(len(numbers) == 2 and not any(n in text for n in numbers), "%s: masked" % path)
            if path.endswith(".json"):
                unit = json.loads(text)
                errors = [e.message for e in validator.iter_errors(unit)]
                checks.that(not errors, "%s: %s" % (path, errors))
                checks.that(set(unit) == set(sample), "%s: members as in the sample" % path)
                checks.that(unit["lab"] is True, "%s: LAB" % path)
                expected = "PASS" if unit["slot"] == 1 else "FAIL"
                checks.that(unit["verdict"] == expected, path)
                checks.that(len(unit["steps"]) == (20 if expected == "PASS" else 7), path)
            if path.endswith(".txt"):
                checks.that(len(text.splitlines()) < 75 and "LAB KEYS" in text, "%s: one page" % path)
                checks.that(("BTN-BOUNCE" in text) == text.startswith("FAIL"), "%s: its code" % path)
        suites = ET.parse(folder.file("store.db.reports/run.xml")).getroot()
        checks.that(len(suites) == 4 and sum(int(s.get("failures")) for s in suites) == 2 and
                    all(int(s.get("tests")) == len(s) for s in suites), "JUnit counts")
        failure = suites.find(".//failure")
        checks.that(failure is not None and failure.get("type") == "BTN-BOUNCE", "JUnit failure")
    checks.end()


main()
