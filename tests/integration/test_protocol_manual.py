"""usher-protocol(7): each of its replies, in its order, shown to a real HAProxy.
"""

import re
import socket
import threading
from pathlib import Path

import pytest

from haproxy import server_line
from ports import HOST

PAGE = Path(__file__).resolve().parent.parent.parent / "src/usher-protocol.7"
ROW = re.compile(r"^\.It Li (.+) Ta (.+) Ta (\d+)$", re.M)


class Agent:
    """Says its line to whoever asks, and counts how often."""

    def __init__(self):
        self.said = threading.Condition()
        self.line, self.count = "# nothing yet", 0
        self.sock = socket.create_server((HOST, 0), backlog=64)
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                asking = self.sock.accept()[0]
            except OSError:
                return
            with asking, self.said:
                asking.sendall(self.line.encode() + b"\n")
                self.count += 1
                self.said.notify_all()

    def say(self, line):
        """Until it was heeded: the next poll comes after that."""
        with self.said:
            self.line, goal = line, self.count + 3
            assert self.said.wait_for(lambda: self.count >= goal, 30)

    def stop(self):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()


@pytest.fixture
def agent(cleanup):
    agent = Agent()
    cleanup.callback(agent.stop)
    return agent


def test_each_reply_of_the_page(agent, peer, start_haproxy):
    rows = ROW.findall(PAGE.read_text())
    assert len(rows) == 19
    # A check of its own, or HAProxy says "no check" for UP.
    haproxy = start_haproxy(server_line(
        "puppet1", peer.address, agent.port, "check", "inter", "100ms"))
    for line, status, weight in rows:
        agent.say(line)
        haproxy.wait_is("puppet1", status=status, weight=int(weight))
