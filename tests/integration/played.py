"""What answers at a control socket, and is no usherd."""

import shlex
import shutil
import socket
import tempfile
from pathlib import Path

from waiting import DEADLINE


class Played:
    """A control socket; what answers there is the test.  Has what Follower
    wants of a Usherd.
    """

    def __init__(self, backlog=5):
        self.own = Path(tempfile.mkdtemp(prefix="played-"))
        self.socket = self.own / "control"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.settimeout(DEADLINE)
        self.listener.bind(str(self.socket))
        self.listener.listen(backlog)

    def accept(self):
        """The next connection, and the words that it brings."""
        conn, _ = self.listener.accept()
        conn.settimeout(DEADLINE)
        line = b""
        while not line.endswith(b"\n"):
            more = conn.recv(4096)
            assert more, line
            line += more
        return conn, shlex.split(line.decode())

    def wait_open(self):
        pass

    def log(self):
        return ""

    def close(self):
        self.listener.close()
        shutil.rmtree(self.own)
