"""A steady load of catalog requests, made as Puppet's agents make them.

Half of the clients use a connection for one request; the other half keep it
for a run of some requests, up to 4 s apart, as long as an agent keeps one
(http_keepalive_timeout).  Every run comes from an address of its own, as from
another node, which is bound before connecting.

What Puppet's agent does about errors (puppet/http/factory.rb: max_retries = 0,
and Net::HTTP#begin_transport): it never sends a request again, neither a GET
nor the POST of a catalog.  But before it sends on a kept connection it looks
whether the server has closed that, and takes a new one if so.  So do these
clients: `reopened` counts that, and any error after the first byte has been
sent is a failed request.  It waits out a 503 only with Retry-After, which
Puppet Server sends to no request that it refuses because it stops.
"""

import http.client
import json
import random
import re
import select
import socket
import ssl
import threading
import time
import urllib.parse
from dataclasses import asdict, dataclass

from ports import HOST
from puppetserver import CERTNAME
from waiting import wait_until

CLIENTS = 8
SECONDS = (1, 1, 2, 3)  # of a compile, drawn by lot
NODES = ["slow%d.test" % s for s in sorted(set(SECONDS))]
RUN_LENGTH = 3  # requests on a kept connection
KEEP_SECONDS = 3.9  # between two of them, at most
# Far beyond what any wait for a JRuby takes.  Agents wait for ten minutes.
READ_TIMEOUT = 180
ANSWERED_BY = re.compile(rb"answered by (\d+)")


@dataclass
class Request:
    client: int
    address: str
    keeps: bool  # the client keeps its connections
    seconds: int  # that the catalog takes to compile
    began: float  # before connecting, time.monotonic()
    ended: float = 0.0
    port: int = 0  # of the server that has compiled it, or has had it
    source: str = ""  # address:port of the connection
    reopened: bool = False  # the kept connection had been closed by the peer
    error: str = ""

    @property
    def took(self):
        return self.ended - self.began

    @property
    def delay(self):
        """How much longer it took than the compile."""
        return max(0.0, self.took - self.seconds)

    def since(self, start):
        """As a dictionary, with times from `start` on."""
        return {**asdict(self), "began": round(self.began - start, 3),
                "ended": round(self.ended - start, 3)}


class Connection:
    """From an address of 127.0.0.0/8, with the certificate of a node."""

    def __init__(self, request, port, context):
        plain = socket.create_connection(
            (HOST, port), READ_TIMEOUT, source_address=(request.address, 0))
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.source = request.source = "%s:%d" % plain.getsockname()
            self.tls = context.wrap_socket(plain, server_hostname=CERTNAME)
        except BaseException:
            plain.close()
            raise

    def closed_by_peer(self):
        """As Net::HTTP looks: is the end there to be read?"""
        if not select.select([self.tls], [], [], 0)[0]:
            return False
        self.tls.settimeout(0)
        try:
            return self.tls.recv(1) == b""
        except ssl.SSLWantReadError:
            return False
        except OSError:
            return True
        finally:
            self.tls.settimeout(READ_TIMEOUT)

    def catalog(self, node, keep):
        """(HTTP status, body)."""
        path = "/puppet/v3/catalog/%s?environment=production" % node
        facts = urllib.parse.quote(json.dumps({"name": node, "values": {}}))
        body = urllib.parse.urlencode({
            "environment": "production", "facts": facts,
            "facts_format": "application/json"})
        self.tls.sendall(
            ("POST %s HTTP/1.1\r\nHost: %s\r\nX-Puppet-Version: 7.23.0\r\n"
             "Accept: application/json\r\nConnection: %s\r\n"
             "Content-Type: application/x-www-form-urlencoded\r\n"
             "Content-Length: %d\r\n\r\n%s" % (
                 path, CERTNAME, "keep-alive" if keep else "close", len(body),
                 body)).encode())
        answer = http.client.HTTPResponse(self.tls, method="POST")
        try:
            answer.begin()
            return answer.status, answer.read()
        finally:
            answer.close()

    def close(self):
        self.tls.close()


class Client(threading.Thread):
    def __init__(self, number, load):
        super().__init__(daemon=True)
        self.number = number
        self.load = load
        self.keeps = number % 2 == 1
        self.random = random.Random(number)
        self.connection = None

    def run(self):
        try:
            while not self.load.stopping.is_set():
                self.one_run()
        except Exception as e:  # told by Load.stop()
            self.load.broken = e

    def one_run(self):
        """As of one agent: one address, one certificate, one connection."""
        address = self.load.next_address()
        seconds = self.random.choice(SECONDS)
        try:
            for left in reversed(range(RUN_LENGTH if self.keeps else 1)):
                request = Request(self.number, address, self.keeps, seconds,
                                  time.monotonic())
                self.make(request)
                if request.error:
                    # Not at once, or failures would come faster than requests.
                    self.load.stopping.wait(seconds)
                    return
                if left and self.load.stopping.wait(
                        self.random.uniform(0, KEEP_SECONDS)):
                    return
        finally:
            self.drop()

    def make(self, request):
        self.load.begin(request)
        try:
            status, body = self.exchange(request)
            found = ANSWERED_BY.search(body)
            if status == 200 and found:
                request.port = int(found.group(1))
            else:
                request.error = "HTTP %d: %s" % (
                    status, body[:80].decode(errors="replace"))
        except (OSError, http.client.HTTPException) as e:
            request.error = "%s: %s" % (type(e).__name__, e)
        self.load.end(request)

    def exchange(self, request):
        node = "slow%d.test" % request.seconds
        if self.connection and self.connection.closed_by_peer():
            self.drop()
            request.reopened = True
        if not self.connection:
            self.connection = Connection(request, self.load.port,
                                         self.load.contexts[node])
        request.source = self.connection.source
        return self.connection.catalog(node, self.keeps)

    def drop(self):
        if self.connection:
            self.connection.close()
            self.connection = None


class Load:
    """`port` is the balancer's; the certificates are those of `puppet`."""

    def __init__(self, port, puppet, clients=CLIENTS):
        self.port = port
        self.contexts = {node: self.context(puppet, node) for node in NODES}
        self.lock = threading.Lock()
        self.addresses = 0
        self.requests = []
        self.under_way = 0
        self.in_flight = []  # (when, how many from then on)
        self.broken = None
        self.stopping = threading.Event()
        self.began = time.monotonic()
        self.clients = [Client(n, self) for n in range(clients)]
        for client in self.clients:
            client.start()

    @staticmethod
    def context(puppet, node):
        context = ssl.create_default_context(cafile=puppet.ca_file)
        context.load_cert_chain(
            puppet.folder / "ssl/certs" / (node + ".pem"),
            puppet.folder / "ssl/private_keys" / (node + ".pem"))
        return context

    def next_address(self):
        with self.lock:
            self.addresses += 1
            # Not in a row: neighbours may be hashed to the same server.
            return "127.0.1.%d" % (1 + self.addresses * 97 % 250)

    def begin(self, _request):
        self.count(1)

    def end(self, request):
        request.ended = time.monotonic()
        self.count(-1)
        with self.lock:
            self.requests.append(request)

    def count(self, change):
        with self.lock:
            self.under_way += change
            self.in_flight.append((time.monotonic(), self.under_way))

    def done(self):
        with self.lock:
            return list(self.requests)

    def wait_both_answer(self, ports, deadline):
        """Until each of the servers has answered some."""
        def enough():
            assert not self.broken, self.broken
            seen = [r.port for r in self.done()]
            return all(seen.count(port) >= 3 for port in ports)
        wait_until(enough, lambda: "answers: %s" % [
            (r.port, r.error) for r in self.done()], deadline)

    def mean_in_flight(self):
        """Over the time from the first answer to stop()."""
        total = 0.0
        for (when, n), (following, _) in zip(self.in_flight,
                                             self.in_flight[1:]):
            total += n * (following - when)
        return total / (self.in_flight[-1][0] - self.in_flight[0][0])

    def stop(self):
        """Let the requests that are under way end; returns all."""
        self.stopping.set()
        for client in self.clients:
            client.join(READ_TIMEOUT * 2)
        assert not self.broken, self.broken
        assert not any(c.is_alive() for c in self.clients)
        return self.done()
