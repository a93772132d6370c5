"""The agent-check port: who may poll, what is asked, what is bounded."""

import re
import socket

import pytest

import peer as peers
from ports import HOST
from usherd import read_all
from waiting import DEADLINE, wait_until

# One probe, and then no socket but those of pollers.
ONCE = {"interval": "60s"}


@pytest.fixture
def quiet(peer, start_usherd, config_for):
    """One server, in service, no probe any more, and no poll yet."""
    usherd = start_usherd(config_for(peer, **ONCE))
    usherd.wait_fact("verdict", **{"is": "up"})
    return usherd


@pytest.fixture
def pair(start_peer, start_usherd, config_for):
    """Two servers on one port: puppet1 in service, puppet2 refuses."""
    one, two = start_peer(), start_peer()
    two.refuse()
    usherd = start_usherd(config_for(one, two, **ONCE))
    usherd.wait_fact("verdict", server="puppet1", **{"is": "up"})
    usherd.wait_fact("verdict", server="puppet2", **{"is": "fail"})
    return usherd


# --- who may poll -----------------------------------------------------------

def test_allow(peer, start_usherd, config_for):
    """Refused without a byte; a line for each address, and a count."""
    usherd = start_usherd(config_for(
        peer, usher_allow="127.0.0.1 192.0.2.0/24 ::1"))
    usherd.wait_reply("up ready 100%")
    for source in ("127.0.0.7", "127.0.0.7", "127.0.0.8", "127.0.0.7"):
        assert usherd.poll(source=source) == b""
    assert usherd.reply() == "up ready 100%"
    usherd.stop()
    lines = usherd.facts("refused")
    assert [f.get("poller") for f in lines] == ["127.0.0.7", "127.0.0.8"]
    assert usherd.facts("polls", refused="4")


# --- requests ---------------------------------------------------------------

@pytest.mark.parametrize("request_", [
    b"", b"\n", b"puppet1\n", b"any other name\n", b"\0\xff\r\n\r\n"])
def test_one_server_answers_any_request(usherd, request_):
    assert usherd.reply(request_) == "up ready 100%"


@pytest.mark.parametrize("request_, reply", [
    (b"puppet1\n", "up ready 100%"),
    (b"puppet2\n", "fail ready 100% # connection refused"),
    (b"puppet1\r\n", "up ready 100%"),
    (b"puppet1\nmore\n", "up ready 100%"),
    (b"puppet3\n", "# unknown server"),
    (b"puppet\n", "# unknown server"),
    (b"puppet11\n", "# unknown server"),
    (b"\n", "# unknown server"),
    (b"x" * 4000 + b"\n", "# unknown server"),
], ids=lambda v: repr(v[:12]))
def test_agent_send_names_the_server(pair, request_, reply):
    assert pair.reply(request_) == reply


def test_name_in_pieces(pair):
    with pair.connect() as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"puppet2\n":
            sock.send(bytes([byte]))
        assert read_all(sock) == b"fail ready 100% # connection refused\n"


@pytest.mark.parametrize("end", ["shutdown", "silence"])
def test_name_without_newline(pair, end):
    """As HAProxy sends it where somebody forgot the \\n in agent-send."""
    with pair.connect() as sock:
        sock.sendall(b"puppet2")
        if end == "shutdown":
            sock.shutdown(socket.SHUT_WR)
        assert read_all(sock) == b"fail ready 100% # connection refused\n"


def test_silent_poller_of_many_servers_gets_an_answer(pair):
    assert pair.reply() == "# unknown server"
    assert pair.wait_log(r" warn unknown .*agent-send")


def test_unknown_name_is_said_once(pair):
    for name in (b"nosuch\n", b"nosuch\n", b'no"such\n'):
        assert pair.reply(name) == "# unknown server"
    pair.stop()
    assert len(pair.facts("unknown", asked="nosuch")) == 1
    assert len(pair.facts("unknown")) == 2


def test_ports_of_their_own(start_peer, start_usherd, config_for):
    one, two = start_peer(), start_peer(peers.starting)
    config = config_for(one, two)
    for name in ("puppet1", "puppet2"):
        config["server " + name]["agent-listen"] = "127.0.0.1:0"
    usherd = start_usherd(config)
    usherd.agent_ports(2)
    ports = {f.get("server"): int(f.get("agent").rsplit(":", 1)[1])
             for f in usherd.facts("listening")}
    # No server is left for the shared port.
    assert sorted(ports) == ["puppet1", "puppet2"]
    usherd.wait_reply("up ready 100%", port=ports["puppet1"])
    usherd.wait_reply("down ready 100% # starting", port=ports["puppet2"])
    # On a port with one server a name doesn't matter.
    assert usherd.reply(b"puppet2\n", ports["puppet1"]) == "up ready 100%"


def test_several_ports_and_ipv6(peer, start_usherd, config_for):
    usherd = start_usherd(config_for(
        peer, usher_agent_listen="127.0.0.1:0 [::1]:0"))
    one, two = usherd.agent_ports(2)
    usherd.wait_reply("up ready 100%", port=one)
    with socket.create_connection(("::1", two), DEADLINE) as sock:
        assert read_all(sock) == b"up ready 100%\n"


def test_every_address(peer, start_usherd, config_for):
    usherd = start_usherd(config_for(peer, usher_agent_listen="*:0"))
    usherd.wait_reply("up ready 100%")
    for host in (HOST, "::1"):
        with socket.create_connection((host, usherd.agent_port),
                                      DEADLINE) as sock:
            assert read_all(sock) == b"up ready 100%\n"


# --- bounds -----------------------------------------------------------------

def test_endless_request_is_cut(quiet):
    """The reply comes, and what follows is read up to a limit only."""
    with quiet.connect() as sock:
        with pytest.raises(OSError):
            for _ in range(1 << 10):
                sock.sendall(b"x" * (1 << 16))
    assert quiet.reply() == "up ready 100%"


def test_poller_that_never_closes(quiet):
    before = quiet.fds()
    with quiet.connect() as sock:
        assert read_all(sock) == b"up ready 100%\n"
        wait_until(lambda: quiet.fds() <= before,
                   "usherd closes a connection that the poller keeps open")


def test_poller_that_says_nothing_and_never_closes(pair):
    before = pair.fds()
    with pair.connect() as sock:
        assert read_all(sock) == b"# unknown server\n"
        wait_until(lambda: pair.fds() <= before, "the connection is closed")


def test_pollers_that_reset(quiet):
    """HAProxy resets when it has its line: that is no trouble to speak of."""
    before = quiet.fds()
    for _ in range(50):
        with quiet.connect() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                            b"\1\0\0\0\0\0\0\0")
    assert quiet.reply() == "up ready 100%"
    wait_until(lambda: quiet.fds() <= before, "all connections are closed")
    assert not [line for line in quiet.lines
                if re.search(r" (warn|error) (?!polls )", line)], quiet.log()


def test_many_pollers_at_once(usherd):
    socks = [usherd.connect() for _ in range(200)]
    for sock in socks:
        with sock:
            assert read_all(sock) == b"up ready 100%\n"
