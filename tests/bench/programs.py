"""The programs of a measurement: the stand-in for Puppet Servers, the pollers,
and what the kernel says of a process.
"""

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


class Listener:
    """A program that prints its port, and ends with its input."""

    def __init__(self, command):
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def stop(self):
        self.process.stdin.close()
        self.process.stdout.close()
        if self.process.wait(10) != 0:
            raise RuntimeError("%s has ended by itself" % self.process.args)


class Peer(Listener):
    """All the Puppet Servers there are, at one port."""

    def __init__(self, command=None):
        super().__init__(command or [program("peer"), PKI / "server.pem",
                                     PKI / "server.der", METRICS])

    def served(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return Served(*map(int, self.process.stdout.readline().split()))


def cpu_s(pid):
    """Of all threads that it has, finer than the ticks of /proc/PID/stat."""
    tasks = Path("/proc/%d/task" % pid).glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


class Usage(NamedTuple):
    """Of one process: processor time, how much of it was the kernel's, memory
    in use, and when that was.
    """

    cpu_s: float
    system_s: float
    rss_kb: int
    at: float

    @classmethod
    def of(cls, pid):
        proc = Path("/proc") / str(pid)
        stat = (proc / "stat").read_text().rpartition(")")[2].split()
        rss = next(line.split()[1]
                   for line in (proc / "status").read_text().splitlines()
                   if line.startswith("VmRSS:"))
        return cls((int(stat[11]) + int(stat[12])) / TICK,
                   int(stat[12]) / TICK, int(rss), time.monotonic())


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
    """Pollers, each with what it sends and the one reply that is right; they
    have ended when the block has.
    """

    def __init__(self, port, expected, pause_ms, warm_s, counted_s,
                 spread_percent=0):
        self.patience = warm_s + counted_s + 30
        self.process = subprocess.Popen(
            [program("polls"), str(port), str(pause_ms), str(spread_percent),
             str(int(warm_s * 1000)), str(int(counted_s * 1000))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdin.write(
            "".join("%s\t%s\n" % pair for pair in expected))
        self.process.stdin.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def result(self):
        """Waits for their end."""
        self.process.wait(self.patience)
        said = self.process.stdout.read()
        if self.process.returncode != 0:
            raise RuntimeError("the pollers have failed")
        return Polled(*map(int, said.split()))


def polled(*args):
    """The same, from their begin to their end."""
    with Polls(*args) as polls:
        return polls.result()
