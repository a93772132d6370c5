"""A scripted TLS peer in place of a Puppet Server.

What it does with a connection is its `behaviour`: a function that is given the
Conn, looked up at each accept, so that a test changes it while usherd probes.
Those that never end are in endless.py.
"""

import contextlib
import select
import socket
import ssl
import struct
import threading
from pathlib import Path
from typing import NamedTuple

import jruby
from ports import HOST, ReservedPort
from waiting import wait_until

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
MIB = 1 << 20


class Request(NamedTuple):
    """What came, and in which kind of session: SNI, resumed or not."""

    target: str
    headers: dict
    sni: str
    resumed: bool


# --- contexts ---------------------------------------------------------------

def context(identity):
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ctx.load_cert_chain(identity.cert, identity.key)
    return ctx


def session_ids_only(identity):
    """TLS 1.2 that resumes by session ID: the server keeps the sessions."""
    ctx = context(identity)
    ctx.maximum_version = ssl.TLSVersion.TLSv1_2
    ctx.options |= ssl.OP_NO_TICKET
    return ctx


def tls11_only(identity):
    ctx = context(identity)
    ctx.set_ciphers("ALL:@SECLEVEL=0")
    ctx.minimum_version = ssl.TLSVersion.TLSv1_1
    ctx.maximum_version = ssl.TLSVersion.TLSv1_1
    return ctx


def demanding_client(identity, ca_file):
    ctx = session_ids_only(identity)
    ctx.load_verify_locations(ca_file)
    ctx.verify_mode = ssl.CERT_REQUIRED
    return ctx


# --- one connection ---------------------------------------------------------

class Conn:
    """One connection, as a behaviour sees it."""

    def __init__(self, peer, sock):
        self.peer = peer
        self.sock = sock
        self.sni = None

    def tls(self):
        """Handshake.  One that fails leaves the alert time to arrive."""
        ctx = self.peer.context
        ctx.sni_callback = self.on_sni
        try:
            self.sock = ctx.wrap_socket(self.sock, server_side=True,
                                        do_handshake_on_connect=False)
            self.sock.do_handshake()
        except OSError:
            self.peer.count("failed")
            self.leave()
            raise
        resumed = self.sock.session_reused
        self.peer.count("resumed" if resumed else "full")
        if not resumed:
            self.peer.note_client(self.sock.getpeercert())

    def on_sni(self, sock, name, ctx):
        # One context serves all threads; the right Conn is known by its fd.
        conn = self.peer.conn_of(sock.fileno())
        if conn is not None:
            conn.sni = name

    def hello(self):
        """The first record as it is: a client that begins a handshake."""
        head = self.sock.recv(5, socket.MSG_WAITALL)
        self.sock.recv(int.from_bytes(head[3:5], "big"), socket.MSG_WAITALL)

    def request(self):
        data = b""
        while b"\r\n\r\n" not in data:
            more = self.sock.recv(4096)
            if not more:
                raise ConnectionError("no request")
            data += more
        return self.note(data.decode("ascii"))

    def note(self, text):
        lines = text.split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:] if line)
        request = Request(lines[0], {k.lower(): v for k, v in headers.items()},
                          self.sni, self.sock.session_reused)
        self.peer.note_request(request)
        return request

    def send(self, data):
        self.sock.sendall(data)

    def close(self):
        """close_notify, then wait for the client to go."""
        self.sock.settimeout(0)
        try:
            self.sock.unwrap()
        except OSError:
            pass  # The client's close_notify isn't waited for.
        self.sock.settimeout(None)
        self.leave()

    def leave(self):
        """FIN without close_notify; unread bytes would make it a RST."""
        try:
            self.sock.shutdown(socket.SHUT_WR)
            self.drain()
        except OSError:
            pass

    def drain(self):
        """Below TLS, read and forget until the client has gone."""
        while socket.socket.recv(self.sock, 65536):
            pass

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack("ii", 1, 0))
        self.sock.close()

    def pause(self, seconds):
        """False once the client has gone, or the peer is being stopped."""
        readable, _, _ = select.select([self.sock], [], [], seconds)
        return not readable


# --- behaviours -------------------------------------------------------------

def raw(data):
    """Answer `data` as it is, then close cleanly."""
    def behave(conn):
        conn.tls()
        conn.request()
        conn.send(data)
        conn.close()
    return behave


def recorded(name):
    """Answer what a real Puppet Server answered (tests/fixtures)."""
    return raw((FIXTURES / name).read_bytes())


def head(status, *headers):
    return "\r\n".join(("HTTP/1.1 " + status,
                        "Date: Sun, 22 Nov 2026 21:24:22 GMT",
                        *headers, "", "")).encode()


def chunked(status, body, kind="text/plain"):
    return (head(status, "Content-Type: %s;charset=utf-8" % kind,
                 "Vary: Accept-Encoding, User-Agent",
                 "Transfer-Encoding: chunked") +
            b"%X\r\n%s\r\n0\r\n\r\n" % (len(body), body))


def until_close(status, body, kind="text/plain"):
    return head(status, "Connection: close",
                "Content-Type: %s;charset=utf-8" % kind,
                "Vary: Accept-Encoding, User-Agent") + body


def sized(status, body, *headers):
    return head(status, "Connection: close", *headers,
                "Content-Length: %d" % len(body)) + body


def simple(status, body):
    """Answer as Puppet Server does: never a Content-Length, and one request
    after the other.  Who asks for JRubies is told what peer.metrics says.
    """
    def behave(conn):
        conn.tls()
        with contextlib.suppress(ConnectionError):  # no request any more
            while answer(conn, (status, "text/plain", body)):
                pass
        # Without that OpenSSL wouldn't let the session be resumed.
        conn.close()
    return behave


def answer(conn, page):
    """One request; False when the connection isn't kept."""
    request = conn.request()
    service = jruby.asked_for(request.target)
    said = conn.peer.metrics(service) if service else page
    if said is None:
        conn.drain()
        return False
    status, kind, body = said
    close = request.headers.get("connection", "").lower() == "close"
    conn.send((until_close if close else chunked)(status, body, kind))
    return not close


running = simple("200 OK", b"running")
starting = simple("503 Service Unavailable", b"starting")
stopping = simple("503 Service Unavailable", b"stopping")
error = simple("503 Service Unavailable", b"error")
unknown = simple("503 Service Unavailable", b"unknown")
not_found = simple("404 Not Found", b"not found: nosuch")
forbidden = raw(sized("403 Forbidden", b"Forbidden request: /status/v1"))
unavailable = raw(sized("503 Service Unavailable", b"<h1>503</h1>"))
server_error = raw(sized("500 Server Error", b"<h1>500</h1>"))
redirect = raw(sized("301 Moved Permanently", b"",
                     "Location: https://puppet.test:8140/"))
garbage = raw(b"\x00\xff\x16SSH-2.0-OpenSSH_9.2\r\n\r\nrunning")
short_length = raw(head("200 OK", "Content-Length: 9") + b"running")
huge_body = raw(until_close("200 OK", b"running " * (MIB // 2)))
huge_header = raw(head("200 OK", "X-Huge: " + "x" * MIB) + b"running")
many_headers = raw(head("200 OK", *("X-%d: x" % i for i in range(100000))))


def truncated(conn):
    """Half a body, and no close_notify."""
    conn.tls()
    conn.request()
    conn.send(until_close("200 OK", b"runn"))
    conn.leave()


def cut_whole(conn):
    """The whole body, but nothing says that it was whole."""
    conn.tls()
    conn.request()
    conn.send(until_close("200 OK", b"running"))
    conn.leave()


def plain_http(conn):
    conn.send(sized("400 Bad Request", b"You speak TLS to a plain port"))
    conn.leave()


def reset_at_accept(conn):
    conn.reset()


def reset_after_tls(conn):
    conn.tls()
    conn.request()
    conn.reset()


# --- the peer ---------------------------------------------------------------

class Peer:
    """Listens on a port of its own; the port stays its own while refusing."""

    def __init__(self, ctx, behaviour=running):
        self.context = ctx
        self.behaviour = behaviour
        self.metrics = jruby.figures()  # see jruby.py
        self.lock = threading.Lock()
        self.counts = dict.fromkeys(
            ("connections", "full", "resumed", "failed"), 0)
        self.requests = []
        self.clients = []  # common names of client certificates
        self.conns = {}    # by file descriptor
        self.threads = []
        self.errors = []
        self.listener = None
        self.reserved = ReservedPort()
        self.port = self.reserved.number
        self.address = "%s:%d" % (HOST, self.port)
        self.listen()

    def listen(self):
        self.listener = self.reserved.listener()
        self.spawn(self.accept_all, self.listener)

    def refuse(self):
        """Who connects from now on is refused.  listen() ends that."""
        if self.listener is None:
            return
        # close() alone wouldn't wake up accept().
        self.listener.shutdown(socket.SHUT_RD)
        self.listener.close()
        self.listener = None

    def spawn(self, func, *args):
        thread = threading.Thread(target=func, args=args, daemon=True)
        self.threads.append(thread)
        thread.start()

    def accept_all(self, listener):
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            self.count("connections")
            self.spawn(self.serve, Conn(self, sock), self.behaviour)

    def serve(self, conn, behaviour):
        fd = conn.sock.fileno()
        with self.lock:
            self.conns[fd] = conn
        try:
            behaviour(conn)
        except OSError:
            pass  # The client left, which usherd may at any time.
        except Exception as e:
            self.errors.append(e)
        finally:
            with self.lock:
                del self.conns[fd]
            conn.sock.close()

    def conn_of(self, fd):
        with self.lock:
            return self.conns.get(fd)

    def count(self, what):
        with self.lock:
            self.counts[what] += 1

    def note_request(self, request):
        with self.lock:
            self.requests.append(request)

    def note_client(self, cert):
        names = [v for rdn in (cert or {}).get("subject", ())
                 for k, v in rdn if k == "commonName"]
        with self.lock:
            self.clients += names

    def wait_more(self, n=1, what="connections"):
        """Until `n` more than now of `what` have been counted."""
        goal = self.counts[what] + n
        wait_until(lambda: self.counts[what] >= goal,
                   lambda: "%d %s, saw %s" % (goal, what, self.counts))

    def stop(self):
        self.refuse()
        with self.lock:
            for conn in self.conns.values():
                try:
                    socket.socket.shutdown(conn.sock, socket.SHUT_RDWR)
                except OSError:
                    pass
        self.reserved.close()
        wait_until(lambda: not any(t.is_alive() for t in self.threads),
                   "peer hangs")
        assert not self.errors, self.errors
