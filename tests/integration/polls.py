"""What a balancer notices, and what it costs, while something else goes on."""

import json
import subprocess
import sys
from pathlib import Path

from waiting import DEADLINE

POLLER = Path(__file__).with_name("poller.py")


def rss_kb(usherd):
    status = Path("/proc/%d/status" % usherd.process.pid).read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


class Polls:
    """Those of poller.py, until they are finished."""

    def __init__(self, usherd, server, reply):
        self.process = subprocess.Popen(
            [sys.executable, str(POLLER), str(usherd.agent_port), server,
             reply], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def finish(self):
        out, _ = self.process.communicate(timeout=DEADLINE)
        said = json.loads(out)
        self.took, self.wrong = sorted(said["took"]), said["wrong"]

    def __str__(self):
        took = self.took
        return "%d polls, %d wrong; ms: median %.1f, p99 %.1f, most %.1f" % (
            len(took), len(self.wrong), 1000 * took[len(took) // 2],
            1000 * took[len(took) * 99 // 100], 1000 * took[-1])
