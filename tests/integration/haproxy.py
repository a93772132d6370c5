"""Runs a real HAProxy and asks its stats socket what it took."""

import csv
import io
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from waiting import DEADLINE, wait_until

GENERATED = """\
global
    stats socket {folder}/stats mode 600 level admin
defaults
    mode tcp
    timeout connect 5s
    timeout client  10s
    timeout server  10s
frontend puppet
    bind unix@{folder}/front
    default_backend puppet
backend puppet
    balance roundrobin
    default-server weight 100 agent-check agent-inter 100ms
{servers}
"""


def program():
    path = shutil.which("haproxy", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    assert path, "haproxy: not installed; run scripts/install-deps"
    return path


def server_line(name, address, agent_port, *more):
    return "    server %s %s agent-port %d %s" % (
        name, address, agent_port, " ".join(more))


class HAProxy:
    """One HAProxy in the foreground.

    `config` is the text of a configuration in which {folder} is where its
    sockets may lie; it must have `stats socket {folder}/stats level admin`.
    The folder's path is short, which pytest's are not: there is room for some
    100 bytes in a socket's path.
    """

    def __init__(self, config, backend="puppet", env=None):
        self.backend = backend
        self.folder = Path(tempfile.mkdtemp(prefix="usher-"))
        path = self.folder / "haproxy.cfg"
        path.write_text(config.replace("{folder}", str(self.folder)))
        self.output = open(self.folder / "log", "w+b")
        self.process = subprocess.Popen(
            [program(), "-db", "-f", str(path)], stdin=subprocess.DEVNULL,
            stdout=self.output, stderr=self.output, env=env)
        wait_until(self.ready, self.log)

    def ready(self):
        assert self.process.poll() is None, self.log()
        try:
            return "Uptime" in self.ask("show info")
        except OSError:
            return False

    def log(self):
        self.output.seek(0)
        return self.output.read().decode()

    def connect(self, name):
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(DEADLINE)
        sock.connect(str(self.folder / name))
        return sock

    def ask(self, command):
        """What the stats socket answers to one command."""
        with self.connect("stats") as sock:
            sock.sendall(command.encode() + b"\n")
            data = b""
            while True:
                more = sock.recv(65536)
                if not more:
                    return data.decode()
                data += more

    def order(self, command):
        """A command that says nothing when it worked."""
        said = self.ask(command).strip()
        assert said == "", "%s: %s" % (command, said)

    def stat(self, server):
        text = self.ask("show stat").lstrip("# ")
        for row in csv.DictReader(io.StringIO(text)):
            if (row["pxname"], row["svname"]) == (self.backend, server):
                return row
        raise AssertionError("no %s/%s in:\n%s" % (self.backend, server, text))

    def server_state(self, server):
        lines = self.ask("show servers state " + self.backend).splitlines()
        names = lines[1].lstrip("# ").split()
        for line in lines[2:]:
            row = dict(zip(names, line.split()))
            if row.get("srv_name") == server:
                return row
        raise AssertionError("no %s in:\n%s" % (server, "\n".join(lines)))

    def state(self, server):
        """status, weight, adm (1 maint, 8 drain), op (0 stopped, 2 running),
        and how the last poll ended: agent, last_agt.
        """
        stat = self.stat(server)
        row = self.server_state(server)
        return {
            "status": stat["status"],
            "weight": int(stat["weight"]),
            "adm": int(row["srv_admin_state"]),
            "op": int(row["srv_op_state"]),
            "agent": stat["agent_status"].lstrip("* "),
            "last_agt": stat["last_agt"].strip(),
        }

    def wait(self, server, predicate, deadline=DEADLINE):
        """Until predicate(state) holds; the state."""
        last = [None]

        def holds():
            last[0] = self.state(server)
            return predicate(last[0])

        wait_until(holds, lambda: "%s is %s" % (server, last[0]), deadline)
        return last[0]

    def wait_is(self, server, **fields):
        """Until these fields of the state have these values."""
        return self.wait(server, lambda state: all(
            state[k] == v for k, v in fields.items()))

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.output.close()
        shutil.rmtree(self.folder)
