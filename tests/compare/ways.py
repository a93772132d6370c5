"""The ways to keep HAProxy from sending work to a Puppet Server that can't do
it: what runs beside the servers, how HAProxy is configured, and what the
operator, or systemd, does before a stop.
"""

import subprocess
import time
from pathlib import Path

from farm import FILE, NAMES, usherd_config
from haproxy import HAProxy
from ports import HOST, ReservedPort
from units import stop_command
from usherd import Usherd, binary
from waiting import wait_until
from xinetd import Xinetd

HERE = Path(__file__).resolve().parent
BACKEND = "puppetserver"
DEADLINE = 240


class Way:
    """HAProxy before two Puppet Servers, without anything that helps."""

    key = ""
    name = ""
    config = None  # of HAProxy

    def __init__(self, folder, servers, cleanup):
        self.folder = Path(folder)
        self.servers = servers
        self.cleanup = cleanup
        self.front = ReservedPort()
        cleanup.callback(self.front.close)
        self.beside()
        self.haproxy = HAProxy(self.haproxy_config(), BACKEND)
        cleanup.callback(self.haproxy.stop)

    def beside(self):
        """Start what runs beside the servers."""

    def variables(self):
        return {}

    def haproxy_config(self):
        """The file as it is, with its variables set before, and a log."""
        variables = {"PUPPET_BIND": "%s:%d" % (HOST, self.front.number),
                     "HAPROXY_SOCKET": "{folder}/stats",
                     "PUPPET_CA": self.servers[0].ca_file,
                     **self.variables()}
        for n, server in enumerate(self.servers, 1):
            variables["PUPPET%d" % n] = "%s:%d" % (HOST, server.port)
        lines = ["setenv %s %s" % pair for pair in variables.items()]
        text = self.config.read_text()
        log = "\n    log stdout format raw daemon\n"
        text = text.replace("\nfrontend puppet\n", "\nfrontend puppet" + log
                            + "    option tcplog\n")
        text = text.replace("\nbackend puppetserver\n",
                            "\nbackend puppetserver" + log)
        return "\n".join(["global", *lines, text])

    def before_stop(self, n, note):
        """What is done before server `n` gets SIGTERM."""

    def after_start(self, n, note):
        """What is done when it runs again, before HAProxy has to know."""

    def wait_up(self, n):
        """Until HAProxy sends work to server `n`."""
        self.haproxy.wait(NAMES[n], lambda s: s["status"].startswith("UP")
                          and s["weight"] > 0, DEADLINE)

    def haproxy_log(self):
        return (self.haproxy.folder / "log").read_text(errors="replace")

    def logs(self):
        """Of all that this way runs, by file name."""
        return {"haproxy.log": self.haproxy_log()}


class OldWay(Way):
    key = "a"
    name = "xinetd and curl, restarted plainly"
    config = HERE / "old.cfg"

    def beside(self):
        self.ports = [ReservedPort() for _ in self.servers]
        self.xinetds = [None for _ in self.servers]
        for n, port in enumerate(self.ports):
            self.cleanup.callback(port.close)
            self.start_xinetd(n)
        self.cleanup.callback(self.stop_all)

    def variables(self):
        return {"CHECK%d_PORT" % n: port.number
                for n, port in enumerate(self.ports, 1)}

    def start_xinetd(self, n):
        self.xinetds[n] = Xinetd(
            self.folder / ("xinetd%d" % n), self.ports[n].number,
            HERE / "old-check", self.servers[n].port)

    def stop_all(self):
        for xinetd in self.xinetds:
            xinetd.stop()


class OldWayStopped(OldWay):
    key = "b"
    name = "the same, xinetd stopped first"
    # As long as `usherctl hold --wait` took, where that was measured.
    settle_seconds = 30

    def before_stop(self, n, note):
        note(n, "xinetd stopped")
        self.xinetds[n].stop()
        # The operator's wait, for nothing that could be seen.
        time.sleep(self.settle_seconds)

    def after_start(self, n, note):
        note(n, "xinetd started")
        self.start_xinetd(n)


class OwnCheck(Way):
    key = "c"
    name = "HAProxy's own TLS check, restarted plainly"
    config = HERE / "own-check.cfg"


class Usher(Way):
    key = "d"
    name = "usher, with the hook of the unit"
    config = FILE

    def beside(self):
        self.usherds = []
        self.hold_seconds = []
        for n, server in enumerate(self.servers):
            folder = self.folder / ("usherd%d" % n)
            folder.mkdir()
            usherd = Usherd(folder, usherd_config(NAMES[n], server))
            self.cleanup.callback(usherd.stop)
            self.usherds.append(usherd)
            usherd.wait_open()

    def variables(self):
        return {"USHER%d_PORT" % n: usherd.agent_port
                for n, usherd in enumerate(self.usherds, 1)}

    def before_stop(self, n, note):
        began = time.monotonic()
        note(n, "hold")
        process = subprocess.Popen(
            stop_command(binary("usherctl"), self.usherds[n].socket),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
        for line in process.stdout:
            note(n, "usherctl: " + line.strip())
        code = process.wait()
        note(n, "usherctl has ended with %d" % code)
        assert code == 0, self.usherds[n].log()
        self.hold_seconds.append(time.monotonic() - began)

    def after_start(self, n, note):
        """Nothing: usherd ends the hold by itself."""
        def ended():
            return self.usherds[n].status()["hold"] is None
        if ended():
            return
        wait_until(ended, self.usherds[n].log, DEADLINE)
        note(n, "hold has ended")

    def logs(self):
        return {**super().logs(), **{
            "usherd%d.log" % n: "\n".join(usherd.lines)
            for n, usherd in enumerate(self.usherds, 1)}}
