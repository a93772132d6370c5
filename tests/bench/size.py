"""How large usherd is: its programs, its memory at rest, and what it costs to
run in an hour.

At rest: between two probes, when no poll is answered and no order given.
"""

import contextlib
import re
import subprocess
import tempfile
import time
from pathlib import Path

import fleet
from programs import Peer, Polls, Usage

from usherd import Usherd, binary
from waiting import wait_until

SERVERS = (1, 1001)
REST_S = 13  # unused memory is looked for every ten seconds
BRING_UP_S = 180
ONE_KB_MAX, FURTHER_KB_MAX = 4096, 8
BALANCERS, POLL_MS = 4, 1000
COUNTED_S = 20
CALLGRIND_S = 10
HOUR_S = 3600
# What must leave no trace.
PROBES, POLLS = 100000, 1000000
GROWTH_SERVERS = 96
GROWN_KB_MAX = 256


def config(peer, count, folder, interval):
    made = fleet.config(peer, count, folder)
    # As where the package has made the group: it need not be searched for.
    made["usher"]["control-group"] = "root"
    made["defaults"]["interval"] = interval
    return made


@contextlib.contextmanager
def running(count, interval, **more):
    """(usherd, peer) once all servers have been probed."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        peer = Peer()
        stack.callback(peer.stop)
        usherd = Usherd(folder, config(peer, count, folder, interval), **more)
        stack.callback(usherd.stop)
        wait_until(lambda: peer.served().requests >= count,
                   "all servers probed", BRING_UP_S, 0.2)
        yield usherd, peer


# --- the programs ---

def sections(name):
    """Bytes of text and data, which is what stripping leaves."""
    said = subprocess.run(["size", binary(name)], capture_output=True,
                          text=True, check=True).stdout
    text, data = said.splitlines()[1].split()[:2]
    return {"program": name, "text": int(text), "data": int(data)}


# --- memory ---

def rest(peer):
    """Until there has been no probe for so long: where they fail, as on a busy
    machine, the next comes soon.
    """
    seen = None
    while seen != peer.served():
        seen = peer.served()
        time.sleep(REST_S)


def at_rest(count):
    with running(count, "5m") as (usherd, peer):
        rest(peer)
        return {"servers": count,
                "rss_kb": Usage.of(usherd.process.pid).rss_kb}


def rates(peer, usherd, seconds):
    """Polls without a pause, and probes as often as they may be."""
    before = peer.served().requests
    polls = Polls(usherd.agent_port, expected(64), 1, 0, seconds)
    try:
        polled = polls.result()
    finally:
        polls.stop()
    return peer.served().requests - before, polled


def expected(count):
    return [(fleet.name_of(0), "up ready 100%")] * count


def growth():
    """Memory after a tenth of PROBES and POLLS, and after all of them."""
    done = {"probes": 0, "polls": 0, "wrong": 0, "lost": 0}
    rss = []
    with running(GROWTH_SERVERS, "100ms") as (usherd, peer):
        while done["probes"] < PROBES or done["polls"] < POLLS:
            probed, polled = rates(peer, usherd, 5)
            done["probes"] += probed
            done["polls"] += polled.polls
            done["wrong"] += polled.wrong
            done["lost"] += polled.lost
            rss.append(Usage.of(usherd.process.pid).rss_kb)
    tenth = rss[len(rss) // 10]
    return {**done, "rss_kb_tenth": tenth, "rss_kb": rss[-1],
            "grown_kb": rss[-1] - tenth}


# --- the processor ---

def cpu_s(pid):
    """Finer than ticks of 10 ms."""
    return int(Path("/proc/%d/schedstat" % pid).read_text().split()[0]) / 1e9


def polled_for(usherd, seconds):
    """As HAProxies do whose agent-inter is a second."""
    polls = Polls(usherd.agent_port, expected(BALANCERS), POLL_MS, 0, seconds)
    try:
        return polls.result()
    finally:
        polls.stop()


def seconds_per_hour():
    with running(1, "2s") as (usherd, peer):
        pid = usherd.process.pid
        polled_for(usherd, 3)  # its first polls
        probes, before, began = (peer.served().requests, cpu_s(pid),
                                 time.monotonic())
        polled = polled_for(usherd, COUNTED_S)
        spent, span = cpu_s(pid) - before, time.monotonic() - began
        return {"span_s": round(span, 2), "cpu_s": round(spent, 4),
                "probes": peer.served().requests - probes,
                "polls": polled.polls,
                "cpu_s_per_hour": round(spent * HOUR_S / span, 2)}


def instructions_per_hour():
    """Callgrind's, libraries included, from one dump to the next."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        out = Path(folder, "callgrind")
        usherd, peer = stack.enter_context(running(1, "2s", wrap=(
            "valgrind", "-q", "--tool=callgrind",
            "--callgrind-out-file=%s" % out)))
        pid = str(usherd.process.pid)
        polled_for(usherd, 3)
        control("--zero", pid)
        before, began = peer.served().requests, time.monotonic()
        polled = polled_for(usherd, CALLGRIND_S)
        control("--dump", pid)
        span = time.monotonic() - began
        probes = peer.served().requests - before
        dumped = wait_until(lambda: list(Path(folder).glob("callgrind.*")),
                            "a dump of callgrind")
        total = re.search(r"^(?:totals|summary): (\d+)$",
                          dumped[0].read_text(), re.MULTILINE)
        return {"span_s": round(span, 2), "probes": probes,
                "polls": polled.polls, "instructions": int(total.group(1)),
                "instructions_per_hour":
                    round(int(total.group(1)) * HOUR_S / span)}


def control(what, pid):
    subprocess.run(["callgrind_control", what, pid], check=True,
                   capture_output=True, timeout=30)


# --- all together ---

def measure():
    return {"programs": [sections("usherd"), sections("usherctl")],
            "rest": [at_rest(count) for count in SERVERS],
            "hour": seconds_per_hour(),
            "callgrind": instructions_per_hour(),
            "growth": growth()}


def further_kb(rest):
    one, many = rest[0], rest[-1]
    return (many["rss_kb"] - one["rss_kb"]) / (many["servers"]
                                               - one["servers"])


def show(found):
    for p in found["programs"]:
        print("%-9s %4d KB of text and data" % (
            p["program"], (p["text"] + p["data"]) / 1024))
    one = found["rest"][0]
    print("at rest, one server: %d KB, %.2f of %d KB" % (
        one["rss_kb"], one["rss_kb"] / ONE_KB_MAX, ONE_KB_MAX))
    for many in found["rest"][1:]:
        kb = further_kb([one, many])
        print("at rest, %d servers: %d KB, each further %.1f KB, %.2f of %d KB"
              % (many["servers"], many["rss_kb"], kb, kb / FURTHER_KB_MAX,
                 FURTHER_KB_MAX))
    hour, counted = found["hour"], found["callgrind"]
    print("defaults, %d balancers, an hour: %.1f s of CPU (%.3f %%), from "
          "%.0f s" % (BALANCERS, hour["cpu_s_per_hour"],
                      hour["cpu_s_per_hour"] / HOUR_S * 100, hour["span_s"]))
    print("  and %.2f thousand million instructions, from %.0f s" % (
        counted["instructions_per_hour"] / 1e9, counted["span_s"]))
    grown = found["growth"]
    print("after %(probes)d probes and %(polls)d polls: %(rss_kb)d KB, after "
          "a tenth of them %(rss_kb_tenth)d KB; wrong %(wrong)d, lost "
          "%(lost)d" % grown)


def failed(found):
    grown = found["growth"]
    return bool(grown["wrong"] or grown["lost"]
                or grown["grown_kb"] > GROWN_KB_MAX)
