"""HAProxies of which each poll, and each answer to a client, is written down.

An HAProxy polls a server again only when it has heeded the reply before.  So
what it is like when a poll comes is what all replies before have made of it:
nothing here depends on how fast the machine is.
"""

import contextlib
import os
import socket
import ssl
import threading
import time
from typing import NamedTuple

from haproxy import HAProxy
from ports import HOST
from usherd import read_all
from waiting import DEADLINE, wait_until

CONFIG = """\
global
    stats socket {folder}/stats mode 600 level admin
    server-state-file {folder}/states
defaults
    mode tcp
    load-server-state-from-file global
    retries 3
    option redispatch 1
    timeout connect 5s
    timeout client  10s
    timeout server  10s
    # Above agent-inter it is heeded exactly: a busy machine loses no reply.
    timeout check   10s
frontend puppet
    bind unix@{folder}/front
    default_backend puppet
backend puppet
    balance roundrobin
    default-server weight 100 check inter 500ms fall 3 downinter 100ms rise 1
    default-server agent-check agent-inter 50ms agent-addr 127.0.0.1
"""
LINE = ('    server %s %s agent-port "${AGENT_PORT}" agent-send "%s\\n"\n')
PAUSE = 0.05  # between two requests of a client


class Poll(NamedTuple):
    """What a server was like in an HAProxy when it polled, and the reply."""

    life: int     # of this HAProxy: each start and reload is another
    server: str
    share: int    # the weight with which it is routed to; 0: it isn't
    reply: str    # None: usherd didn't answer
    began: float
    looked: float  # and then it was like that


class Request(NamedTuple):
    """Who has answered a client."""

    life: int    # of the HAProxy
    server: str  # None: nobody
    began: float
    ended: float


class Tap:
    """Carries the polls of one life of an HAProxy to usherd."""

    def __init__(self, balancer, life):
        self.balancer = balancer
        self.life = life
        self.retired = False  # the next life's socket answers for it
        self.listener = socket.create_server((HOST, 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock = self.listener.accept()[0]
            except OSError:
                return
            sock.settimeout(DEADLINE)
            threading.Thread(target=self.attend, args=[sock],
                             daemon=True).start()

    def attend(self, sock):
        # HAProxy may be killed at any time.
        with sock, contextlib.suppress(OSError):
            began = time.monotonic()
            name = sock.makefile().readline().rstrip("\n")
            share = self.balancer.share(name)
            looked = time.monotonic()
            reply = self.ask(name)
            if not self.retired:
                self.balancer.polls.append(Poll(
                    self.life, name, share, reply and reply.rstrip("\n"),
                    began, looked))
            if reply:
                sock.sendall(reply.encode())
                read_all(sock)  # close() first would be another kind of end

    def ask(self, name):
        """usherd's reply; None where it is not there."""
        with contextlib.suppress(OSError):
            with socket.create_connection(
                    (HOST, self.balancer.usher_port), timeout=DEADLINE,
                    source_address=(self.balancer.source, 0)) as sock:
                sock.sendall(name.encode() + b"\n")
                reply = read_all(sock).decode()
                return reply if reply.endswith("\n") else None
        return None

    def close(self):
        self.retired = True
        self.listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
        self.listener.close()


class Balancer(HAProxy):
    """An HAProxy in front of `servers` (address by name), which polls usherd
    from an address of its own.
    """

    def __init__(self, usher_port, source, servers, env=None):
        self.own_env = env or {}
        self.usher_port = usher_port
        self.source = source
        self.polls = []
        self.taps = []
        lines = "".join(LINE % (name, address, name)
                        for name, address in servers.items())
        super().__init__(CONFIG + lines)

    def launch(self, *more):
        was = self.taps[-1] if self.taps else None
        now = Tap(self, len(self.taps))
        self.taps.append(now)
        if was:
            was.retired = True
            self.correct_states(was.port, now.port)
        self.env = {"AGENT_PORT": str(now.port), **self.own_env}
        super().launch(*more)

    def correct_states(self, was, now):
        """What they say of agent-port outweighs the server's line."""
        path = self.folder / "states"
        if path.exists():
            path.write_text(path.read_text().replace(" %d\n" % was,
                                                     " %d\n" % now))

    @property
    def life(self):
        return len(self.taps) - 1

    def share(self, server):
        row = self.server_state(server)
        routed = row["srv_op_state"] == "2" and row["srv_admin_state"] == "0"
        return int(row["srv_uweight"]) if routed else 0

    def of(self, server):
        """Its polls, in the order in which they came."""
        return [p for p in list(self.polls) if p.server == server]

    def answered(self, server):
        """Its polls in this life that usherd has answered."""
        life = self.life
        return len([p for p in self.of(server) if p.life == life and p.reply])

    def wait_answered(self, server, more):
        goal = self.answered(server) + more
        wait_until(lambda: self.answered(server) >= goal,
                   lambda: "%d polls of %s: %s" % (goal, server,
                                                   self.of(server)[-3:]))

    def forget(self):
        """That the state file be as if there had never been one."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.folder / "states")

    def stop(self):
        super().stop()
        for tap in self.taps:
            tap.close()


class Clients:
    """One request after the other through an HAProxy.

    Whose certificate comes tells who has answered: `names`, by certificate.
    """

    def __init__(self, balancer, names):
        self.balancer = balancer
        self.names = names
        self.requests = []
        self.context = ssl.create_default_context()
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.over.wait(PAUSE):
            life, began = self.balancer.life, time.monotonic()
            self.requests.append(Request(life, self.ask(), began,
                                         time.monotonic()))

    def ask(self):
        # No HAProxy, or a server that dies.
        with contextlib.suppress(OSError):
            with self.balancer.connect("front") as sock, \
                    self.context.wrap_socket(sock) as tls:
                return self.names[tls.getpeercert(binary_form=True)]
        return None

    def wait_served(self, server):
        """Until `server` has answered one that begins now or later."""
        now = time.monotonic()
        wait_until(lambda: any(r.server == server and r.began >= now
                               for r in list(self.requests)),
                   lambda: "%s serves nobody: %s" % (server,
                                                     self.requests[-5:]))

    def stop(self):
        self.over.set()
        self.thread.join(DEADLINE)
        assert not self.thread.is_alive(), "a client hangs"


class Watched:
    """What polls and clients of one HAProxy saw of a server in this time."""

    def __init__(self, clients, server, since, until):
        self.clients = clients
        self.since = since
        self.polls = [p for p in clients.balancer.of(server)
                      if p.began >= since and p.looked < until]
        self.requests = [r for r in list(clients.requests)
                         if r.server == server
                         and r.began >= since and r.ended < until]

    def over(self, most):
        """Polls that found it with more than that; and how many replies the
        same life of HAProxy had been given before.
        """
        return [(p, self.replies(p.life, p.began)) for p in self.polls
                if p.share > most]

    def replies(self, life, before):
        """All but the last of these polls have been heeded by then."""
        return len([p for p in self.polls if p.life == life and p.reply
                    and p.began < before])

    def served(self):
        """Its answers to clients of an HAProxy that had heeded a reply."""
        return [r for r in self.requests if self.heeded(r.life, r.began)]

    def heeded(self, life, before):
        polls = [p for p in self.polls if p.life == life and
                 p.began < before]
        return any(p.reply for p in polls[:-1])

    def seconds(self, most):
        """How long it was routed to with more, as far as anybody saw."""
        last = [p.looked for p, _ in self.over(most)]
        last += [r.began for r in self.requests if most == 0]
        return max(last, default=self.since) - self.since
