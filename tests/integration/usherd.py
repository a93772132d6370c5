"""Runs usherd, reads its log, polls it as HAProxy does, and gives it orders."""

import contextlib
import json
import os
import pwd
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

from ports import HOST
from waiting import DEADLINE, wait_until

ROOT = Path(__file__).resolve().parent.parent.parent
ME = pwd.getpwuid(os.geteuid()).pw_name
FACT = re.compile(r"(?:\S+Z )?(error|warn|info|debug) (\S+) ?(.*)")
FIELD = re.compile(r'([\w-]+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))')
AGENT_PATIENCE = 0.2  # s, as src/agent.h has it: a name comes this soon
SANITIZER = re.compile(r"Sanitizer|runtime error:")


def binary(name="usherd"):
    folder = os.environ.get("USHER_BIN") or ROOT / "build" / "release"
    path = Path(folder).resolve() / name
    assert path.exists(), "%s: not built; run make" % path
    return str(path)


def environment(**more):
    """Without what says who started the tests, and from where."""
    hidden = ("JOURNAL_STREAM", "NO_COLOR", "SUDO_USER")
    return {**{k: v for k, v in os.environ.items() if k not in hidden},
            **more}


def ini(config):
    """{"usher": {...}, "server a": {...}} as text; None is left out."""
    text = ""
    for section, options in config.items():
        text += "[%s]\n" % section
        for key, value in options.items():
            if value is not None:
                text += "%s = %s\n" % (key, value)
    return text


def check(path, *args):
    """`usherd -n`: (exit status, stderr)."""
    done = subprocess.run([binary(), "-n", "-c", str(path), *args],
                          capture_output=True, text=True, timeout=DEADLINE)
    assert not SANITIZER.search(done.stderr), done.stderr
    return done.returncode, done.stderr


class Said(NamedTuple):
    """What usherctl said, and how it ended."""

    code: int
    out: str
    err: str


def refused(said, sentence, code=5):
    """usherctl has ended with this code and one line with this sentence."""
    assert (said.code, said.out) == (code, ""), said
    assert said.err.startswith("usherctl: ") and sentence in said.err, said
    assert said.err.count("\n") == 1, said


class Fact:
    """One line of the log taken apart."""

    def __init__(self, line):
        found = FACT.match(line)
        self.line = line
        self.level, self.event, rest = found.groups() if found else ("",) * 3
        self.fields = {k: q or bare for k, q, bare in FIELD.findall(rest)}
        self.fields["level"] = self.level

    def get(self, key):
        return self.fields.get(key)

    def says(self, event, **fields):
        return self.event == event and all(
            self.get(k) == v for k, v in fields.items())


class Usherd:
    """One usherd.  `wrap` is a command that ends by running what follows.

    Its control socket and its orders lie in a folder of their own, which stays
    until stop(); the folder's path is short, as a socket's has to be.
    Unless the configuration says otherwise every reply names `ready`, so that
    it depends on nothing but the orders and the verdict.
    """

    def __init__(self, folder, config, wrap=(), program="usherd"):
        self.program = program
        self.path = Path(folder) / "usher.conf"
        self.wrap = wrap
        self.own = Path(tempfile.mkdtemp(prefix="usherd-"))
        self.own.chmod(0o755)  # others may look
        self.socket = self.own / "control"
        self.state = self.own / "state"
        self.changed = threading.Condition()
        self.configure(config)
        self.start()

    def start(self):
        """Also again, after end() or kill()."""
        self.lines = []
        self.open = False
        self.process = subprocess.Popen(
            [*self.wrap, binary(self.program), "-c", str(self.path)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True, env=environment())
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def configure(self, config):
        """Write the file; a running usherd sees it after sighup()."""
        if isinstance(config, dict):
            own = {"control-socket": self.socket, "state-dir": self.state,
                   "ready": "always"}
            config = {**config, "usher": {**own, **config.get("usher", {})}}
        text = config if isinstance(config, str) else ini(config)
        new = self.path.with_suffix(".new")
        new.write_text(text)
        new.rename(self.path)

    # --- the log ---

    def read(self):
        for line in self.process.stderr:
            with self.changed:
                self.lines.append(line.rstrip("\n"))
                self.changed.notify_all()

    def log(self):
        return "\n".join(self.lines[-60:])

    def facts(self, event, **fields):
        """The lines of `event` with these fields, or this level."""
        with self.changed:
            lines = list(self.lines)
        return [f for f in map(Fact, lines) if f.says(event, **fields)]

    def wait_log(self, regex, deadline=DEADLINE, after=0):
        """The first line from line number `after` on that matches."""
        end = time.monotonic() + deadline
        with self.changed:
            while True:
                for line in self.lines[after:]:
                    found = re.search(regex, line)
                    if found:
                        return found
                left = end - time.monotonic()
                if left <= 0:
                    raise AssertionError("log lacks %s:\n%s"
                                         % (regex, self.log()))
                self.changed.wait(left)

    def mark(self):
        """For wait_log(after=): what is logged from now on."""
        return len(self.lines)

    def wait_fact(self, event, **fields):
        return wait_until(lambda: self.facts(event, **fields),
                          lambda: "%s %s in\n%s" % (event, fields, self.log())
                          )[0]

    # --- polling ---

    @property
    def agent_port(self):
        """The first port that it listens on."""
        return self.agent_ports()[0]

    def agent_ports(self, count=1):
        return self.ports("agent", count)

    def ports(self, kind, count=1):
        """Those of a kind, `agent` or `http`, that the log names."""
        def named():
            facts = [f for f in self.facts("listening") if f.get(kind)]
            return len(facts) >= count and facts

        facts = wait_until(named, lambda: "%d listeners for %s in\n%s"
                           % (count, kind, self.log()))
        return [int(f.get(kind).rsplit(":", 1)[1]) for f in facts]

    def connect(self, port=None, source=HOST):
        return socket.create_connection((HOST, port or self.agent_port),
                                        timeout=DEADLINE,
                                        source_address=(source, 0))

    def poll(self, send=b"", port=None, source=HOST):
        """One poll: all bytes of the reply; another one where the test was too
        slow with the name.
        """
        began = time.monotonic()
        with self.connect(port, source) as sock:
            if send:
                sock.sendall(send)
            late = time.monotonic() - began > AGENT_PATIENCE
            answer = read_all(sock)
        if late and answer == b"# unknown server\n":
            return self.poll(send, port, source)
        return answer

    def reply(self, send=b"", port=None):
        """One poll: the reply as text, which must be one whole line."""
        data = self.poll(send, port)
        assert data.endswith(b"\n") and data.count(b"\n") == 1, data
        assert len(data) < 200, data
        return data[:-1].decode("ascii")

    def wait_reply(self, regex, send=b"", port=None):
        """Poll until the whole reply matches."""
        last = [None]

        def matches():
            last[0] = self.reply(send, port)
            return re.fullmatch(regex, last[0])

        wait_until(matches, lambda: "%s, but %r\n%s"
                   % (regex, last[0], self.log()))
        return last[0]

    # --- orders ---

    def ctl(self, *args, **more):
        """usherctl with these words; `more` is for subprocess.run().

        `make valgrind` looks for its leaks: the sanitizer takes 50 ms for it.
        """
        self.wait_open()
        env = environment(**{"ASAN_OPTIONS": "detect_leaks=0",
                             **more.pop("env", {})})
        done = subprocess.run(
            [more.pop("program", binary("usherctl")), "-s", str(self.socket),
             *args], text=True, timeout=DEADLINE, env=env, **{
                 "stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE,
                 "stderr": subprocess.PIPE, **more})
        assert not SANITIZER.search(done.stderr), done.stderr
        return Said(done.returncode, done.stdout, done.stderr)

    def order(self, *args, **more):
        """An order that is taken; what usherctl prints."""
        said = self.ctl(*args, **more)
        assert (said.code, said.err) == (0, ""), "%s\n%s" % (said, self.log())
        return said.out

    def status(self, server=None):
        """What `status -j` says of a server, or of the only one."""
        servers = json.loads(self.order("status", "-j"))["servers"]
        assert server or len(servers) == 1, servers
        return next(s for s in servers if server in (None, s["name"]))

    def pollers(self, server=None):
        """What `pollers -j` says of a server, or of the only one, by
        address.
        """
        servers = json.loads(self.order("pollers", "-j"))["servers"]
        assert server or len(servers) == 1, servers
        pollers = next(s for s in servers if server in (None, s["name"]))
        return {p["address"]: p for p in pollers["pollers"]}

    def wait_poller(self, address, predicate, server=None):
        """Until predicate(poller) holds; the poller."""
        last = [None]

        def holds():
            last[0] = self.pollers(server)
            return address in last[0] and predicate(last[0][address])

        wait_until(holds, lambda: "poller %s, but %s\n%s"
                   % (address, last[0], self.log()))
        return last[0][address]

    def wait_polled(self, address, server=None):
        """Until it has polled some more, and so heeded all but the last."""
        goal = 5 + self.pollers(server).get(address, {"polls": 0})["polls"]
        self.wait_poller(address, lambda p: p["polls"] >= goal, server)

    def say(self, line):
        """As with socat: a line to the control socket, and all it answers."""
        self.wait_open()
        with self.connect_control() as sock:
            with contextlib.suppress(BrokenPipeError):
                sock.sendall(line)
                sock.shutdown(socket.SHUT_WR)
            return read_all(sock)

    def wait_open(self, every=0.02):
        """Until the control socket is there, once after each start."""
        def opened():
            with contextlib.suppress(OSError), self.connect_control():
                return True
            assert self.alive(), self.log()
            return False

        if not self.open:
            self.open = wait_until(opened, self.log, every=every)

    def connect_control(self):
        """As a blocking connect() does, it waits while too many others do;
        but not for ever.
        """
        sock = socket.socket(socket.AF_UNIX)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO,
                        struct.pack("ll", DEADLINE, 0))
        try:
            sock.connect(str(self.socket))
        except OSError:
            sock.close()
            raise
        sock.settimeout(DEADLINE)
        return sock

    # --- the process ---

    def sighup(self):
        self.process.send_signal(signal.SIGHUP)

    def pause(self):
        """It is there, but does nothing until resume()."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def fds(self):
        return len(os.listdir("/proc/%d/fd" % self.process.pid))

    def alive(self):
        return self.process.poll() is None

    def finish(self):
        """Waits for the end: its exit status, or what is wrong."""
        try:
            status = self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            status = "no end within %d s" % DEADLINE
        self.reader.join(DEADLINE)
        log = "\n".join(self.lines)
        assert not SANITIZER.search(log), log
        return status

    def kill(self):
        """kill -9."""
        self.process.kill()
        assert self.finish() == -signal.SIGKILL, self.log()

    def end(self):
        """SIGTERM, and it must end well; start() may follow."""
        self.process.send_signal(signal.SIGTERM)
        status = self.finish()
        assert status == 0, "%s\n%s" % (status, "\n".join(self.lines))

    def stop(self):
        """For good; harmless when it has ended."""
        self.resume()
        try:
            if self.process.returncode != -signal.SIGKILL:
                self.end()
        finally:
            shutil.rmtree(self.own, ignore_errors=True)


def read_all(sock):
    """Until the end; a reset ends it too."""
    data = b""
    try:
        while True:
            more = sock.recv(4096)
            if not more:
                return data
            data += more
    except ConnectionResetError:
        return data
