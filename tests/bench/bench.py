#!/usr/bin/python3
"""make bench: what usherd costs, as a table and as JSON.

    bench.py FOLDER     where peer and poll are, beside usherd; bench.json
                        goes there
"""

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PKI = Path(__file__).resolve().parent.parent / "fixtures" / "pki"
PATIENCE = 10  # seconds, for what must come
SECONDS = 15    # of measuring, after all servers have a verdict
INTERVAL = 2
NAME = "puppet-server-"
TICKS = os.sysconf("SC_CLK_TCK")


def start(*command, **more):
    return subprocess.Popen([str(word) for word in command], text=True, **more)


class Peer:
    """A TLS port that stands in for all the servers."""

    def __init__(self, folder):
        self.process = start(folder / "peer", stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE)
        self.port = int(self.process.stdout.readline())

    def stop(self):
        """Full and resumed handshakes, requests."""
        said, _ = self.process.communicate()
        return [int(word) for word in said.split()]


def configuration(own, port, servers):
    lines = ["[usher]", "agent-listen = 127.0.0.1:0",
             "control-socket = %s/control" % own, "state-dir = %s" % own,
             "[defaults]", "address = 127.0.0.1:%d" % port,
             "tls-name = localhost", "ca-file = %s/ca.pem" % PKI,
             "crl-file = %s/crl.pem" % PKI, "interval = %ds" % INTERVAL]
    lines += ["[server %s%d]" % (NAME, n) for n in range(1, servers + 1)]
    # With one server alone a name isn't asked for.
    return "\n".join(lines) + "\n"


def orders(servers):
    """Each reply bears its server's name, as the reason of an order."""
    def order(name):
        return {"ceiling": {"kind": "weight", "who": "bench", "why": name,
                            "since": 1, "until": 0, "percent": 50}}
    names = ["%s%d" % (NAME, n) for n in range(1, servers + 1)]
    return json.dumps({"version": 1,
                       "servers": {name: order(name) for name in names}})


class Usherd:
    def __init__(self, folder, own, port, servers):
        self.servers = servers
        (own / "usher.conf").write_text(configuration(own, port, servers))
        (own / "state.json").write_text(orders(servers))
        self.began = time.monotonic()
        self.log = own / "log"
        with open(self.log, "wb") as log:
            self.process = start(folder / "usherd", "-c", own / "usher.conf",
                                 stderr=log)
        self.port = self.wait_port()
        self.wait_verdicts()

    def wait(self, count, pattern):
        """The log has so many lines that match: what the first one says."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found = re.findall(pattern, self.log.read_text())
            if len(found) >= count:
                return found[0]
            time.sleep(0.05)
        raise SystemExit("bench: usherd did not say %s\n%s" % (
            pattern, self.log.read_text()[-2000:]))

    def wait_port(self):
        return int(self.wait(1, r" listening agent=\S+:(\d+)"))

    def wait_verdicts(self):
        self.wait(self.servers, r" verdict .* is=up ")
        self.ready_s = time.monotonic() - self.began

    def cpu_s(self):
        stat = Path("/proc/%d/stat" % self.process.pid).read_text()
        fields = stat.rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def rss_kb(self):
        status = Path("/proc/%d/status" % self.process.pid).read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])

    def stop(self):
        self.process.terminate()
        self.process.wait()


def measure(folder, servers):
    with contextlib.ExitStack() as stack:
        own = Path(stack.enter_context(
            tempfile.TemporaryDirectory(prefix="bench-")))
        peer = Peer(folder)
        usherd = Usherd(folder, own, peer.port, servers)
        before, began = usherd.cpu_s(), time.monotonic()
        polled = subprocess.run(
            [folder / "poll", str(usherd.port), str(servers), str(SECONDS),
             NAME], stdout=subprocess.PIPE, text=True, check=False)
        took = time.monotonic() - began
        row = {"servers": servers, "ready_s": round(usherd.ready_s, 1),
               "cpu_percent": round(100 * (usherd.cpu_s() - before) / took, 1),
               "rss_kb": usherd.rss_kb()}
        usherd.stop()
        full, resumed, requests = peer.stop()
        numbers = [int(word) for word in polled.stdout.split()]
        return {**row, "full": full, "resumed": resumed, "probes": requests,
                **dict(zip(("polls", "lost", "wrong", "p50_us", "p99_us",
                            "p999_us", "max_us"), numbers))}


COLUMNS = (
    ("servers", "servers"), ("all up after", "ready_s"),
    ("CPU %", "cpu_percent"), ("RSS KB", "rss_kb"), ("probes", "probes"),
    ("full", "full"), ("resumed", "resumed"), ("polls", "polls"),
    ("lost", "lost"), ("wrong", "wrong"), ("p50 us", "p50_us"),
    ("p99 us", "p99_us"), ("max us", "max_us"))


def show(rows):
    print("one usherd, interval %ds, each server polled once a second for "
          "%d s" % (INTERVAL, SECONDS))
    print("  ".join(title.rjust(7) for title, _ in COLUMNS))
    for row in rows:
        print("  ".join(str(row[key]).rjust(max(7, len(title)))
                        for title, key in COLUMNS))
    one, many = rows
    further = many["servers"] - one["servers"]
    print("each further server: %.1f KB, %.3f %% of a core" % (
        (many["rss_kb"] - one["rss_kb"]) / further,
        (many["cpu_percent"] - one["cpu_percent"]) / further))


def main():
    folder = Path(sys.argv[1]).resolve()
    rows = [measure(folder, servers) for servers in (1, 1000)]
    show(rows)
    (folder / "bench.json").write_text(json.dumps({"fleet": rows}, indent=1))
    sys.exit(any(row["lost"] or row["wrong"] for row in rows))


if __name__ == "__main__":
    main()
