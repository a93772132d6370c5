"""Runs a real HAProxy and asks its stats socket what it took."""

import csv
import io
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from waiting import DEADLINE, wait_until

GENERATED = """\
global
    stats socket {folder}/stats mode 600 level admin
    server-state-file {folder}/states
defaults
    mode tcp
    load-server-state-from-file global
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


def version():
    """Its first two numbers."""
    said = subprocess.run([program(), "-v"], capture_output=True, text=True,
                          check=True).stdout
    return tuple(map(int, re.search(r"version (\d+)\.(\d+)", said).groups()))


def server_line(name, address, agent_port, *more):
    """`more`: "disabled", or "source 127.0.0.2", where polls come from."""
    return "    server %s %s agent-port %d %s" % (
        name, address, agent_port, " ".join(more))


class HAProxy:
    """One HAProxy in the foreground.

    `config` is the text of a configuration in which {folder} is where its
    sockets may lie; it must have `stats socket {folder}/stats level admin`.
    The folder's path is short, which pytest's are not: there is room for some
    100 bytes in a socket's path.  `states` is what states() said of another
    one, for a configuration that reads it from {folder}/states.
    """

    def __init__(self, config, backend="puppet", env=None, states=""):
        self.backend = backend
        self.folder = Path(tempfile.mkdtemp(prefix="usher-"))
        self.env = env
        self.path = self.folder / "haproxy.cfg"
        self.path.write_text(config.replace("{folder}", str(self.folder)))
        if states:
            self.save(states)
        self.output = open(self.folder / "log", "w+b")
        self.launch()

    def launch(self, *more):
        self.process = subprocess.Popen(
            [program(), "-db", "-f", str(self.path), *more],
            stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output,
            env=self.env)
        try:
            wait_until(self.ready, self.log)
        except BaseException:
            self.process.kill()  # else it would go on polling
            self.process.wait()
            raise

    def ready(self):
        """The one that answers is ours, and not the one before a reload."""
        assert self.process.poll() is None, self.log()
        try:
            return "\nPid: %d\n" % self.process.pid in self.ask("show info")
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
                    break
                data += more
        if not data.endswith(b"\n"):
            raise ConnectionError("HAProxy has gone: %s" % data)
        return data.decode()

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
        how the last poll ended: agent, last_agt, and the last check: check.
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
            "check": stat["check_status"].lstrip("* "),
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

    def set_state(self, server, state):
        """What its admin types: ready, drain or maint."""
        self.order("set server %s/%s state %s" % (self.backend, server, state))

    def states(self):
        """What a reload may be given to go on with."""
        return self.ask("show servers state")

    def save(self, states):
        (self.folder / "states").write_text(states)

    # --- the process ---

    def pause(self):
        """It neither polls nor answers until resume()."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def reload(self):
        """Another one takes over, with what save() has been given."""
        old = self.process
        self.launch("-sf", str(old.pid))
        finish(old)

    def stop(self):
        self.resume()
        self.process.terminate()
        try:
            finish(self.process)
        finally:
            self.output.close()
            shutil.rmtree(self.folder)


def finish(process):
    """One that doesn't end by itself is a failure."""
    try:
        process.wait(DEADLINE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise
