"""Who can reach a port of usherd and means ill: the balancers get their
answers all the same, and afterwards nothing is left.

Figures are what the polls meanwhile took, and what it cost in memory.
"""

import contextlib
import selectors
import socket

import pytest

import endless
import peer as peers
from polls import Polls, forget_peak, peak_kb, rss_kb
from ports import HOST
from renegotiator import Renegotiator
from usherd import read_all
from waiting import DEADLINE, wait_until

MANY, WAVE = 10000, 500  # connections, and of them at once
SOURCES = ["127.0.0.%d" % n for n in range(16, 32)]  # of who means ill
OUTSIDE = ["127.0.0.%d" % n for n in range(64, 80)]
ALLOW = "127.0.0.1 127.0.0.16/28"
UP = "up ready 100%"
CONNECTIONS_MAX = 1024  # of a listener, as lib/serve.h has it
# More than it may grow; sanitizers need the most.
FLOOD_KB, ANSWER_KB = 32 * 1024, 16 * 1024


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
        usherd.wait_reply(UP, name)
    return usherd


@pytest.fixture
def besieged(figure):
    @contextlib.contextmanager
    def begin(usherd, most_kb=FLOOD_KB):
        """Polls go on; then all is as it was before."""
        fds = usherd.fds()
        with contextlib.ExitStack() as hostile:
            polls = Polls(usherd, "puppet1", UP)
            hostile.callback(polls.process.kill)
            usherd.wait_poller(HOST, lambda p: p["polls"] > 50, "puppet1")
            before = rss_kb(usherd)
            forget_peak(usherd)
            polls.begin()
            yield hostile
            held = usherd.fds() - fds
            polls.finish()
        peak = peak_kb(usherd)
        figure("%s; RSS %d KB, peak %d; %d connections held"
               % (polls, before, peak, held))
        polls.check()
        assert held <= 2 * CONNECTIONS_MAX + 8
        assert peak - before < most_kb
        wait_until(lambda: usherd.fds() <= fds,
                   lambda: "%d descriptors, were %d" % (usherd.fds(), fds))
    return begin


def socket_of(hostile, source):
    sock = hostile.enter_context(socket.socket())
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((source, 0))
    return sock


def connect(hostile, port, source):
    sock = socket_of(hostile, source)
    sock.connect((HOST, port))
    return sock


def waves(port, sources):
    """MANY connections; those of a wave are opened at once, none waits for
    another, and closed at once.
    """
    for n in range(MANY // WAVE):
        with contextlib.ExitStack() as wave:
            socks = [socket_of(wave, sources[n % len(sources)])
                     for _ in range(WAVE)]
            for sock in socks:
                sock.setblocking(False)
                sock.connect_ex((HOST, port))
            yield socks


def wait_cut(socks):
    """Until each has been closed, without a byte."""
    with selectors.DefaultSelector() as ready:
        for sock in socks:
            ready.register(sock, selectors.EVENT_READ)
        while ready.get_map():
            found = ready.select(DEADLINE)
            assert found, "%d are not cut" % len(ready.get_map())
            for key, _ in found:
                assert read_all(key.fileobj) == b""
                ready.unregister(key.fileobj)


@pytest.mark.parametrize("kind", ["agent", "http"])
def test_silent_connections(site, besieged, kind):
    """Ten thousand, from addresses that may ask; all stay open there."""
    port = site.ports(kind)[0]
    with besieged(site) as hostile:
        for n in range(MANY):
            connect(hostile, port, SOURCES[n % len(SOURCES)])


def test_one_source_and_no_end(site, besieged):
    """Opened and left again and again: each takes the place of another."""
    port = site.agent_port
    with besieged(site):
        for _ in waves(port, SOURCES[:1]):
            pass


def test_flood_from_outside(site, besieged):
    """Closed without a byte, as fast as they come."""
    port = site.agent_port
    with besieged(site):
        for socks in waves(port, OUTSIDE):
            wait_cut(socks)


@pytest.mark.parametrize("kind, letter", [("agent", b"x"), ("http", b"G")])
def test_byte_by_byte(site, besieged, kind, letter):
    """Five hundred that send one byte after the other until they are cut."""
    port = site.ports(kind)[0]
    with besieged(site) as hostile:
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

DEEP = b"[" * 100000
CHUNKED = peers.head("200 OK", "Content-Type: application/json",
                     "Transfer-Encoding: chunked")
# What each sends, and the word of such a probe.
SERVERS = {
    "a gigabyte and more": (endless.answer(
        peers.head("200 OK", "Connection: close"), b"x" * 65536), "http"),
    "endless headers": (
        endless.answer(b"HTTP/1.1 200 OK\r\n", b"X-More: x\r\n" * 99), "http"),
    "one endless header": (
        endless.answer(b"HTTP/1.1 200 OK\r\nX: ", b"x" * 65536), "http"),
    "endless 1xx": (endless.interim, "http"),
    "a chunk of 2^60 bytes": (
        peers.raw(CHUNKED + b"fffffffffffffff\r\nx"), "http"),
    "endless chunks of one byte": (
        endless.answer(CHUNKED, b"1\r\nx\r\n" * 999), "http"),
    "endless chunk extension": (
        endless.answer(CHUNKED + b"1;", b"x" * 65536), "http"),
    "endless trailers": (
        endless.answer(CHUNKED + b"0\r\n", b"X: x\r\n" * 999), "http"),
    "silence in place of a handshake": (endless.silent, "busy"),
    "a handshake byte by byte": (endless.drip_handshake, "busy"),
    "endless warnings": (endless.warnings, "tls"),
    "endless HelloRequests": (endless.hello_requests, "tls"),
    "silence after the handshake": (endless.silent_after_tls, "busy"),
}


@pytest.mark.parametrize("behaviour, word", SERVERS.values(), ids=SERVERS)
def test_server(start_peer, start_usherd, config_for, besieged, behaviour,
                word):
    """One of two is hostile; nothing is heard of it at the other."""
    evil = start_peer(behaviour)
    evil.refuse()
    usherd = start_usherd(config_for(
        start_peer(), evil, usher_allow=ALLOW, timeout="2s"))
    usherd.wait_reply(UP, b"puppet1\n")
    usherd.wait_reply("fail ready 100% # connection refused", b"puppet2\n")
    with besieged(usherd, ANSWER_KB):
        evil.listen()
        usherd.wait_fact("probe", server="puppet2", word=word)
        usherd.wait_reply("fail ready 100% # (?!connection refused).*",
                          b"puppet2\n")
        evil.wait_more(3)
        said = usherd.facts("probe", server="puppet2")
        assert {f.get("word") for f in said} == {"refused", word}, said
        evil.refuse()


def test_deep_json(start_peer, start_usherd, config_for, besieged):
    """100,000 deep, as the figures of its JRubies."""
    evil = start_peer()
    usherd = start_usherd(config_for(
        start_peer(), evil, usher_allow=ALLOW, weight="jruby"))
    for name in (b"puppet1\n", b"puppet2\n"):
        usherd.wait_reply("up ready 100%.*", name)
    with besieged(usherd, ANSWER_KB):
        evil.metrics = lambda service: ("200 OK", "application/json", DEEP)
        evil.wait_more(5)


def test_renegotiation(pki, start_peer, start_usherd, config_for, cleanup,
                       besieged):
    """Asked for another handshake amid the answer: refused, and so told."""
    evil = Renegotiator(pki.good)
    cleanup.callback(evil.stop)
    usherd = start_usherd(config_for(
        start_peer(), evil, usher_allow=ALLOW, timeout="2s"))
    usherd.wait_reply(UP, b"puppet1\n")
    with besieged(usherd, ANSWER_KB):
        evil.wait_refused(5)
        usherd.wait_reply("fail ready 100% # TLS .*", b"puppet2\n")
    assert usherd.facts("probe", server="puppet2", word="tls"), usherd.log()
