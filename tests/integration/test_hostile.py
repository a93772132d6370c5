"""Who can reach a port of usherd and means ill: the balancers get their
answers all the same, and afterwards nothing is left.

Each attack prints what the polls meanwhile took, and what it cost in memory.
"""

import contextlib
import selectors
import socket

import pytest

import peer as peers
from polls import Polls, rss_kb
from ports import HOST
from renegotiator import Renegotiator
from usherd import read_all
from waiting import wait_until

MANY = 10000
SOURCES = ["127.0.0.%d" % n for n in range(16, 32)]  # of who means ill
OUTSIDE = "127.0.0.99"
ALLOW = "127.0.0.1 127.0.0.16/28"
CONNECTIONS_MAX = 1024  # of a listener, as lib/serve.h has it
RSS_KB = 32 * 1024      # more than it may grow; sanitizers need the most


@pytest.fixture(autouse=True)
def no_quarantine(monkeypatch):
    """A sanitizer keeps what was freed; here that would look like a leak."""
    monkeypatch.setenv("ASAN_OPTIONS", "quarantine_size_mb=1")


@pytest.fixture
def site(start_peer, start_usherd, config_for):
    """Two servers on one port, which waits for the name of one."""
    usherd = start_usherd(config_for(
        start_peer(), start_peer(), usher_allow=ALLOW,
        usher_http_listen=HOST + ":0"))
    for name in (b"puppet1\n", b"puppet2\n"):
        usherd.wait_reply("up ready 100%", name)
    return usherd


@contextlib.contextmanager
def besieged(usherd, name):
    """Polls go on; then all is as it was before."""
    fds, before = usherd.fds(), rss_kb(usherd)
    with contextlib.ExitStack() as hostile:
        polls = Polls(usherd, "puppet1", "up ready 100%")
        hostile.callback(polls.process.kill)
        usherd.wait_poller(HOST, lambda p: p["polls"] > 50, "puppet1")
        yield hostile
        held, at_most = usherd.fds() - fds, rss_kb(usherd)
        polls.finish()
    print("\n%s: %s; RSS %d -> %d KB, %d connections held"
          % (name, polls, before, at_most, held))
    assert not polls.wrong, polls.wrong[:3]
    assert held <= 2 * CONNECTIONS_MAX + 8
    assert at_most - before < RSS_KB
    wait_until(lambda: usherd.fds() <= fds,
               lambda: "%d descriptors, were %d" % (usherd.fds(), fds))


def connect(hostile, port, source):
    sock = hostile.enter_context(socket.socket())
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((source, 0))
    sock.connect((HOST, port))
    return sock


@pytest.mark.parametrize("kind", ["agent", "http"])
def test_silent_connections(site, kind):
    """Ten thousand, from addresses that may ask; all stay open there."""
    port = site.ports(kind)[0]
    with besieged(site, "10,000 silent connections to " + kind) as hostile:
        for n in range(MANY):
            connect(hostile, port, SOURCES[n % len(SOURCES)])


def test_one_source_and_no_end(site):
    """Opened and left again and again: each takes the place of another."""
    port = site.agent_port
    with besieged(site, "10,000 connections that come and go") as hostile:
        for _ in range(MANY):
            with contextlib.ExitStack() as brief:
                connect(brief, port, SOURCES[0])
        del hostile


def test_flood_from_outside(site):
    """Closed without a byte, as fast as they come."""
    port = site.agent_port
    with besieged(site, "5,000 connections from outside allow"):
        for _ in range(MANY // 2):
            with contextlib.ExitStack() as brief:
                sock = connect(brief, port, OUTSIDE)
                assert read_all(sock) == b""


@pytest.mark.parametrize("kind, letter", [("agent", b"x"), ("http", b"G")])
def test_byte_by_byte(site, kind, letter):
    """Five hundred that send one byte after the other until they are cut."""
    port = site.ports(kind)[0]
    with besieged(site, "500 that dribble to " + kind) as hostile:
        alive = {connect(hostile, port, SOURCES[n % len(SOURCES)])
                 for n in range(500)}
        with selectors.DefaultSelector() as ready:
            for sock in alive:
                ready.register(sock, selectors.EVENT_READ)
            wait_until(lambda: dribble(alive, ready, letter),
                       lambda: "%d are not cut" % len(alive), 60, 0.05)


def dribble(alive, ready, letter):
    """One byte more from each; true once all are at their end."""
    for key, _ in ready.select(0):
        with contextlib.suppress(OSError):
            if key.fileobj.recv(4096):
                continue
        ready.unregister(key.fileobj)
        alive.discard(key.fileobj)
    for sock in alive:
        with contextlib.suppress(OSError):
            sock.send(letter)
    return not alive


# --- in place of Puppet Server ----------------------------------------------

def endless(first, more):
    """After the handshake `first`, and then `more` for ever."""
    def behave(conn):
        conn.tls()
        conn.request()
        conn.send(first)
        while True:
            conn.send(more)
    return behave


DEEP = b"[" * 100000
CHUNKED = peers.head("200 OK", "Content-Type: application/json",
                     "Transfer-Encoding: chunked")
SERVERS = {
    "a gigabyte and more": endless(
        peers.head("200 OK", "Connection: close"), b"x" * 65536),
    "endless headers": endless(b"HTTP/1.1 200 OK\r\n", b"X-More: x\r\n" * 99),
    "one endless header": endless(b"HTTP/1.1 200 OK\r\nX: ", b"x" * 65536),
    "endless 1xx": peers.endless_interim,
    "a chunk of 2^60 bytes": peers.raw(CHUNKED + b"fffffffffffffff\r\nx"),
    "endless chunks of one byte": endless(CHUNKED, b"1\r\nx\r\n" * 999),
    "endless chunk extension": endless(CHUNKED + b"1;", b"x" * 65536),
    "endless trailers": endless(CHUNKED + b"0\r\n", b"X: x\r\n" * 999),
    "a handshake that never ends": peers.silent,
    "no end after the handshake": peers.silent_after_tls,
}


@pytest.mark.parametrize("behaviour", SERVERS.values(), ids=SERVERS)
def test_server(start_peer, start_usherd, config_for, behaviour, request):
    """One of two is hostile; nothing is heard of it at the other."""
    evil = start_peer(behaviour)
    usherd = start_usherd(config_for(
        start_peer(), evil, usher_allow=ALLOW, timeout="2s"))
    usherd.wait_reply("up ready 100%", b"puppet1\n")
    with besieged(usherd, request.node.callspec.id):
        evil.wait_more(3)
        evil.refuse()
        usherd.wait_reply("fail ready 100% # .*", b"puppet2\n")


def test_deep_json(start_peer, start_usherd, config_for):
    """100,000 deep, as the figures of its JRubies."""
    evil = start_peer()
    evil.metrics = lambda service: ("200 OK", "application/json", DEEP)
    usherd = start_usherd(config_for(
        start_peer(), evil, usher_allow=ALLOW, weight="jruby"))
    for name in (b"puppet1\n", b"puppet2\n"):
        usherd.wait_reply("up ready 100%.*", name)
    with besieged(usherd, "JSON 100,000 deep"):
        evil.wait_more(5)


def test_renegotiation(pki, start_peer, start_usherd, config_for, cleanup):
    """Asked for another handshake amid the answer: refused, and so told."""
    evil = Renegotiator(pki.good)
    cleanup.callback(evil.stop)
    usherd = start_usherd(config_for(
        start_peer(), evil, usher_allow=ALLOW, timeout="2s"))
    usherd.wait_reply("up ready 100%", b"puppet1\n")
    with besieged(usherd, "renegotiation"):
        evil.wait_refused(5)
        usherd.wait_reply("fail ready 100% # TLS .*", b"puppet2\n")
    assert usherd.facts("probe", server="puppet2", word="tls"), usherd.log()
