"""payjig on a bare pseudo-terminal: what it writes is read as fast as it comes, and keys are sent as bytes."""
import atexit
import fcntl
import os
import pty
import struct
import subprocess
import termios
import threading
import time

from bench import JOB, PAYJIG, PLAN


class Tty:
    def __init__(self, folder, jig, size=(80, 24), plan=PLAN, options=(), store="store.db", environment=()):
        self.master, slave = pty.openpty()
        self.resize(*size)
        env = dict(os.environ, TERM="xterm-256color", LC_ALL="C.UTF-8",
                   ASAN_OPTIONS="detect_leaks=0:log_path=%s" % folder.file("sanitizer"), **dict(environment))
        self.process = subprocess.Popen(
            [PAYJIG, "--fixture", folder.fixture(), "--plan", plan, "--job", JOB, "--store", folder.file(store),
             "--jig", jig] + list(options), stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True)
        os.close(slave)
        atexit.register(self.process.kill)
        self.condition = threading.Condition()
        self.output = b""
        self.reading = True
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        while self.reading:
            try:
                piece = os.read(self.master, 65536)
            except OSError:
                return
            with self.condition:
                self.output += piece
                self.condition.notify_all()

    def block(self):
        """From now on nobody reads the terminal."""
        self.reading = False

    def resize(self, columns, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def send(self, keys):
        os.write(self.master, keys)

    def mark(self):
        with self.condition:
            return len(self.output)

    def wait(self, text, seconds=30, since=0):
        """Seconds until it was written, after the mark `since`."""
        start = time.monotonic()
        with self.condition:
            while text not in self.output[since:]:
                left = start + seconds - time.monotonic()
                if left <= 0:
                    raise AssertionError("waited %s s in vain for %r; the newest output is %r" % (
                        seconds, text, self.output[-800:]))
                self.condition.wait(left)
        return time.monotonic() - start
