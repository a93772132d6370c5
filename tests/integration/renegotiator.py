"""In place of Puppet Server: in the midst of its answer it asks for another
handshake, as TLS 1.2 has it (HelloRequest).  Python's ssl can't; openssl's
server does when it reads a line of one `r`.
"""

import array
import contextlib
import fcntl
import subprocess
import termios
import threading

from ports import HOST
from waiting import DEADLINE, wait_until

HALF_AN_ANSWER = b"HTTP/1.1 200 OK\r\nX-More: "
ASKED, REFUSED = "HelloRequest", "warning no_renegotiation"


class Renegotiator:
    def __init__(self, identity):
        self.seen = []
        self.process = subprocess.Popen(
            ["openssl", "s_server", "-accept", HOST + ":0", "-tls1_2", "-msg",
             "-cert", identity.cert, "-key", identity.key],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, bufsize=0)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        self.address = wait_until(
            lambda: next((line.split()[1] for line in self.seen
                          if line.startswith("ACCEPT ")), None),
            "openssl s_server doesn't listen")

    def read(self):
        for line in self.process.stdout:
            self.seen.append(line.decode("latin-1").rstrip())
            if line.startswith(b"GET "):
                with contextlib.suppress(BrokenPipeError):  # it is stopped
                    self.write(HALF_AN_ANSWER)
                    self.write(b"r\n")

    def write(self, data):
        """Until it is read, since what comes next must come alone."""
        self.process.stdin.write(data)
        left = array.array("i", [1])

        def taken():
            fcntl.ioctl(self.process.stdin, termios.FIONREAD, left)
            return left[0] == 0 or self.process.poll() is not None

        wait_until(taken, "openssl s_server reads nothing", every=0.001)

    def times(self, what):
        return sum(what in line for line in list(self.seen))

    def wait_refused(self, more):
        """Until it has been refused so many times more than now."""
        goal = self.times(REFUSED) + more
        wait_until(lambda: self.times(REFUSED) >= goal,
                   lambda: "%d asked, %d refused" % (
                       self.times(ASKED), self.times(REFUSED)))

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.reader.join(DEADLINE)
        self.process.stdin.close()
        self.process.stdout.close()
