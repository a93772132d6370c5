#!/usr/bin/python3
"""make soak: hours of everything at once, and nothing may grow.

    soak.py HOURS FILE [SEED]    USHER_BIN is the folder that was built

Two servers behind a real HAProxy that polls every 10 ms, and is reloaded; Puppet
Servers that fail, hang and lie, orders, reloads, files that are made anew, pages
and metrics: all at random, from one seed.  After every order the reply must
follow.  Memory, descriptors and handles are read at quiet moments, when all is
in service; FILE gets them as JSON.
"""

import contextlib
import json
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

SOAK = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(SOAK.parent / "integration"))

import endless  # noqa: E402
import peer as peers  # noqa: E402
from haproxy import GENERATED, HAProxy, server_line  # noqa: E402
from pki import NAME, Pki  # noqa: E402
from usherd import Usherd  # noqa: E402
from waiting import wait_until  # noqa: E402
from web import ask, samples  # noqa: E402

TROUBLES = (
    peers.starting, peers.error, peers.forbidden, peers.garbage,
    peers.short_length, peers.huge_body, peers.many_headers, peers.truncated,
    endless.silent, endless.silent_after_tls, endless.drip, endless.interim,
    peers.plain_http, peers.reset_at_accept, peers.reset_after_tls)
# An order, and the reply of a server that is well.
ORDERS = (
    (("drain", "-m", "soak", "--force"), r"up drain 100% # drain by .*"),
    (("maint", "--for", "1h", "--force"), r"up maint 100% # maint by .*"),
    (("down", "--force"), r"stopped ready 100% # down by .*"),
    (("weight", "10%"), r"up ready 10% # weight by .*"),
    (("canary", "5%", "50%", "--every", "1h"), r"up ready 5%.*"),
    (("hold", "--force"), r"up drain 100% # .*"))
UP = "up ready 100%"
QUIET_EVERY_S = 10
WARM_HOURS = 0.1
SERVERS = ("puppet1", "puppet2")


class Soak:
    """The players of one soak; `stack` ends them."""

    def __init__(self, stack, seed):
        self.chance = random.Random(seed)
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        self.pki = Pki(self.folder)
        self.peers = []
        for _ in SERVERS:
            peer = peers.Peer(peers.context(self.pki.good))
            stack.callback(peer.stop)
            self.peers.append(peer)
        self.usherd = Usherd(self.folder, self.config("2s"))
        stack.callback(self.usherd.stop)
        self.ports = dict(zip(SERVERS, self.usherd.agent_ports(2)))
        lines = [server_line(name, peer.address, self.ports[name])
                 for name, peer in zip(SERVERS, self.peers)]
        self.haproxy = HAProxy(GENERATED.replace(
            "{servers}", "\n".join(lines)).replace("100ms", "10ms"))
        stack.callback(self.haproxy.stop)
        self.acts = dict.fromkeys(
            ("trouble", "order", "reload", "rotate", "page", "balancer"), 0)

    def config(self, interval):
        return {
            "usher": {"http-listen": "127.0.0.1:0", "ready": "always"},
            "defaults": {
                "tls-name": NAME, "ca-file": self.pki.ca_file,
                "crl-file": self.pki.crl_file, "interval": interval,
                "fast-interval": "100ms", "timeout": "500ms",
                "rise": 1, "fall": 1, "busy-limit": "500ms"},
            **{"server " + name: {"address": peer.address,
                                  "agent-listen": "127.0.0.1:0"}
               for name, peer in zip(SERVERS, self.peers)}}

    # --- what happens ---

    def trouble(self):
        """One Puppet Server goes wrong, and comes back."""
        n = self.chance.randrange(len(SERVERS))
        peer = self.peers[n]
        peer.behaviour = self.chance.choice(TROUBLES)
        self.usherd.order("probe", SERVERS[n])
        self.wait(SERVERS[n], "(fail|down|up) .*")
        peer.behaviour = peers.running

    def order(self):
        """Given, told, seen by HAProxy's next polls, and taken back."""
        name = self.chance.choice(SERVERS)
        words, reply = self.chance.choice(ORDERS)
        self.wait(name, UP)
        self.usherd.order(words[0], name, *words[1:])
        self.wait(name, reply)
        self.usherd.order("auto", name, "--state", "--weight", "--hold")
        self.wait(name, UP)

    def reload(self):
        """Another interval, or a file with an error in it."""
        mark = self.usherd.mark()
        if self.chance.random() < 0.2:
            self.usherd.configure("[usher]\nno-such-option = 1\n")
            self.usherd.sighup()
            self.usherd.wait_log(" error ", after=mark)
        self.usherd.configure(self.config(self.chance.choice(("1s", "2s"))))
        self.usherd.order("reload")

    def rotate(self):
        """CA and CRL as a CA makes them anew, sometimes half written."""
        for path, data in ((self.pki.ca_file, self.pki.ca_pem()),
                           (self.pki.crl_file, self.pki.crl_pem())):
            if self.chance.random() < 0.3:
                Path(path).write_bytes(data[:self.chance.randrange(len(data))])
            new = Path(path + ".new")
            new.write_bytes(data)
            new.rename(path)

    def page(self):
        for path in ("/metrics", "/status", "/server/puppet1", "/nowhere"):
            ask(self.usherd, path)
        for words in (("status",), ("explain", "puppet1"), ("pollers",),
                      ("log",), ("-j", "status"), ("no-such-word",)):
            self.usherd.ctl(*words)

    def balancer(self):
        """HAProxy is reloaded, or stands still for a moment."""
        if self.chance.random() < 0.5:
            self.haproxy.save(self.haproxy.states())
            self.haproxy.reload()
        else:
            self.haproxy.pause()
            self.page()
            self.haproxy.resume()

    def wait(self, name, reply):
        self.usherd.wait_reply(reply, port=self.ports[name])

    # --- what is measured ---

    def quiet(self):
        """All in service; of a few looks the lowest, since HAProxy polls on."""
        for name in SERVERS:
            self.wait(name, UP)
        looks = [self.look() for _ in range(5)]
        return {key: min(look[key] for look in looks) for key in looks[0]}

    def look(self):
        found = samples(self.usherd)
        return {"rss_kb": found["process_resident_memory_bytes"] / 1024,
                "fds": found["process_open_fds"],
                "handles": found["usher_open_handles"],
                "polls": sum(v for k, v in found.items()
                             if k.startswith("usher_polls_total"))}

    def run(self, hours):
        """The samples."""
        end = time.monotonic() + hours * 3600
        seen, due = [], 0
        while time.monotonic() < end or len(seen) < 4:
            if time.monotonic() >= due:
                seen.append(self.quiet())
                due = time.monotonic() + min(QUIET_EVERY_S, hours * 600)
            act = self.chance.choice(list(self.acts))
            getattr(self, act)()
            self.acts[act] += 1
        seen.append(self.quiet())
        return seen


def lowest(seen, key):
    """What is left when a connection more or less is not counted."""
    return min(s[key] for s in seen)


def judge(seen, hours):
    """What has grown from the second quarter to the last, in a sentence each."""
    quarter = max(1, len(seen) // 4)
    early, late = seen[quarter:2 * quarter], seen[-quarter:]
    wrong = []
    # In the first minutes the allocator still takes what it will keep.
    rss_slack = 512 if hours > WARM_HOURS else 4096
    for key, slack in (("rss_kb", rss_slack), ("fds", 0), ("handles", 0)):
        was, now = lowest(early, key), lowest(late, key)
        print("%-8s %8d %8d   median of all %d" % (
            key, was, now, statistics.median(s[key] for s in seen)))
        if now > was + slack:
            wrong.append("%s grew from %d to %d" % (key, was, now))
    return wrong


def main():
    hours, out = float(sys.argv[1]), sys.argv[2]
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else int(time.time())
    print("soak: %g hours, seed %d" % (hours, seed), flush=True)
    with contextlib.ExitStack() as stack:
        soak = Soak(stack, seed)
        wait_until(lambda: all(soak.usherd.wait_reply(UP, port=p)
                               for p in soak.ports.values()), "all up")
        seen = soak.run(hours)
    print("%s; %d polls" % (
        ", ".join("%d %ss" % (n, act) for act, n in soak.acts.items()),
        seen[-1]["polls"]))
    print("         2nd quarter  last")
    wrong = judge(seen, hours)
    Path(out).write_text(json.dumps(
        {"hours": hours, "seed": seed, "acts": soak.acts,
         "samples": seen}, indent=1) + "\n")
    sys.exit("\n".join(wrong) or 0)


if __name__ == "__main__":
    main()
