#!/usr/bin/python3
"""A worker that only paces: each step of the plan takes PACED_S, with three measurements and two exchanges.

Stands in for `payjig slot` (station option --worker) where the station and its screen are measured."""
import json
import os
import re
import sys
import threading

PACE = float(os.environ["PACED_S"])
MEASUREMENT = {"name": "current", "value": 0.009, "unit": "A", "low": 0.0005, "high": 0.02, "marginal": 0,
               "judgement": "PASS"}
APDU = {"type": "apdu", "carrier": "jack", "command": "80500102", "response": "9000", "us": 73000}


def say(**message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def unit(steps):
    for i, step in enumerate(steps):
        say(type="step_begin", step=step, position=i, steps=len(steps))
        threading.Event().wait(PACE)  # the pace is what is asked for here
        say(**APDU)
        say(**APDU)
        say(type="step_end", step=step, position=i, verdict="PASS", code="", cause="", note="", ms=int(PACE * 1000),
            measurements=[MEASUREMENT] * 3, id=i + 1)
        while json.loads(sys.stdin.readline())["type"] != "stored":
            pass
    say(type="unit_end", verdict="FAIL", code="BTN-DEAD", cause="a key does not close")


def main():
    steps = []
    for line in iter(sys.stdin.readline, ""):
        message = json.loads(line)
        if message["type"] == "setup":
            steps = re.findall(r"step: ([a-z0-9_]+)", message["plan"])
            say(type="ready", lab=True)
        elif message["type"] == "begin":
            unit(steps)


main()
