"""The programs of a measurement: the stand-in for Puppet Servers, the pollers,
and what the kernel says of a process.
"""

import contextlib
import os
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

BENCH = Path(__file__).resolve().parent
PKI = BENCH / "pki"
METRICS = (BENCH.parent / "fixtures"
           / "busy-jruby1-queue3-jruby-metrics-debug.http")
NAME = "puppet.test"
TICK = os.sysconf("SC_CLK_TCK")


def program(name):
    folder = Path(os.environ["USHER_BIN"]).resolve()
    return str(folder / "tests" / "bench" / name)


class Served(NamedTuple):
    """What the peer has counted."""

    full: int
    resumed: int
    failed: int
    requests: int


class Peer:
    """All the Puppet Servers there are, at one port."""

    def __init__(self, command=None):
        self.process = subprocess.Popen(
            command or [program("peer"), PKI / "server.pem",
                        PKI / "server.der", METRICS],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def served(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return Served(*map(int, self.process.stdout.readline().split()))

    def stop(self):
        self.process.stdin.close()
        self.process.stdout.close()
        if self.process.wait(10) != 0:
            raise RuntimeError("the peer has ended by itself")


class Usage(NamedTuple):
    """Of one process: processor time, memory in use, and when that was."""

    cpu_s: float
    rss_kb: int
    at: float

    @classmethod
    def of(cls, pid):
        proc = Path("/proc") / str(pid)
        stat = (proc / "stat").read_text().rpartition(")")[2].split()
        rss = next(line.split()[1]
                   for line in (proc / "status").read_text().splitlines()
                   if line.startswith("VmRSS:"))
        return cls((int(stat[11]) + int(stat[12])) / TICK, int(rss),
                   time.monotonic())


class Polled(NamedTuple):
    """What the pollers have counted; times from connect() to the line feed."""

    polls: int
    wrong: int
    lost: int
    p50_us: int
    p99_us: int
    p999_us: int
    max_us: int


class Polls:
    """Pollers, each with what it sends and the one reply that is right."""

    def __init__(self, port, expected, pause_ms, warm_s, counted_s):
        self.patience = warm_s + counted_s + 30
        self.process = subprocess.Popen(
            [program("polls"), str(port), str(pause_ms),
             str(int(warm_s * 1000)), str(int(counted_s * 1000))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdin.write(
            "".join("%s\t%s\n" % pair for pair in expected))
        self.process.stdin.close()

    def result(self):
        """Waits for their end."""
        with self.process.stdout:
            self.process.wait(self.patience)
            said = self.process.stdout.read()
        if self.process.returncode != 0:
            raise RuntimeError("the pollers have failed")
        return Polled(*map(int, said.split()))

    def stop(self):
        """Harmless when they have ended."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()
