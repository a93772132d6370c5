"""The files of haproxy/, run as they are: what HAProxy makes of an agent's
word with each of them, and where it then sends the clients.

Agents and servers here are threads; usherd has no part in it.
"""

import contextlib
import socket
import ssl
import subprocess
import tempfile
import threading
import urllib.parse
from pathlib import Path

import pytest

from haproxy import HAProxy, program
from ports import HOST
from waiting import DEADLINE, wait_until

FILES = Path(__file__).resolve().parent.parent.parent / "haproxy"
NAMES = ["puppet%d.example.com" % n for n in (1, 2, 3)]
P1, P2, P3 = NAMES
SERVICE = "puppet.example.com"
# Every address of 127/8 is ours: each of these is a client of its own.
CLIENTS = ["127.0.1.%d" % n for n in range(1, 61)]
# What `hash-type consistent` is there for, in these files.
TO_PASTE = ["tcp.cfg", "http.cfg", "add-to-existing.cfg"]


def bound(host, port=0):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((host, port))
    return sock


def bound_alike(*hosts):
    """Sockets on one and the same port of several addresses."""
    socks = [bound(hosts[0])]
    try:
        for host in hosts[1:]:
            socks.append(bound(host, socks[0].getsockname()[1]))
        return socks
    except OSError:  # taken on one of them: another port, then
        return bound_alike(*hosts)


class Listener:
    """Hands each connection to talk(), in a thread.

    `holder` is bound, never listens, and keeps the port ours.
    """

    def __init__(self, holder):
        self.holder = holder
        self.address = holder.getsockname()
        self.sock = socket.create_server(self.address, backlog=64)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection = self.sock.accept()[0]
            except OSError:
                return
            connection.settimeout(DEADLINE)
            threading.Thread(target=self.attend, args=[connection],
                             daemon=True).start()

    def attend(self, connection):
        # The peer may leave, or refuse our certificate.
        with connection, contextlib.suppress(OSError):
            self.talk(connection)

    def refuse(self):
        """Connections are refused from now on; the port stays ours."""
        if self.sock.fileno() >= 0:
            self.sock.shutdown(socket.SHUT_RDWR)  # wakes accept()
            self.sock.close()

    def stop(self):
        self.refuse()
        self.holder.close()


class Agent(Listener):
    """Says its word to whoever connects."""

    word = "up 100%"

    def talk(self, connection):
        connection.sendall(self.word.encode() + b"\n")
        connection.recv(1)


class Server(Listener):
    """A status page over TLS, keeps what it was asked; in clear: its name."""

    def __init__(self, holder, name, identity):
        self.name = name
        self.requests = []
        self.sni = None
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(identity.cert, identity.key)
        self.context.sni_callback = (
            lambda _socket, sni, _context: setattr(self, "sni", sni))
        super().__init__(holder)

    def talk(self, connection):
        if connection.recv(1, socket.MSG_PEEK) != b"\x16":
            connection.sendall(self.name.encode())
            return
        with self.context.wrap_socket(connection, server_side=True) as tls:
            lines = tls.makefile("rb")
            target = lines.readline().decode().split(" ")[1]
            fields = [line.decode().rstrip().split(": ", 1)
                      for line in iter(lines.readline, b"\r\n")]
            headers = {name.lower(): value for name, value in fields}
            self.requests.append((target, headers))
            tls.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nrunning")
            tls.unwrap()


class Paste(HAProxy):
    """HAProxy from one of the files, with the variables that it names."""

    def __init__(self, file, backend, variables):
        self.backend = backend
        self.folder = Path(tempfile.mkdtemp(prefix="usher-"))
        self.output = open(self.folder / "log", "w+b")
        with socket.create_server((HOST, 0), backlog=64) as front:
            self.front = front.getsockname()
            self.process = subprocess.Popen(
                [program(), "-db", "-f", str(FILES / file)],
                stdin=subprocess.DEVNULL, stdout=self.output,
                stderr=self.output, pass_fds=[front.fileno()],
                env={**variables, "PUPPET_BIND": "fd@%d" % front.fileno(),
                     "HAPROXY_SOCKET": str(self.folder / "stats")})
        wait_until(self.ready, self.log)

    def client(self, source=HOST):
        return socket.create_connection(self.front, DEADLINE, (source, 0))

    def server_of(self, source):
        """The name of the server that a client gets to; none: closed."""
        with self.client(source) as sock:
            try:
                sock.sendall(b"who?")
                sock.shutdown(socket.SHUT_WR)
                return sock.recv(100).decode()
            except ConnectionError:
                return ""

    def placed(self):
        return {source: self.server_of(source) for source in CLIENTS}


class Farm:
    """Three servers, their agents, and HAProxys in front of them."""

    def __init__(self, pki, folder, cleanup):
        self.cleanup = cleanup
        self.variables = files_of(pki, folder)
        self.agents = {}
        self.servers = {}
        # As in life: an address for each server, one port for all agents.
        hosts = ["127.0.0.%d" % n for n in range(1, len(NAMES) + 1)]
        for n, holder in enumerate(bound_alike(*hosts), 1):
            name, host = NAMES[n - 1], hosts[n - 1]
            identity = pki.identity(name, [name, SERVICE])
            self.agents[name] = self.keep(Agent(holder))
            self.servers[name] = self.keep(
                Server(bound(host), name, identity))
            self.variables["PUPPET%d" % n] = self.at(name)
            self.variables["USHER%d_PORT" % n] = str(holder.getsockname()[1])
        self.variables["USHER_PORT"] = self.variables["USHER1_PORT"]

    def keep(self, listener):
        self.cleanup.callback(listener.stop)
        return listener

    def at(self, name):
        return "%s:%d" % self.servers[name].address

    def paste(self, file, backend="puppetserver", settled=(P1, P2)):
        """HAProxy, and it has heard the agents of the servers `settled`."""
        haproxy = Paste(file, backend, self.variables)
        self.cleanup.callback(haproxy.stop)
        for name in settled:
            haproxy.wait_is(name, status="UP", last_agt="via agent : up")
        return haproxy


def files_of(pki, folder):
    """The variables that name files."""
    identity = pki.identity(SERVICE)
    bundle = folder / "puppet.pem"
    bundle.write_text(Path(identity.cert).read_text()
                      + Path(identity.key).read_text())
    return {"PUPPET_CA": pki.ca_file, "PUPPET_CRL": pki.crl_file,
            "PUPPET_CRT": str(bundle)}


@pytest.fixture
def farm(pki, tmp_path, cleanup):
    return Farm(pki, tmp_path, cleanup)


@pytest.mark.parametrize("file", sorted(f.name for f in FILES.glob("*.cfg")))
def test_haproxy_has_nothing_to_say_against_the_file(file, pki, tmp_path):
    """Also with the addresses that are written in it."""
    done = subprocess.run([program(), "-c", "-dW", "-f", str(FILES / file)],
                          env=files_of(pki, tmp_path), text=True,
                          capture_output=True, timeout=DEADLINE)
    assert (done.returncode, done.stderr) == (0, "")
    assert "warning" not in done.stdout.lower()


def drain_fail_and_back(haproxy, agent, weight):
    agent.word = "up drain 100% # by alice"
    haproxy.wait_is(P1, status="DRAIN (agent)", adm=8,
                    last_agt="via agent : up (by alice)")
    agent.word = "fail ready 100% # connection refused"
    haproxy.wait_is(P1, status="DOWN (agent)", op=0, adm=0,
                    last_agt="via agent : fail (connection refused)")
    agent.word = "up ready 100%"
    haproxy.wait_is(P1, status="UP", weight=weight, op=2, adm=0)


@pytest.mark.parametrize("file", TO_PASTE)
def test_all_words_are_taken(file, farm):
    haproxy = farm.paste(file)
    farm.agents[P1].word = "up 10% # canary"
    haproxy.wait_is(P1, status="UP", weight=10)
    drain_fail_and_back(haproxy, farm.agents[P1], 100)


@pytest.mark.parametrize("backend, weight", [("no-weight", 1),
                                             ("weight-100", 100)])
def test_the_old_lines_know_in_and_out_and_drain(backend, weight, farm):
    haproxy = farm.paste("old-line.cfg", backend)
    drain_fail_and_back(haproxy, farm.agents[P1], weight)


def test_without_a_weight_ten_per_cent_empties_a_server(farm):
    haproxy = farm.paste("old-line.cfg", "no-weight")
    farm.agents[P1].word = "up 10%"
    haproxy.wait_is(P1, status="UP", weight=0)
    assert P1 not in haproxy.placed().values()


def test_map_based_refuses_ten_per_cent(farm):
    haproxy = farm.paste("old-line.cfg", "weight-100")
    farm.agents[P1].word = "up 10%"
    state = haproxy.wait(P1, lambda s: "static LB" in s["last_agt"])
    assert (state["status"], state["weight"]) == ("UP", 100)


def add_third(haproxy, farm):
    """With two servers a drain leaves no choice; a third makes it a test."""
    haproxy.ask("add server puppetserver/%s %s weight 100 id 3"
                % (P3, farm.at(P3)))
    haproxy.order("enable server puppetserver/" + P3)
    haproxy.wait_is(P3, weight=100, op=2)


def moved(before, after, server):
    """Clients that were not on `server`, and are no longer where they were."""
    return [c for c in CLIENTS if before[c] not in (server, after[c])]


def test_consistent_moves_nobody_elses_clients(farm):
    haproxy = farm.paste("tcp.cfg")
    add_third(haproxy, farm)
    before = haproxy.placed()
    assert set(before.values()) == set(NAMES)
    farm.agents[P1].word = "up drain 100%"
    haproxy.wait_is(P1, status="DRAIN (agent)")
    drained = haproxy.placed()
    assert set(drained.values()) == {P2, P3}
    assert moved(before, drained, P1) == []
    farm.agents[P1].word = "up ready 10%"
    haproxy.wait_is(P1, status="UP", weight=10)
    tenth = haproxy.placed()
    assert moved(before, tenth, P1) == []
    assert list(tenth.values()).count(P1) < list(before.values()).count(P1)
    farm.agents[P1].word = "up ready 100%"
    haproxy.wait_is(P1, weight=100)
    assert haproxy.placed() == before


def test_map_based_moves_other_servers_clients(farm):
    haproxy = farm.paste("old-line.cfg", "no-weight", NAMES)
    before = haproxy.placed()
    farm.agents[P1].word = "up drain 100%"
    haproxy.wait_is(P1, status="DRAIN (agent)")
    others = [c for c in CLIENTS if before[c] != P1]
    assert len(moved(before, haproxy.placed(), P1)) > len(others) / 4
    farm.agents[P1].word = "up ready 100%"
    haproxy.wait_is(P1, status="UP")
    assert haproxy.placed() == before


def test_a_refusing_server_is_left_before_anyone_knows(farm):
    """usherd and check have not noticed yet; the clients get served."""
    haproxy = farm.paste("tcp.cfg")
    farm.servers[P1].refuse()
    assert set(haproxy.placed().values()) == {P2}
    haproxy.wait_is(P1, last_agt="via agent : up")


def test_map_based_tries_the_dead_server_again(farm):
    haproxy = farm.paste("old-line.cfg", "no-weight", NAMES)
    home = {server: client for client, server in haproxy.placed().items()}
    farm.servers[P1].refuse()
    assert haproxy.server_of(home[P1]) == ""
    assert haproxy.server_of(home[P2]) == P2


@pytest.mark.parametrize("file", ["tcp.cfg", "http.cfg"])
def test_the_check_decides_where_no_usherd_is(file, farm):
    for agent in farm.agents.values():
        agent.refuse()
    farm.servers[P1].refuse()
    haproxy = farm.paste(file, settled=())
    haproxy.wait_is(P1, status="DOWN", op=0)
    haproxy.wait_is(P2, status="UP", op=2)


@pytest.mark.parametrize("file", ["tcp.cfg", "http.cfg"])
def test_the_check_wants_the_right_name(file, farm):
    """usherd's "up" doesn't lift a server that the check refuses."""
    farm.variables["PUPPET1"] = farm.variables["PUPPET3"]
    haproxy = farm.paste(file, settled=[P2])
    haproxy.wait_is(P1, status="DOWN", last_agt="via agent : up")
    assert haproxy.stat(P1)["check_status"].lstrip("* ") == "L6RSP"


@pytest.mark.parametrize("file, sni", [("tcp.cfg", P1), ("http.cfg", None)])
def test_the_check_asks_the_status_page(file, sni, farm):
    farm.paste(file)
    server = farm.servers[P1]
    target, headers = wait_until(
        lambda: server.requests, "a request")[0]
    assert (target, headers["host"]) == ("/status/v1/simple", P1)
    assert server.sni == sni


LIES = ("X-Client-Verify: SUCCESS\r\nX-Client-DN: CN=boss\r\n"
        "X-Client-Cert: boss\r\n")


def ask(haproxy, pki, path, identity=None):
    """As an agent of Puppet's, who says who it is, or lies about it."""
    context = ssl.create_default_context(cafile=pki.ca_file)
    if identity:
        context.load_cert_chain(identity.cert, identity.key)
    with haproxy.client() as plain, context.wrap_socket(
            plain, server_hostname=SERVICE) as tls:
        tls.sendall(("GET %s HTTP/1.1\r\nHost: %s\r\n%sConnection: close"
                     "\r\n\r\n" % (path, SERVICE, LIES)).encode())
        return tls.recv(1000)


def claims(farm, path):
    """The headers that the servers saw with this path."""
    [headers] = [headers for server in farm.servers.values()
                 for target, headers in server.requests if target == path]
    return headers


def test_http_says_who_asks(farm, pki):
    haproxy = farm.paste("http.cfg")
    agent = pki.identity("agent.example.com")
    assert b"200 OK" in ask(haproxy, pki, "/known", agent)
    headers = claims(farm, "/known")
    assert headers["x-client-verify"] == "SUCCESS"
    assert headers["x-client-dn"] == "CN=agent.example.com"
    pem = urllib.parse.unquote(headers["x-client-cert"])
    assert ssl.PEM_cert_to_DER_cert(pem) == ssl.PEM_cert_to_DER_cert(
        Path(agent.cert).read_text())


def test_http_believes_nobody_without_a_certificate(farm, pki):
    haproxy = farm.paste("http.cfg")
    assert b"200 OK" in ask(haproxy, pki, "/unknown")
    headers = claims(farm, "/unknown")
    assert headers["x-client-verify"] == "NONE"
    assert not {"x-client-dn", "x-client-cert"} & set(headers)


def test_http_refuses_a_revoked_certificate(farm, pki):
    agent, farm.variables["PUPPET_CRL"] = pki.revoked()
    haproxy = farm.paste("http.cfg")
    try:
        assert ask(haproxy, pki, "/revoked", agent) == b""
    except OSError as error:  # with TLS 1.3 it shows in the first read
        assert "revoked" in str(error).lower()
