#!/usr/bin/python3
"""A worker that misbehaves once, at the first unit of slot 1, and is the real one otherwise.

Stands in for `payjig slot` (station option --worker): lines go through it both ways."""
import json
import os
import subprocess
import sys
import threading

HOW, ONCE = os.environ["BAD_WORKER"], os.environ["BAD_WORKER_ONCE"]
REAL = os.environ["BAD_WORKER_REAL"]


def say(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def misbehave():
    if HOW == "crash":
        os.abort()
    if HOW == "nonsense":
        say("\x00\x7f{{{ this is no message")
    elif HOW == "hang":
        say('{"type":"step_begin","step":"power_on","position":0,"steps":19}')
    elif HOW == "liar":  # a PASS without a single step
        say('{"type":"unit_end","verdict":"PASS","code":"","cause":""}')
    elif HOW == "skips":  # begins with another step than the plan's first
        say('{"type":"step_begin","step":"purchase","position":12,"steps":19}')
    sys.stdin.read()


def forward(child):
    for line in child.stdout:
        sys.stdout.write(line)
        sys.stdout.flush()


def main():
    child = subprocess.Popen([REAL, "slot"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    threading.Thread(target=forward, args=(child,), daemon=True).start()
    slot = 0
    for line in sys.stdin:
        message = json.loads(line)
        slot = message.get("slot", slot) if message["type"] == "setup" else slot
        if message["type"] == "begin" and slot == 1 and not os.path.exists(ONCE):
            open(ONCE, "w").close()
            misbehave()
        child.stdin.write(line)
        child.stdin.flush()
    child.stdin.close()
    child.wait()


main()
