"""What a balancer notices, and what it costs, while something else goes on."""

import contextlib
import json
import re
import subprocess
import sys
import time
from pathlib import Path

from waiting import DEADLINE

POLLER = Path(__file__).with_name("poller.py")
# The aim is a p99 of 10 ms, on a machine with nothing else to do.  Of too few
# polls it would be the slowest one.
RIGHT_MIN, P99_MAX_S, P99_OF = 10, 2, 200


def proc(usherd, name):
    return Path("/proc/%d/%s" % (usherd.process.pid, name))


def status_kb(usherd, key):
    return int(re.search(r"^%s:\s*(\d+) kB$" % key,
                         proc(usherd, "status").read_text(), re.M)[1])


def rss_kb(usherd):
    return status_kb(usherd, "VmRSS")


def peak_kb(usherd):
    """The most that it has held, since forget_peak()."""
    return status_kb(usherd, "VmHWM")


def forget_peak(usherd):
    """Not every kernel can; there the peak is since the start."""
    with contextlib.suppress(FileNotFoundError):
        proc(usherd, "clear_refs").write_text("5")


class Polls:
    """Those of poller.py, until they are finished.  What comes after begin()
    counts.
    """

    def __init__(self, usherd, server, reply):
        self.reply = reply + "\n"
        self.process = subprocess.Popen(
            [sys.executable, str(POLLER), str(usherd.agent_port), server],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.begin()

    def begin(self):
        self.since = time.monotonic()

    def finish(self):
        out, _ = self.process.communicate(timeout=DEADLINE)
        polls = [(took, said) for began, took, said in json.loads(out)
                 if began >= self.since]
        said = [said for _, said in polls]
        self.took = sorted(took for took, _ in polls)
        self.right = said.count(self.reply)
        self.late = said.count(None)
        self.wrong = [s for s in said if s not in (self.reply, None)]

    def quantile(self, share):
        return self.took[int(share * (len(self.took) - 1))] * 1000

    def __str__(self):
        if not self.took:
            return "no polls"
        return ("%d polls, %d wrong, %d asked too late; ms: median %.1f, p99 "
                "%.1f, most %.1f" % (
                    len(self.took), len(self.wrong), self.late,
                    *map(self.quantile, (0.5, 0.99, 1))))

    def check(self):
        assert not self.wrong, self.wrong[:3]
        assert self.right >= RIGHT_MIN, self
        if len(self.took) >= P99_OF:
            assert self.quantile(0.99) < 1000 * P99_MAX_S, self
