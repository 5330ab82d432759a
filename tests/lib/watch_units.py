"""A client of a station, for plans whose units start when they are put in: watch_units.py SOCKET NAME PASSWORD HANDS
SLOT:SERIAL... logs in, has the bench's hands take each unit out and put it in again, prints what the station says, and
ends the station when each of them has ended."""
import json
import socket
import sys
import time


def connect(path):
    for _ in range(400):
        s = socket.socket(socket.AF_UNIX)
        try:
            s.connect(path)
            return s
        except OSError:
            s.close()
            time.sleep(0.05)  # until the station listens
    sys.exit("no station on " + path)


def main():
    path, name, password, hands = sys.argv[1:5]
    units = dict(u.split(":") for u in sys.argv[5:])
    s = connect(path)
    tell = lambda **message: s.sendall((json.dumps(message) + "\n").encode())
    tell(type="watch")
    tell(type="login", name=name, password=password)
    ready = logged_in = moved = False
    with open(hands, "w", buffering=1) as hand:
        for line in s.makefile():
            event = json.loads(line)
            print(line, end="", flush=True)
            ready |= event["type"] == "station" and event["state"] == "ready"
            logged_in |= event["type"] == "session" and event["name"] == name
            if ready and logged_in and not moved:
                moved = True
                for slot in units:
                    hand.write("out %s\n" % slot)
            if event["type"] == "presence" and not event["present"]:
                hand.write("in %d %s\n" % (event["slot"], units[str(event["slot"])]))
            if event["type"] == "unit_end" or (event["type"] == "refused" and moved):
                units.pop(str(event["slot"]), None)
            if not units:
                break
    tell(type="stop")


main()
