"""A user of the host who may only look, and takes all the connections to the
control socket that he can get: who may give orders gives them all the same.
"""

import contextlib
import json
import re
import select
import subprocess
import sys
from pathlib import Path

import pytest

from follower import following
from polls import Polls
from ports import HOST
from test_usherctl import OTHER
from usherd import read_all
from waiting import DEADLINE, wait_until

CROWD = Path(__file__).with_name("crowd.py")
MANY = 1200             # more than a listener has places
OWN_MAX = 32            # of one user that are held, as src/held.h has it
CONNECTIONS_MAX = 1024  # of a listener, as lib/serve.h has it
ORDERS = 20
SERVERS = 1000          # a report of them takes some 20 ms, or more
HISTORY = 200           # orders: all that src/history.h has room for
UP = "up ready 100%"


@pytest.fixture
def usherd(peer, start_usherd, config_for):
    """Of a server that is dead, so that `wait serving` lasts."""
    peer.refuse()
    usherd = start_usherd(config_for(peer))
    usherd.wait_reply("fail ready 100%.*")
    return usherd


@contextlib.contextmanager
def crowd(usherd, line):
    """{first line of an answer: how many got it}, while they are there."""
    process = subprocess.Popen(
        [sys.executable, CROWD, str(usherd.socket), str(MANY), line],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **OTHER)
    with process:
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.stdin.close()


def give_orders(usherd):
    for n in range(ORDERS):
        usherd.order("weight", "%d%%" % (n + 1))


@pytest.mark.parametrize("line", ["monitor", "wait serving"])
def test_who_watches(usherd, line):
    """So many may, the rest are told why not; nobody else is cut."""
    with following(usherd, "wait", "serving") as waiting:
        with crowd(usherd, line) as said:
            give_orders(usherd)
            refused = [text for text in said if text.startswith("error 5 ")]
            assert said.pop("ok\n") == OWN_MAX
            assert refused == list(said) and sum(said.values()) == \
                MANY - OWN_MAX, said
            assert re.fullmatch(
                r"error 5 32 who may only look have asked or wait already, "
                r"32 of them as this user: at most 64, and 32 as one user\n",
                refused[0])
            assert waiting.waits(), waiting
    with crowd(usherd, line) as said:
        assert said["ok\n"] == OWN_MAX


@pytest.fixture
def start(peer, start_usherd, config_for):
    """start(n): an usherd of puppet1, which is up, and n dead servers."""
    def start(more):
        config = config_for(peer, interval="1h")
        config.update({"server more%d" % n: {"address": "127.0.0.1:1"}
                       for n in range(more)})
        usherd = start_usherd(config)
        usherd.wait_reply(UP, b"puppet1\n")
        return usherd
    return start


def of_many_servers(start):
    return start(SERVERS)


def full_of_history(start):
    usherd = start(1)
    for n in range(HISTORY):
        usherd.say(b"weight puppet1 %d%% -m %s\n" % (n % 9 + 1, 200 * b"x"))
    usherd.order("auto", "puppet1")
    return usherd


@pytest.mark.parametrize("usherd_that_is, line", [
    (of_many_servers, "status -j"), (full_of_history, "log -j"),
    (of_many_servers, "wait idle nobody"),
    (of_many_servers, "wait serving --all")])
def test_who_asks_for_much(start, cleanup, figure, usherd_that_is, line):
    """And doesn't read it: polls are answered, and root gets his whole."""
    usherd = usherd_that_is(start)
    polls = Polls(usherd, "puppet1", UP)
    cleanup.callback(polls.process.kill)
    usherd.wait_poller(HOST, lambda p: p["polls"] > 50, "puppet1")
    polls.begin()
    with crowd(usherd, line):
        status = json.loads(usherd.order("status", "-j"))
        usherd.wait_poller(HOST, lambda p: p["polls"] > 500, "puppet1")
    polls.finish()
    figure("%s; %s" % (line, polls))
    assert status["servers"][0]["verdict"] == "up"
    assert not polls.wrong, polls.wrong[:3]


@pytest.mark.parametrize("usherd_that_is, line, answer, asked", [
    (of_many_servers, b"status -j\n", b"ok\n{", 100),
    (full_of_history, b"log -j\n", b"ok\n[", 700),
    (of_many_servers, b"wait idle nobody\n", b"error 1 ", 700)])
def test_a_poll_amid_requests(start, cleanup, usherd_that_is, line, answer,
                              asked):
    """They have all come before it, but it doesn't wait for the last."""
    usherd = usherd_that_is(start)
    asking = [cleanup.enter_context(usherd.connect_control())
              for _ in range(asked)]
    wait_until(lambda: usherd.fds() > asked, usherd.log)
    usherd.pause()
    cleanup.callback(usherd.resume)
    for sock in asking:
        sock.sendall(line)
    usherd.resume()
    assert select.select(asking, [], [], DEADLINE)[0]
    assert usherd.reply(b"puppet1\n") == UP
    assert len(select.select(asking, [], [], 0)[0]) < asked
    for sock in asking:
        assert read_all(sock).startswith(answer)


def test_who_says_nothing(usherd):
    """They make room for each other, and then for whoever orders."""
    with usherd.connect_control() as first:
        with crowd(usherd, ""):
            wait_until(lambda: usherd.fds() > CONNECTIONS_MAX, usherd.log)
            with contextlib.suppress(BrokenPipeError):
                first.sendall(b"version\n")
            # Or that it comes late.
            assert read_all(first).startswith((b"ok\n", b"error 2 no line"))
            give_orders(usherd)


def test_who_tries_to_order(usherd):
    """Each is refused, and one line of the log says so."""
    with crowd(usherd, "drain") as said:
        give_orders(usherd)
        assert sum(said.values()) == MANY and len(said) == 1, said
    refused = {"by": "nobody", "text": "refused: drain"}
    usherd.wait_fact("order", **refused)
    assert len(usherd.facts("order", **refused)) == 1
