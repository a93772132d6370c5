"""Real agents: Debian's `puppet agent`, run after run, through HAProxy."""

import itertools
import shutil
import subprocess
import threading
from dataclasses import dataclass

from ports import HOST

RUN_SECONDS = 300
# Not about Puppet Server: what a container does not let it read.
FACTER = "Error: Facter:"


@dataclass
class AgentRun:
    node: str
    code: int
    errors: list  # what it has printed at level error

    @property
    def good(self):
        """0: nothing to do; 2: done something.  4 and 6 are failures."""
        return self.code in (0, 2) and not self.errors


class Agent(threading.Thread):
    """A node that runs its agent again and again, once at a time."""

    def __init__(self, number, node, folder, agents):
        super().__init__(daemon=True)
        self.address = "127.0.2.%d" % (number + 1)
        self.node = node
        self.folder = folder
        self.agents = agents

    def run(self):
        while not self.agents.stopping.is_set():
            self.agents.add(self.once())

    def command(self):
        options = {
            "logdest": "console", "certname": self.node, "server": HOST,
            "serverport": self.agents.port, "sourceaddress": self.address,
            "confdir": self.folder, "vardir": self.folder / "var",
            "ssldir": self.folder / "ssl", "rundir": self.folder / "run",
            "logdir": self.folder / "log", "color": "false",
        }
        words = itertools.chain(*(("--" + k, str(v))
                                  for k, v in options.items()))
        # Else a catalog of an earlier run, or plugins that it could not get,
        # would count as well.
        return ["puppet", "agent", "--onetime", "--no-daemonize",
                "--detailed-exitcodes", "--no-usecacheonfailure",
                "--no-ignore_plugin_errors", *words]

    def once(self):
        done = subprocess.run(
            ["setpriv", "--pdeathsig", "KILL", *self.command()],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=RUN_SECONDS)
        return AgentRun(self.node, done.returncode, [
            line for line in done.stdout.splitlines()
            if "Error:" in line and FACTER not in line])


class Agents:
    """`port` is the balancer's; certificates are those of `puppet`."""

    def __init__(self, port, puppet, names, folder):
        self.port = port
        self.lock = threading.Lock()
        self.runs = []
        self.stopping = threading.Event()
        self.agents = []
        for number, name in enumerate(names):
            certificates(puppet.folder / "ssl", folder / name / "ssl", name)
            self.agents.append(Agent(number, name, folder / name, self))
        for agent in self.agents:
            agent.start()

    def add(self, run):
        with self.lock:
            self.runs.append(run)

    def done(self):
        with self.lock:
            return list(self.runs)

    def stop(self):
        """Let the runs that are under way end; returns all."""
        self.stopping.set()
        for agent in self.agents:
            agent.join(RUN_SECONDS)
        assert not any(agent.is_alive() for agent in self.agents)
        return self.done()


def certificates(source, target, name):
    for folder in ("certs", "private_keys", "public_keys"):
        (target / folder).mkdir(parents=True)
        shutil.copy(source / folder / (name + ".pem"), target / folder)
    shutil.copy(source / "certs/ca.pem", target / "certs")
    shutil.copy(source / "crl.pem", target)
