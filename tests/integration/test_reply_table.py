"""Every line that usherd can compose, shown to HAProxy: what does it take?"""

import contextlib
import os
import re
import socketserver
import subprocess
import threading
from pathlib import Path

import pytest

from haproxy import GENERATED, HAProxy, server_line
from ports import HOST
from waiting import wait_until

TOP = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("USHER_BIN", TOP / "build/release"),
               "print_replies")
HEALTH = {"up": "UP", "down": "DOWN (agent)", "fail": "DOWN (agent)",
          "stopped": "DOWN (agent)"}


def replies():
    assert PROGRAM.exists(), "%s: not built; run make test-integration" % PROGRAM
    lines = subprocess.run([PROGRAM], check=True, capture_output=True,
                           text=True).stdout.splitlines()
    return list(dict.fromkeys(lines))


class Agent(socketserver.ThreadingTCPServer):
    """Says one line to whoever connects, and counts how often."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self):
        super().__init__((HOST, 0), self.Handler)
        self.line = ""
        self.told = 0
        threading.Thread(target=self.serve_forever, args=(0.05,)).start()

    def stop(self):
        self.shutdown()
        self.server_close()

    def say(self, line):
        self.line = line
        before = self.told
        wait_until(lambda: self.told >= before + 2, "HAProxy asks no more")

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            with contextlib.suppress(OSError):
                self.request.sendall(self.server.line.encode() + b"\n")
                self.server.told += 1


@pytest.fixture
def agent(cleanup):
    started = Agent()
    cleanup.callback(started.stop)
    return started


@pytest.fixture
def watched(agent, cleanup):
    port = agent.server_address[1]
    servers = server_line("one", "%s:%d" % (HOST, port), port,
                          "check inter 10s")
    started = HAProxy(GENERATED.replace("{servers}", servers))
    cleanup.callback(started.stop)
    return started


def expected(line, before):
    """Status and weight after `line`; registers that it doesn't name stay."""
    words, _, _ = line.partition("#")
    health = re.match(r"(up|down|fail|stopped) ", words)
    weight = re.search(r"(\d+)%", words)
    status = HEALTH[health.group(1)] if health else before["status"]
    if " maint " in " " + words:
        status = "MAINT"
    elif " drain " in " " + words and not status.startswith("DOWN"):
        status = "DRAIN (agent)"
    return status, int(weight.group(1)) if weight else before["weight"]


def test_haproxy_takes_every_line_as_it_is_meant(agent, watched):
    lines = replies()
    assert len(lines) > 30
    for line in lines:
        agent.say("up ready 100%")
        wait_until(lambda: watched.state("one")["status"] == "UP",
                   lambda: watched.state("one"))
        before = watched.state("one")
        agent.say(line)
        wanted = expected(line, before)

        def taken():
            state = watched.state("one")
            return (state["status"], state["weight"]) == wanted
        wait_until(taken, lambda: (line, wanted, watched.state("one")))
        reason = line.partition("# ")[2]
        if reason and not line.startswith(("#", "drain", "0%", "10%")):
            wait_until(lambda: "(%s)" % reason in watched.state("one")[
                "last_agt"], lambda: (line, watched.state("one")))


def test_a_line_without_a_verdict_undoes_nothing(agent, watched):
    """`# no verdict yet` after a drain: HAProxy keeps what it was told."""
    def is_drained():
        state = watched.state("one")
        return (state["status"], state["weight"]) == ("DRAIN (agent)", 10)

    agent.say("up drain 10% # drain by alice")
    wait_until(is_drained, lambda: watched.state("one"))
    agent.say("# no verdict yet")
    assert is_drained(), watched.state("one")
    agent.say("up ready 100%")
    wait_until(lambda: watched.state("one")["status"] == "UP",
               lambda: watched.state("one"))
