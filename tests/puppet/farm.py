"""Two Puppet Servers, an usherd beside each, and HAProxy as haproxy/tcp.cfg
has it, with the history of all that is said and done.
"""

import threading
import time
from pathlib import Path
from typing import NamedTuple

from haproxy import HAProxy
from ports import HOST
from puppetserver import DEADLINE, PuppetServer
from usherd import Fact, Usherd
from waiting import wait_until

FILE = Path(__file__).resolve().parent.parent.parent / "haproxy" / "tcp.cfg"
# As in the file.
NAMES = ["puppet1.example.com", "puppet2.example.com"]
BACKEND = "puppetserver"
# Enough for a few probes, and for a slow machine.
CATALOG_SECONDS = 15


class State(NamedTuple):
    """What HAProxy says of a server."""

    when: float
    status: str
    agent: str  # the last word of usherd that it took
    check: str  # how its own check ended last


def usherd_config(name, puppet, **more):
    """For the usherd beside a Puppet Server: its defaults, mostly."""
    return {
        "usher": {"agent-listen": HOST + ":0", "log-level": "debug",
                  "ready": None},
        "server " + name: {
            "address": "%s:%d" % (HOST, puppet.port),
            "tls-name": name,
            "ca-file": puppet.ca_file,
            "crl-file": puppet.crl_file,
            **more,
        },
    }


class Node:
    """A Puppet Server and the usherd beside it, with usherd's defaults."""

    def __init__(self, name, model, folder):
        self.name = name
        self.puppet = PuppetServer(folder / "puppetserver")
        self.puppet.setup_like(model)
        self.usherd = Usherd(folder, self.config())

    def config(self, **more):
        return usherd_config(self.name, self.puppet, **more)

    def variables(self, n):
        return {"PUPPET%d" % n: "%s:%d" % (HOST, self.puppet.port),
                "USHER%d_PORT" % n: self.usherd.agent_port}

    def facts(self, mark, event, **fields):
        """What usherd has logged since `mark`, usherd.mark() of then."""
        facts = [Fact(line) for line in self.usherd.lines[mark:]]
        return [f for f in facts if f.says(event, **fields)]

    def replies(self, mark):
        return [f.get("reply") for f in self.facts(mark, "verdict")]

    def wait_reply(self, reply):
        """Until a poll gets exactly this."""
        last = [None]

        def said():
            last[0] = self.usherd.reply()
            return last[0] == reply
        wait_until(said, lambda: "%r, but %r\n%s" % (
            reply, last[0], self.usherd.log()), DEADLINE)

    def stop(self):
        self.puppet.stop()
        self.usherd.stop()


class History:
    """Who said or did what, when: a thread that asks HAProxy and reads the
    usherds' logs all the time, and what a test adds with note().
    """

    def __init__(self, haproxy, nodes):
        self.haproxy = haproxy
        self.nodes = nodes
        self.began = time.monotonic()
        self.lines = []
        self.states = {node.name: [] for node in nodes}
        self.read = {node.name: 0 for node in nodes}
        self.good_probes = {node.name: [] for node in nodes}
        self.stopping = threading.Event()
        self.failed = None
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            while not self.stopping.wait(0.01):
                for node in self.nodes:
                    self.look_at_haproxy(node.name)
                    self.look_at_log(node)
        except Exception as e:  # told by wait() and stop()
            self.failed = e

    def look_at_haproxy(self, name):
        stat = self.haproxy.stat(name)
        states = self.states[name]
        agent, check = states[-1][2:] if states else ("", "")
        # While one is under way, HAProxy puts a star before the last result,
        # and the rest is void.
        if not stat["agent_status"].startswith("*"):
            agent = stat["last_agt"].strip()
        if not stat["check_status"].startswith("*"):
            check = "%s %s" % (stat["check_status"], stat["check_code"])
        state = State(time.monotonic(), stat["status"], agent, check.strip())
        if not states or states[-1][1:] != state[1:]:
            states.append(state)
            self.add("haproxy", name, "%-14s agent: %-52s check: %s" % (
                state.status, state.agent or "none", state.check or "none"))

    def look_at_log(self, node):
        lines = node.usherd.lines
        for line in lines[self.read[node.name]:len(lines)]:
            self.read[node.name] += 1
            fact = Fact(line)
            if fact.says("probe", word="ok"):
                self.good_probes[node.name].append(time.monotonic())
            if fact.says("verdict"):
                self.add("usherd", node.name, fact.get("reply"))
            elif fact.level in ("info", "warn", "error"):
                self.add("log", node.name, line)

    def add(self, who, name, text):
        self.lines.append("%8.2f  %-8s %-8s %s" % (
            time.monotonic() - self.began, who, name.partition(".")[0], text))

    def note(self, name, text):
        """What the test does; returns the time of it."""
        self.add("test", name, text)
        return time.monotonic()

    def seen(self, name, since):
        """All states that a server was in from some moment on."""
        states = list(self.states[name])
        return [s for s, following in zip(states, states[1:] + [None])
                if following is None or following.when >= since]

    def first_good_answer(self, name, since):
        """To usherd or to HAProxy's own check; None: to neither."""
        times = [t for t in self.good_probes[name] if t >= since][:1]
        good = []
        for state in self.seen(name, since):
            good = good + [state.when] if state.check == "L7OK 200" else []
        return min(times + good[:1], default=None)

    def wait(self, name, status, since=0.0, agent="", check=""):
        """Until HAProxy says a status that begins so, of a word of usherd that
        ends so; returns the time of the first such moment.
        """
        def found():
            if self.failed:
                raise self.failed
            return [max(s.when, since) for s in self.seen(name, since)
                    if s.status.startswith(status) and s.agent.endswith(agent)
                    and s.check.startswith(check)]
        return wait_until(found, lambda: "%s is %s %s %s\n%s" % (
            name, status, agent, check, self), DEADLINE)[0]

    def stop(self):
        self.stopping.set()
        self.thread.join()
        if self.failed:
            raise self.failed

    def __str__(self):
        return "\n".join(self.lines)


class Farm:
    def __init__(self, model, folder, cleanup):
        self.nodes = []
        for n, name in enumerate(NAMES, 1):
            (folder / str(n)).mkdir()
            node = Node(name, model, folder / str(n))
            cleanup.callback(node.stop)
            self.nodes.append(node)
        self.haproxy = HAProxy(self.haproxy_config(model), BACKEND)
        cleanup.callback(self.haproxy.stop)
        self.history = History(self.haproxy, self.nodes)
        cleanup.callback(self.tell)

    def haproxy_config(self, model):
        """The file as it is, with its variables set before."""
        variables = {"PUPPET_BIND": "unix@{folder}/front",
                     "HAPROXY_SOCKET": "{folder}/stats",
                     "PUPPET_CA": model.ca_file}
        for n, node in enumerate(self.nodes, 1):
            variables.update(node.variables(n))
        lines = ["setenv %s %s" % pair for pair in variables.items()]
        return "\n".join(["global", *lines, FILE.read_text()])

    def tell(self):
        self.history.stop()
        print("\n\n seconds  who      server   what\n%s" % self.history)
