"""What is done to two Puppet Servers under load, and how it is recorded."""

import contextlib
import re
import threading
import time

from agents import Agents
from farm import NAMES
from load import NODES, Load
from puppetserver import DEADLINE, PuppetServer, require
from waiting import wait_until

JRUBIES = 4
HEAP_MB = 1024
AGENTS = 4  # real ones, each runs again and again
AGENT_RUNS = 20
AGENTS_DEADLINE = 600
# Debian's unit: TimeoutStopSec=60, then SIGKILL.
STOP_SECONDS = 60
# The operator's pause before the next server, in every way: the server fills
# its pool of JRubies, one after the other, while it already works.
PAUSE = 20
# From when on a dead server must cost nothing.
KNOWN_AFTER = 4.5
DEAD_SECONDS = 20
FROZEN_SECONDS = 20
# Of HAProxy's log: who, and to which server.
SESSION = re.compile(r"^(127\.\S+:\d+) \[.*?\] puppet puppetserver/(\S+) ",
                     re.MULTILINE)


def agent_names():
    return ["agent%d.test" % n for n in range(1, AGENTS + 1)]


class Site:
    """Two running Puppet Servers; the first one's certificates serve all."""

    def __init__(self, folder, cleanup):
        require()
        self.servers = [PuppetServer(folder / name, JRUBIES, HEAP_MB)
                        for name in NAMES]
        for server in self.servers:
            cleanup.callback(server.stop)
        self.servers[0].setup(NAMES, [*NODES, *agent_names()])
        self.servers[1].setup_like(self.servers[0])
        for server in self.servers:
            server.start()
        for server in self.servers:
            server.wait_running()
        for server in self.servers:
            wait_full(server)

    @property
    def ports(self):
        return [server.port for server in self.servers]


def wait_full(server):
    """Until all its JRubies are there, so that each run begins alike."""
    def full():
        pool = server.pool()
        return JRUBIES == (pool["num-free-jrubies"]
                           + len(pool["borrowed-instances"]))
    wait_until(full, server.tail, DEADLINE)


class Recorder:
    """When HAProxy had which server in which state, and what was done."""

    def __init__(self, haproxy):
        self.haproxy = haproxy
        self.began = time.monotonic()
        self.states = []
        self.events = []
        self.last = {}
        self.failed = None
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def now(self):
        return round(time.monotonic() - self.began, 3)

    def run(self):
        try:
            while not self.stopping.wait(0.1):
                for n, name in enumerate(NAMES):
                    self.look(n, self.haproxy.stat(name))
        except Exception as e:  # told by stop()
            self.failed = e

    def look(self, n, stat):
        state = stat["status"], int(stat["weight"])
        if self.last.get(n) != state:
            self.last[n] = state
            self.states.append({"at": self.now(), "server": n,
                                "status": state[0], "weight": state[1]})

    def note(self, n, text):
        self.events.append({"at": self.now(), "server": n, "what": text})
        print("%8.2f  %-8s %s" % (
            self.now(), NAMES[n].partition(".")[0], text), flush=True)

    def stop(self):
        self.stopping.set()
        self.thread.join()
        if self.failed:
            raise self.failed


class Run:
    """One scenario in one way: load, record, and what came out."""

    def __init__(self, site, way, what):
        self.site = site
        self.way = way
        self.what = what
        self.mark = 0.0  # requests that began before it do not count
        self.requests = []
        self.agent_runs = []

    @contextlib.contextmanager
    def watched(self):
        """With a recorder while the body runs."""
        for n, server in enumerate(self.site.servers):
            wait_full(server)
            self.way.wait_up(n)
        print("\n--- %s: %s" % (self.what, self.way.name), flush=True)
        self.recorder = Recorder(self.way.haproxy)
        try:
            yield
        finally:
            self.recorder.stop()

    @contextlib.contextmanager
    def loaded(self):
        """Load while the body runs, from when both servers have answered."""
        with self.watched():
            load = Load(self.way.front.number, self.site.servers[0])
            try:
                load.wait_both_answer(self.site.ports, DEADLINE)
                self.mark = time.monotonic()
                yield
            finally:
                self.requests = load.stop()
            self.ask_haproxy()
            self.in_flight = load.mean_in_flight()

    def ask_haproxy(self):
        """Which server those had that got no catalog, by its log."""
        ports = dict(zip(NAMES, self.site.ports))
        servers = dict(SESSION.findall(self.way.haproxy_log()))
        for request in self.requests:
            if not request.port:
                request.port = ports.get(servers.get(request.source), 0)

    @contextlib.contextmanager
    def agents(self, folder, names, least):
        """Real agents, from before the body to after it, for so many runs at
        least.
        """
        agents = Agents(self.way.front.number, self.site.servers[0], names,
                        folder)

        def wait_runs(count):
            wait_until(lambda: len(agents.done()) >= count,
                       lambda: "runs: %s" % agents.done(), AGENTS_DEADLINE)
        try:
            wait_runs(len(names))
            yield
            wait_runs(least)
        finally:
            self.agent_runs = agents.stop()

    def note(self, n, text):
        self.recorder.note(n, text)

    def wait_back(self, n):
        """Until the server runs and gets work."""
        self.site.servers[n].wait_running()
        self.note(n, "runs")
        self.way.after_start(n, self.note)
        self.way.wait_up(n)
        self.note(n, "up in HAProxy")

    def counted(self):
        return [r for r in self.requests if r.began >= self.mark]

    def failed(self):
        return [r for r in self.counted() if r.error]

    def summary(self):
        counted = self.counted()
        took = sorted(r.took for r in counted)
        return {
            "way": self.way.key, "name": self.way.name, "what": self.what,
            "requests": len(counted), "failed": len(self.failed()),
            "delayed": sum(not r.error and r.delay > 5 for r in counted),
            "p99": round(took[int(0.99 * (len(took) - 1))], 2) if took else 0,
            "longest": round(took[-1], 2) if took else 0,
            "reopened": sum(r.reopened for r in counted),
            "failed_before": sum(bool(r.error) for r in self.requests)
            - len(self.failed()),
            "seconds": self.recorder.now(),
            "in_flight": round(self.in_flight, 1),
        }

    def recording(self):
        """All of it, with times from the start on."""
        start = self.recorder.began
        return {**self.summary(), "servers": NAMES, "ports": self.site.ports,
                "states": self.recorder.states,
                "events": self.recorder.events,
                "list": [r.since(start) for r in sorted(
                    self.requests, key=lambda r: r.began)]}

    def why(self):
        """The failed requests, for people."""
        return "\n".join("%8.2f to %7.2f  %s" % (
            r.began - self.recorder.began, r.ended - self.recorder.began,
            r.error) for r in self.failed())


def end(server):
    """As systemd stops it: SIGTERM, SIGKILL after a minute; whether it needed
    that.
    """
    server.term()
    try:
        server.process.wait(STOP_SECONDS)
        return False
    except Exception:
        server.kill9()
        server.wait_exit()
        return True


def rolling_restart(site, way):
    """Both servers, one after the other."""
    run = Run(site, way, "rolling restart")
    with run.loaded():
        restart_all(run)
    return run


def real_agents(site, way, folder):
    """The rolling restart again, under nothing but real agents."""
    run = Run(site, way, "rolling restart, real agents")
    with run.watched(), run.agents(folder, agent_names(), AGENT_RUNS):
        restart_all(run)
    return run


def restart_all(run):
    for n, server in enumerate(run.site.servers):
        run.way.before_stop(n, run.note)
        run.note(n, "SIGTERM")
        killed = end(server)
        run.note(n, "killed after a minute" if killed else "has ended")
        server.start()
        run.note(n, "started")
        run.wait_back(n)
        # Not a wait for something: the operator's pause.
        time.sleep(PAUSE)


def kill(site, way):
    """kill -9 of one of two busy servers."""
    run = Run(site, way, "kill -9")
    server = site.servers[0]
    with run.loaded():
        wait_busy(server)
        run.note(0, "kill -9")
        run.mark = time.monotonic() + KNOWN_AFTER
        server.kill9()
        server.wait_exit()
        time.sleep(DEAD_SECONDS)
        server.start()
        run.note(0, "started")
        run.wait_back(0)
    return run


def freeze(site, way):
    """SIGSTOP of one of two busy servers, for a while."""
    run = Run(site, way, "frozen for %d s" % FROZEN_SECONDS)
    server = site.servers[0]
    with run.loaded():
        wait_busy(server)
        run.note(0, "SIGSTOP")
        run.mark = time.monotonic() + KNOWN_AFTER
        server.freeze()
        try:
            time.sleep(FROZEN_SECONDS)
        finally:
            server.thaw()
        run.note(0, "SIGCONT")
        run.wait_back(0)
        time.sleep(PAUSE)
    return run


def wait_busy(server):
    wait_until(lambda: server.requests()[0] >= 2, server.tail, DEADLINE)
