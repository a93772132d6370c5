"""Runs usherd, reads its log, and polls it as HAProxy does."""

import os
import re
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

from ports import HOST
from waiting import DEADLINE, wait_until

ROOT = Path(__file__).resolve().parent.parent.parent
FACT = re.compile(r"(?:\S+Z )?(error|warn|info|debug) (\S+) ?(.*)")
FIELD = re.compile(r'([\w-]+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))')
SANITIZER = re.compile(r"Sanitizer|runtime error:")


def binary():
    folder = os.environ.get("USHER_BIN") or ROOT / "build" / "release"
    path = Path(folder) / "usherd"
    assert path.exists(), "%s: not built; run make" % path
    return str(path)


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
    """One usherd.  `wrap` is a command that ends by running what follows."""

    def __init__(self, folder, config, wrap=()):
        self.path = Path(folder) / "usher.conf"
        self.lines = []
        self.changed = threading.Condition()
        self.configure(config)
        self.process = subprocess.Popen(
            [*wrap, binary(), "-c", str(self.path)], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            env={k: v for k, v in os.environ.items() if k != "JOURNAL_STREAM"})
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def configure(self, config):
        """Write the file; a running usherd sees it after sighup()."""
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
        facts = wait_until(
            lambda: len(self.facts("listening")) >= count
            and self.facts("listening"),
            lambda: "%d listeners in\n%s" % (count, self.log()))
        return [int(f.get("agent").rsplit(":", 1)[1]) for f in facts]

    def connect(self, port=None, source=HOST):
        return socket.create_connection((HOST, port or self.agent_port),
                                        timeout=DEADLINE,
                                        source_address=(source, 0))

    def poll(self, send=b"", port=None, source=HOST):
        """One poll: all bytes of the reply."""
        with self.connect(port, source) as sock:
            if send:
                sock.sendall(send)
            return read_all(sock)

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

    # --- the process ---

    def sighup(self):
        self.process.send_signal(signal.SIGHUP)

    def fds(self):
        return len(os.listdir("/proc/%d/fd" % self.process.pid))

    def alive(self):
        return self.process.poll() is None

    def stop(self):
        """SIGTERM, and it must have ended well; harmless when it has ended."""
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = "no end within 10 s of SIGTERM"
        self.reader.join(10)
        log = "\n".join(self.lines)
        assert status == 0, "%s\n%s" % (status, log)
        assert not SANITIZER.search(log), log


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
