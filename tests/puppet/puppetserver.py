"""A real Puppet Server (the Debian package) in a folder of its own.

Its configuration, CA, certificates, code and logs all lie below that folder:
several run side by side, and none needs root or a line in /etc/hosts.
"""

import http.client
import json
import shutil
import signal
import socket
import ssl
import string
import subprocess
import threading
import time
from pathlib import Path

from ports import HOST, ReservedPort
from waiting import wait_until

CONF = Path(__file__).parent / "conf"
# Puppet Server; it names the other jars that it needs.
JAR = Path("/usr/share/puppetserver/puppetserver.jar")
MAIN = "puppetlabs.trapperkeeper.main"
CERTNAME = "puppet.test"
# A start takes from 10 to 60 s, by the machine and what else it does.
DEADLINE = 240

HEAP_MB = 512  # enough for two JRubies
# The time of a start counts here, throughput does not: C1 only, one collector.
JVM = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
       "-Djruby.logger.class=com.puppetlabs.jruby_utils.jruby.Slf4jLogger",
       "-Djruby.lib=/usr/share/jruby/lib"]

# Who may read /status/v1/simple, in the words of auth.conf.
ANYONE = "allow-unauthenticated: true"
NOBODY = 'deny: "*"'


def require():
    """What is missing is an error that says how to get it."""
    missing = [p for p in ("puppetserver", "java") if not shutil.which(p)]
    if not JAR.exists():
        missing.append(str(JAR))
    assert not missing, ("%s: not installed; run scripts/install-deps puppet"
                         % ", ".join(missing))


def run(*command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, "%s: %s" % (command[0], done.stdout)


class Catalog(threading.Thread):
    """A request for a catalog that takes some seconds to compile.

    After join(): `status` and `body`, or the `error` that came instead.
    """

    def __init__(self, server, seconds):
        super().__init__(daemon=True)
        self.server = server
        self.node = "slow%d.test" % seconds
        self.status = None
        self.body = b""
        self.error = None

    def run(self):
        try:
            self.status, self.body = self.server.get(
                "/puppet/v3/catalog/%s?environment=production" % self.node,
                self.node, DEADLINE)
        except (OSError, http.client.HTTPException) as e:
            self.error = e

    def __str__(self):
        if self.is_alive():
            return "no answer yet"
        return str(self.error or "HTTP %d %s" % (
            self.status, self.body[:70].decode(errors="replace")))


class PuppetServer:
    def __init__(self, folder, jrubies=1, heap_mb=HEAP_MB):
        self.folder = Path(folder)
        self.jrubies = jrubies
        self.heap = ["-Xms%dm" % heap_mb, "-Xmx%dm" % heap_mb]
        self.reserved = ReservedPort()
        self.port = self.reserved.number
        self.process = None
        self.ca_file = self.folder / "ssl/certs/ca.pem"
        self.crl_file = self.folder / "ssl/crl.pem"
        self.console = self.folder / "console.log"
        self.classes = self.folder / "classes"

    # --- files ---

    def setup(self, names=(), nodes=()):
        """Write all files.  `names` are further names of the certificate,
        `nodes` get one each.
        """
        self.write_config()
        self.make_ca(names, nodes)
        self.compile()

    def setup_like(self, other):
        """With the certificates and the compiled classes of another."""
        self.write_config()
        for name in ("ssl", "ca"):
            shutil.copytree(other.folder / name, self.folder / name,
                            symlinks=True, dirs_exist_ok=True)
        self.classes = other.classes

    def write_config(self):
        production = self.folder / "code/environments/production"
        for name in ("puppet", "conf.d", "services.d", "ssl", "ca", "var",
                     "run", "log", "jruby-gems"):
            (self.folder / name).mkdir(parents=True)
        (production / "manifests").mkdir(parents=True)
        shutil.copy(CONF / "site.pp", production / "manifests")
        shutil.copy(CONF / "logback.xml", self.folder / "puppet")
        shutil.copy(CONF / "bootstrap.cfg", self.folder / "services.d")
        self.fill("puppet.conf", "puppet")
        self.fill("server.conf", "conf.d")
        self.status_access(ANYONE)

    def fill(self, name, folder, **more):
        text = string.Template((CONF / name).read_text()).substitute(
            folder=self.folder, host=HOST, port=self.port, name=CERTNAME,
            jrubies=self.jrubies, **more)
        (self.folder / folder / name).write_text(text)

    def status_access(self, who):
        """ANYONE or NOBODY, from the next start or reload on."""
        self.fill("auth.conf", "conf.d", status_access=who)

    def make_ca(self, names, nodes):
        self.ca("setup", "--ca-name", "Test CA", "--certname", CERTNAME,
                "--subject-alt-names",
                ",".join("DNS:" + n for n in (CERTNAME, *names))
                + ",IP:" + HOST)
        # With --ca-client it signs by itself, without a server running.
        self.ca("generate", "--certname", ",".join(nodes), "--ca-client",
                "--force")

    def ca(self, command, *args):
        run("puppetserver", "ca", command, "--config",
            self.folder / "puppet/puppet.conf", *args)

    def compile(self):
        """Debian's jars hold Clojure source, which each start compiles anew:
        compiled once, the server starts in half the time.
        """
        self.classes.mkdir()
        services = (CONF / "bootstrap.cfg").read_text().split()
        namespaces = {service.partition("/")[0] for service in services}
        run("java", *self.heap, *JVM,
            "-Dclojure.compile.path=%s" % self.classes,
            "-cp", self.class_path(), "clojure.lang.Compile", MAIN,
            *sorted(namespaces))

    def class_path(self):
        return "%s:%s" % (self.classes, JAR)

    # --- life ---

    def start(self):
        """From the main thread only: the server dies with the thread that
        started it, so that nothing is left behind when the tests are killed.
        """
        counter = self.folder / "run/restart"
        counter.write_text("0")
        with open(self.console, "ab") as console:
            # A JVM that inherits an ignored SIGHUP never reloads.
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL",
                 "env", "--default-signal=HUP", "java", *self.heap, *JVM,
                 "-cp", self.class_path(), MAIN,
                 "--config", self.folder / "conf.d",
                 "--bootstrap-config", self.folder / "services.d",
                 "--restart-file", counter],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console)

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def wait_running(self):
        """Returns the time.monotonic() of its first good answer."""
        self.wait_listening()
        wait_until(lambda: self.status() == (200, b"running"), self.tail,
                   DEADLINE)
        return time.monotonic()

    def wait_listening(self):
        def open_or_dead():
            assert self.alive(), "Puppet Server has ended\n" + self.tail()
            return self.listening()
        wait_until(open_or_dead, self.tail, DEADLINE)

    def wait_closed(self):
        wait_until(lambda: not self.listening(), self.tail, DEADLINE)

    def wait_exit(self):
        return self.process.wait(DEADLINE)

    def hup(self):
        """Reload, in the same process; the port is closed meanwhile."""
        self.process.send_signal(signal.SIGHUP)

    def term(self):
        self.process.send_signal(signal.SIGTERM)

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def kill9(self):
        self.process.kill()

    def stop(self):
        """Whatever state it is in."""
        if self.process:
            self.process.kill()
            self.process.wait()
        self.reserved.close()

    def tail(self):
        if not self.console.exists():
            return "not started"
        text = self.console.read_text(errors="replace")
        return "\n".join(text.splitlines()[-30:])

    # --- asking it ---

    def listening(self):
        with socket.socket() as sock:
            sock.settimeout(5)
            return sock.connect_ex((HOST, self.port)) == 0

    def get(self, path, node=None, timeout=5):
        """(status, body); with the certificate of a node, or without one."""
        context = ssl.create_default_context(cafile=self.ca_file)
        if node:
            context.load_cert_chain(
                self.folder / "ssl/certs" / (node + ".pem"),
                self.folder / "ssl/private_keys" / (node + ".pem"))
        with socket.create_connection((HOST, self.port), timeout) as plain, \
                context.wrap_socket(plain, server_hostname=CERTNAME) as tls:
            tls.sendall(("GET %s HTTP/1.1\r\nHost: %s\r\n"
                         "Accept: application/json, text/plain\r\n"
                         "Connection: close\r\n\r\n" % (path, CERTNAME)
                         ).encode())
            answer = http.client.HTTPResponse(tls)
            answer.begin()
            return answer.status, answer.read()

    def status(self):
        """(status, body) of the status page; None: no answer."""
        try:
            return self.get("/status/v1/simple")
        except (OSError, http.client.HTTPException):
            return None

    def pool(self):
        """What it says of its JRubies."""
        _, body = self.get("/status/v1/services/jruby-metrics?level=debug")
        return json.loads(body)["status"]["experimental"]["metrics"]

    def requests(self):
        """How many requests have a JRuby, and how many wait for one."""
        metrics = self.pool()
        return (len(metrics["borrowed-instances"]),
                len(metrics["requested-instances"]))

    def catalog(self, seconds):
        """Ask, in a thread, for a slow catalog: that of slowSECONDS.test."""
        request = Catalog(self, seconds)
        request.start()
        return request
