"""A host that Debian's Puppet cares for, in a folder, and its usherd."""

import json
import shutil
import subprocess
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from ports import HOST
from usherd import ROOT, Usherd, binary, environment

MODULE = ROOT / "scripts" / "puppet" / "usher"
DEBIAN = Path("/usr/share/puppet/modules.available")
MINUTE = 60  # also with sanitizers on a busy machine


def run(*command):
    """Exit code, and what was said on both channels."""
    done = subprocess.run(
        [*map(str, command)], text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
        timeout=3 * MINUTE, env=environment(LC_ALL="C.UTF-8"))
    return done.returncode, done.stdout


def literal(value):
    """A value as a manifest has it."""
    if isinstance(value, dict):
        return "{%s}" % ", ".join(
            "%s => %s" % (literal(k), literal(v)) for k, v in value.items())
    if isinstance(value, list):
        return "[%s]" % ", ".join(map(literal, value))
    if isinstance(value, (str, Path)):
        text = str(value).replace("\\", "\\\\").replace("'", "\\'")
        return "'%s'" % text
    return "undef" if value is None else json.dumps(value)


def declare(kind, title, **params):
    """A resource in a manifest; classes are of the kind `class`."""
    return "%s { %s:\n%s}\n" % (kind, literal(title), "".join(
        "  %s => %s,\n" % (k, literal(v)) for k, v in params.items()))


class Node:
    """Puppet with all its files in `folder`, which is /etc/usher as well.

    usherd and usherctl are those under test.
    """

    def __init__(self, folder):
        self.folder = folder
        self.config = folder / "usher.conf"
        self.modules = folder / "modules"
        self.modules.mkdir()
        self.link("usher", MODULE)

    def link(self, name, path):
        assert path.exists(), "%s: run scripts/install-deps" % path
        (self.modules / name).symlink_to(path)

    def link_debian(self, *names):
        for name in names:
            self.link(name, DEBIAN / ("puppetlabs-" + name))

    def usher(self, **params):
        """class usher, without a package and, unless told, services."""
        own = {"package_manage": False, "service_manage": False,
               "config_dir": self.folder,
               "sbin_dir": Path(binary()).parent}
        return declare("class", "usher", **{**own, **params})

    def puppet(self, *command):
        own = [word for name in ("confdir", "vardir", "ssldir")
               for word in ("--" + name, self.folder / "puppet" / name)]
        return run("puppet", *command, *own, "--modulepath", self.modules,
                   "--color", "false")

    def manifest(self, text):
        path = self.folder / "site.pp"
        path.write_text(text)
        return path

    def apply(self, manifest):
        """Exit code: 0 nothing to do, 2 changed, 1 no catalog, 4 and 6
        failures.
        """
        return self.puppet("apply", "--detailed-exitcodes",
                           self.manifest(manifest))

    def change(self, manifest):
        """Something changes, and a second time nothing; what Puppet said."""
        first, said = self.apply(manifest)
        assert first == 2, said
        second, more = self.apply(manifest)
        assert second == 0, said + more
        return said

    def compile(self, manifest):
        """Nothing is applied: exit code, what Puppet said."""
        return self.puppet("catalog", "compile", "node", "--render-as", "json",
                           "--manifest", self.manifest(manifest))

    def catalog(self, manifest):
        """Parameters of the resources, by `Type[title]`."""
        code, said = self.compile(manifest)
        assert code == 0, said
        text = next(line for line in said.splitlines() if line[:1] == "{")
        return {"%s[%s]" % (r["type"], r["title"]): r.get("parameters", {})
                for r in json.loads(text)["resources"]}


class Daemon(Usherd):
    """The usherd of a Node, which it starts and restarts by itself."""

    def __init__(self, config):
        self.path = config
        self.wrap = ()
        self.program = "usherd"
        # A path that is short, as a socket's has to be.
        self.own = Path(tempfile.mkdtemp(prefix="usherd-"))
        self.socket = self.own / "control"
        self.state = self.own / "state"
        self.changed = threading.Condition()
        self.process = None

    def stop(self):
        if self.process:
            super().stop()
        shutil.rmtree(self.own, ignore_errors=True)


class Services(ThreadingHTTPServer):
    """Stands in for systemd: a GET of /start, /restart or /status, and for the
    hold units a systemctl, which has units as files with their states.

    `done` has what it did, in order.
    """

    daemon_threads = True

    # Above all, no service of this host is to be touched.
    MANIFEST = """
Service <| |> { provider => base, status => 'true' }
Service <| title == 'usherd' |> {
%s}
Exec <| title == 'systemctl start usher-hold' |> { path => ['%s', '/bin'] }
"""
    SYSTEMCTL = """#!/bin/sh
cd "${0%/*}" && verb=$1 && shift
[ "$1" != -q ] || { shift; exec >/dev/null; }
code=3
for unit; do
    [ "$verb" != start ] || echo active >"$unit"
    state=$(cat "$unit" 2>/dev/null || echo inactive)
    [ "$verb" = start ] || echo "$state"
    [ "$state" != active ] || code=0
done
exit $code
"""

    def __init__(self, daemon):
        super().__init__((HOST, 0), Request)
        self.daemon = daemon
        self.units = daemon.own / "units"
        self.units.mkdir()
        systemctl = self.units / "systemctl"
        systemctl.write_text(self.SYSTEMCTL)
        systemctl.chmod(0o755)
        self.done = []
        self.thread = threading.Thread(target=self.serve_forever)
        self.thread.start()

    def manifest(self):
        """To go after class usher."""
        verbs = "".join(
            "  %s => '/usr/bin/curl -fsS http://%s:%d/%s',\n"
            % (verb, HOST, self.server_port, verb)
            for verb in ("status", "start", "restart"))
        return self.MANIFEST % (verbs, self.units)

    def put(self, **states):
        """States of units; `_` stands for `-`."""
        for name, state in states.items():
            self.unit(name).write_text(state + "\n")

    def state(self, name):
        unit = self.unit(name)
        return unit.read_text().strip() if unit.exists() else "inactive"

    def unit(self, name):
        return self.units / name.replace("_", "-")

    def act(self, verb):
        running = self.daemon.process is not None
        if verb == "status":
            return running
        self.done.append(verb)
        if running:
            self.daemon.end()
        self.daemon.start()
        self.daemon.wait_open()
        return True

    def stop(self):
        self.shutdown()
        self.thread.join()
        self.server_close()


class Request(BaseHTTPRequestHandler):
    """One command of Puppet's service."""

    def do_GET(self):
        self.send_response(200 if self.server.act(self.path[1:]) else 503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        """Nothing."""
