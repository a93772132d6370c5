"""A canary plan under a real HAProxy: its share of the new connections, and
whose clients it gets.
"""

import math
import socket
import socketserver
import threading
from collections import Counter

import pytest

from balanced import ONE
from canaries import NEXT, PLAN, STEPS, wait_objection
from haproxy import GENERATED, HAProxy, server_line
from ports import HOST
from usherd import read_all
from waiting import DEADLINE

NAMES = ["puppet1", "puppet2", "puppet3"]
CONSISTENT = "balance source\n    hash-type consistent"
# Every address of 127/8 is ours: each of these is a client of its own.
CLIENTS = ["127.1.%d.%d" % (n // 250, n % 250 + 1) for n in range(1200)]


class Teller(socketserver.BaseRequestHandler):
    """Says which server it is, and hangs up."""

    def handle(self):
        self.request.sendall(self.server.name.encode())


class Backend(socketserver.TCPServer):
    request_queue_size = 128

    def __init__(self, name):
        super().__init__((HOST, 0), Teller)
        self.name = name
        self.thread = threading.Thread(target=self.serve_forever, args=[0.05])
        self.thread.start()

    def stop(self):
        self.shutdown()
        self.thread.join(DEADLINE)
        self.server_close()


class Farm:
    """Three servers behind HAProxy, all of `weight 100`, and one usherd."""

    def __init__(self, usherd, haproxy, port):
        self.usherd = usherd
        self.haproxy = haproxy
        self.port = port

    def server_of(self, client):
        with socket.create_connection((HOST, self.port), timeout=DEADLINE,
                                      source_address=(client, 0)) as sock:
            return read_all(sock).decode()

    def placed(self):
        """The server of each client."""
        return {client: self.server_of(client) for client in CLIENTS}

    def order(self, weight, *words):
        """And HAProxy has taken it."""
        self.usherd.order(*words)
        self.haproxy.wait_is("puppet1", weight=weight)

    def steps(self):
        """One after the other: the weight at each."""
        self.order(STEPS[0], *PLAN, "puppet1")
        yield STEPS[0]
        for weight in STEPS[1:]:
            wait_objection(self.usherd, None, "puppet1")
            self.order(weight, *NEXT, "puppet1")
            yield weight


@pytest.fixture
def start_farm(start_peer, start_usherd, config_for, port, cleanup):
    def start(balance):
        usherd = start_usherd(config_for(*(start_peer() for _ in NAMES),
                                         usher_ready="auto"))
        lines = ""
        for name in NAMES:
            usherd.wait_fact("verdict", server=name, **{"is": "up"})
            backend = Backend(name)
            cleanup.callback(backend.stop)
            lines += server_line(
                name, "%s:%d" % backend.server_address, usherd.agent_port,
                "agent-addr", HOST, "agent-send", name + "\\n", "source",
                ONE, "\n")
        config = GENERATED.replace("balance roundrobin", balance).replace(
            "unix@{folder}/front", "%s:%d" % (HOST, port.number))
        haproxy = HAProxy(config.replace("{servers}", lines))
        cleanup.callback(haproxy.stop)
        for name in NAMES:
            haproxy.wait_is(name, weight=100, agent="L7OK")
        return Farm(usherd, haproxy, port.number)
    return start


def share(weight):
    """Of the farm's new connections, with two others of weight 100."""
    return weight / (weight + 200)


def bound(weight):
    """Four times the deviation of drawing the clients, and of drawing the
    ring: HAProxy puts 16 points on it for each part of weight.
    """
    p = share(weight)
    points = 16 * (weight + 200)
    return 4 * math.sqrt(p * (1 - p) * (1 / len(CLIENTS) + 1 / points))


def measured(placed):
    return sum(s == "puppet1" for s in placed.values()) / len(placed)


def moved(before, after):
    """{(from, to): clients}."""
    return Counter((before[c], after[c]) for c in CLIENTS
                   if before[c] != after[c])


def show(weight, before, after):
    """For figure(): what it was to be, how far off it is, and who moved."""
    moves = ", ".join("%d %s -> %s" % (n, *way)
                      for way, n in sorted(moved(before, after).items()))
    return "weight %d%%: %.2f%% of clients, %+.2f%% (at most %.2f%%); %s" % (
        weight, 100 * share(weight),
        100 * (measured(after) - share(weight)), 100 * bound(weight), moves)


def check(weight, before, after, way):
    """The share, and that only puppet1 has gained (1) or lost (0) clients."""
    assert abs(measured(after) - share(weight)) < bound(weight)
    assert moved(before, after), "nothing happens"
    assert {move[way] for move in moved(before, after)} == {"puppet1"}


def test_consistent_hash(start_farm, figure):
    """Up and down; nobody goes from one of the others to the other."""
    farm = start_farm(CONSISTENT)
    start = last = farm.placed()
    full = measured(start)
    assert abs(full - 1 / 3) < bound(100)
    maps = {}
    for weight in farm.steps():
        maps[weight] = farm.placed()
        figure(show(weight, last, maps[weight]))
        check(weight, last, maps[weight], 0 if weight == STEPS[0] else 1)
        last = maps[weight]
    assert measured(maps[5]) < measured(maps[25]) < measured(maps[50]) < full
    farm.order(STEPS[0], *PLAN, "puppet1")
    again = farm.placed()
    check(STEPS[0], last, again, 0)
    assert again == maps[STEPS[0]]
    farm.order(100, "auto", "puppet1")
    assert farm.placed() == start


def test_roundrobin(start_farm, figure):
    """Whoever comes; one more or less, as it depends on whose turn it is."""
    farm = start_farm("balance roundrobin")
    for weight in farm.steps():
        came = Counter(farm.server_of(HOST) for _ in range(2 * (weight + 200)))
        figure("weight %d%%: %s" % (weight, ", ".join(
            "%s %d" % server for server in sorted(came.items()))))
        assert abs(came["puppet1"] - 2 * weight) <= 1
        assert abs(came["puppet2"] - came["puppet3"]) <= 2
