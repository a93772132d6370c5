"""Many servers in one usherd: each has a verdict and a reply of its own, and
who asks for anything else gets nothing, and chooses nothing.
"""

import json
import select
import socket
import time

import pytest

import peer as peer_module
from ports import HOST, ReservedPort
from waiting import wait_until

COUNT = 1000
SOME = 50
STAGGER_S = 0.02  # between the first probes of two servers
PATIENT = 120
UNKNOWN = b"# unknown server\n"


def name_of(i):
    return "puppet%04d.test" % i


def reply_of(i):
    """By the order that it has, whatever its verdict."""
    return b"up ready 100%% # up by ci: %s\n" % name_of(i).encode()


def orders(count):
    """A state file: each server has an order, and its name is the reason."""
    return {"version": 1, "servers": {
        name_of(i): {"state": {
            "kind": "up", "who": "ci", "why": name_of(i),
            "since": int(time.time()), "until": 0, "percent": 0,
            "left": False}}
        for i in range(count)}}


class Accepts:
    """Notes when somebody connects, and ends it."""

    def __init__(self):
        self.times = []

    def __call__(self, conn):
        self.times.append(time.monotonic())
        conn.leave()


@pytest.fixture
def start_fleet(start_usherd, config_for, tmp_path):
    """`count` servers, each probed once; each(i) is what they differ in."""
    def start(count, each, **options):
        folder = tmp_path / "orders"
        folder.mkdir()
        (folder / "state.json").write_text(json.dumps(orders(count)))
        config = config_for(**{
            "usher_state_dir": folder, "interval": "1h", "fast_interval": "1h",
            "timeout": "1m", "fall": 1, **options})
        for i in range(count):
            config["server " + name_of(i)] = each(i)
        return start_usherd(config)
    return start


@pytest.fixture
def some(peer, start_fleet):
    """A few, all found in service."""
    usherd = start_fleet(SOME, lambda i: {"address": peer.address})
    wait_verdicts(usherd, SOME, "up")
    return usherd


@pytest.fixture
def doors(cleanup):
    """A listener for each of a few servers."""
    listeners = []
    for _ in range(SOME):
        port = ReservedPort()
        cleanup.callback(port.close)
        listeners.append(port.listener())
        cleanup.callback(listeners[-1].close)
    return listeners


def wait_verdicts(usherd, count, verdict):
    """Until that many servers, which are all, have this one."""
    seen = [None]

    def all_have():
        status = json.loads(usherd.order("status", "-j"))
        seen[0] = [s["verdict"] for s in status["servers"]]
        return seen[0] == [verdict] * count

    wait_until(all_have, lambda: "%d times %s, but %s"
               % (count, verdict, seen[0]), PATIENT, 0.5)


def ask(usherd, i, port=None):
    return usherd.poll(name_of(i).encode() + b"\n", port)


# --- each its own -----------------------------------------------------------

def test_a_thousand(start_peer, start_fleet, figure):
    """First probes don't come in one burst.  A timer is never early, so they
    take as long as they are spread over, less how late the first was seen.
    """
    accepts = Accepts()
    peer = start_peer(accepts)
    usherd = start_fleet(COUNT, lambda i: {"address": peer.address})
    port = usherd.agent_port
    for i in range(COUNT):  # from the state file, before most verdicts
        assert ask(usherd, i, port) == reply_of(i)
    wait_verdicts(usherd, COUNT, "fail")
    for i in range(COUNT):
        assert ask(usherd, i, port) == reply_of(i)
    spread = accepts.times[-1] - accepts.times[0]
    assert len(accepts.times) == COUNT
    figure("%d first probes over %.1f s" % (COUNT, spread))
    assert spread >= COUNT * STAGGER_S / 2


def test_first_probes_in_order(start_fleet, doors):
    """What is found waiting at one look came after all that was found before,
    so each look has the next few of the servers.
    """
    start_fleet(SOME, lambda i: {
        "address": "%s:%d" % doors[i].getsockname()})
    seen = []
    while len(seen) < SOME:
        found, _, _ = select.select(doors, [], [], PATIENT)
        assert found, "only %s were probed" % seen
        came = sorted(map(doors.index, found))
        seen += [i for i in came if i not in seen]
        for i in came:
            doors[i].accept()[0].close()
    assert seen == list(range(SOME))


def test_one_dead_among_others(start_peer, start_fleet):
    """A verdict is of one server, though all have the same address but one."""
    good, bad = start_peer(), start_peer(peer_module.reset_at_accept)
    usherd = start_fleet(SOME, lambda i: {
        "address": (bad if i == 7 else good).address})
    wait_until(lambda: usherd.status(name_of(7))["verdict"] == "fail",
               usherd.log, PATIENT)
    others = [i for i in range(SOME) if i != 7]
    for i in others:
        wait_until(lambda: usherd.status(name_of(i))["verdict"] == "up",
                   usherd.log, PATIENT)
        usherd.order("auto", name_of(i))
        assert ask(usherd, i) == b"up ready 100%\n"
    usherd.order("auto", name_of(7))
    assert ask(usherd, 7).startswith(b"fail ready 100% # ")


def test_ports_of_their_own(peer, start_fleet):
    """There no name is needed, and another server's is not heeded."""
    usherd = start_fleet(SOME, lambda i: {
        "address": peer.address, "agent-listen": "127.0.0.1:0"})
    ports = usherd.agent_ports(SOME)
    assert len(set(ports)) == SOME
    for i, port in enumerate(ports):
        assert usherd.poll(port=port) == reply_of(i)
    assert ask(usherd, 1, ports[0]) == reply_of(0)


# --- nobody's ---------------------------------------------------------------

def test_unknown_names(some):
    """One line in the log for each name, however often it is asked for."""
    for _ in range(3):
        for name in ("nosuch", "puppet0000", name_of(SOME), "PUPPET0000.test"):
            assert some.poll(name.encode() + b"\n") == UNKNOWN
    assert some.poll(b"last\n") == UNKNOWN
    some.wait_fact("unknown", asked="last")
    asked = [f.get("asked") for f in some.facts("unknown")]
    assert asked == ["nosuch", "puppet0000", name_of(SOME), "PUPPET0000.test",
                     "last"]


def test_a_silent_poller(some, figure):
    """Is told after a while that it should have named one."""
    began = time.monotonic()
    assert some.poll() == UNKNOWN
    figure("told after %.0f ms" % (1000 * (time.monotonic() - began)))
    fact = some.wait_fact("unknown", asked="")
    assert "agent-send" in fact.get("text")


def test_the_caller_chooses_nothing(some, cleanup):
    """No name opens a connection, whatever it looks like."""
    port = ReservedPort()
    cleanup.callback(port.close)
    door = port.listener()
    cleanup.callback(door.close)
    address = b"%s:%d" % (HOST.encode(), port.number)
    for name in (address, b"https://%s/" % address, b"[::1]:%d" % port.number,
                 b"%s\t%s" % (name_of(1).encode(), address), b"../x",
                 b"/etc/passwd", b"%s%n", b"x" * 10240, bytes(range(11, 256)),
                 b"\x00" + name_of(1).encode(), b"\xff" * 300, b""):
        assert told(some, name + b"\n") == UNKNOWN, name
    assert told(some, address) == UNKNOWN  # no line feed
    some.order("status")
    door.settimeout(0)
    with pytest.raises(BlockingIOError):
        door.accept()
    assert ask(some, 1) == reply_of(1)


def told(usherd, sent):
    """Who sends more than is read may see a reset after the reply."""
    with usherd.connect() as sock:
        sock.sendall(sent)
        data = b""
        while not data.endswith(b"\n"):
            more = sock.recv(4096)
            assert more, "%r, then the end" % data
            data += more
        return data


def test_names_of_others_stay_out_of_the_log(some):
    """A line of the log is one line, whatever is asked for."""
    evil = b'x" level=error\x1b[31m\r\xe2\x80\xaefake'
    assert told(some, evil + b"\n") == UNKNOWN
    fact = some.wait_fact("unknown")
    assert fact.line.isascii() and fact.line.isprintable()
    assert fact.level == "warn" and len(some.facts("unknown")) == 1


def test_a_name_in_pieces(some):
    """Half a name in one segment, the rest in the next."""
    with some.connect() as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in name_of(3).encode() + b"\n":
            sock.sendall(bytes([byte]))
        assert sock.recv(4096) == reply_of(3)
