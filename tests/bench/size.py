"""How large usherd is: its programs, its memory at rest, and what it costs to
run in an hour.

At rest: between two probes, when no poll is answered and no order given, after
some full handshakes, which each of libuv's threads keeps some memory of.
"""

import contextlib
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import fleet
from probes import CA, CRL, Responder
from programs import NAME, Listener, Peer, Polls, Usage, cpu_s, polled, program
from table import bar, beside, none_of

from usherd import Usherd, binary
from waiting import DEADLINE, wait_until

SERVERS = (1, 1001)
REST_S = 13  # unused memory is looked for every ten seconds
FULL_ONES = 8  # handshakes: two for each thread of libuv's
BRING_UP_S = 180
ONE_KB_MAX, FURTHER_KB_MAX = 4096, 8
BALANCERS, POLL_MS, PROBE_S = 4, 1000, 2
FIRST_S = 3  # of polls and probes that are not counted
COUNTED_S = 20
CALLGRIND_S = 10
HOUR_S = 3600
SBIN = "/usr/sbin:/usr/bin"
# What must leave no trace.
PROBES, POLLS = 100000, 1000000
GROWTH_SERVERS = 96
GROWTH_S_MAX = 600
GROWN_MAX = 1.05


def config(peer, count, folder, interval):
    made = fleet.config(peer, count, folder)
    # As where the package has made the group: it need not be searched for.
    made["usher"]["control-group"] = "root"
    made["defaults"]["interval"] = interval
    return made


@contextlib.contextmanager
def running(count, interval, peer=None, wrap=()):
    """(usherd, peer) once all servers have been probed."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        peer = peer or Peer()
        stack.callback(peer.stop)
        usherd = Usherd(folder, config(peer, count, folder, interval), wrap)
        stack.callback(usherd.stop)
        wait_until(lambda: peer.served().requests >= count,
                   "all servers probed", BRING_UP_S, 0.2)
        yield usherd, peer


# --- the programs ---

def sections(path):
    """KB of text and data, which is what stripping leaves."""
    said = subprocess.run(["size", path], capture_output=True, text=True,
                          check=True).stdout
    text, data = said.splitlines()[1].split()[:2]
    return round((int(text) + int(data)) / 1024, 1)


def programs():
    return {"usherd": sections(binary("usherd")),
            "usherctl": sections(binary("usherctl")),
            "xinetd": sections(shutil.which("xinetd", path=SBIN))}


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
    responder = Responder("TLSv1_2", "full", None)
    with running(count, "5m", responder) as (usherd, peer):
        while peer.served().full < FULL_ONES:
            usherd.order("probe")
        rest(peer)
        return {"servers": count,
                "rss_kb": Usage.of(usherd.process.pid).rss_kb}


def bare_rss_kb():
    """Of the libuv responder, which has answered as many polls as it may."""
    floor = Listener([program("floor_uv"), "said"])
    try:
        polled(floor.port, expected("") * 64, 1, 0, 1)
        return Usage.of(floor.process.pid).rss_kb
    finally:
        floor.stop()


def rates(peer, usherd, seconds):
    """Polls without a pause, and probes as often as they may be."""
    before = peer.served().requests
    found = polled(usherd.agent_port, expected() * 64, 1, 0, seconds)
    return peer.served().requests - before, found


def expected(send=fleet.name_of(0)):
    return [(send, "up ready 100%")]


def growth():
    """Memory after a tenth of PROBES and POLLS, and after all of them."""
    done = {"probes": 0, "polls": 0, "wrong": 0, "lost": 0}
    rss = []
    end = time.monotonic() + GROWTH_S_MAX
    with running(GROWTH_SERVERS, "100ms") as (usherd, peer):
        while done["probes"] < PROBES or done["polls"] < POLLS:
            if time.monotonic() > end:
                raise RuntimeError("only %r\n%s" % (done, usherd.log()))
            probes, found = rates(peer, usherd, 5)
            done["probes"] += probes
            done["polls"] += found.polls
            done["wrong"] += found.wrong
            done["lost"] += found.lost
            rss.append(Usage.of(usherd.process.pid).rss_kb)
    return {**done, "rss_kb_tenth": rss[len(rss) // 10], "rss_kb": rss[-1]}


# --- the processor ---

@contextlib.contextmanager
def at_defaults(wrap=lambda _: ()):
    """An usherd; the epoll loop, which is polled as often; and the bare calls
    to mbedTLS, as often as it probes.
    """
    with contextlib.ExitStack() as stack:
        usherd, peer = stack.enter_context(
            running(1, "%ds" % PROBE_S, wrap=wrap("usherd")))
        floor = Listener([*wrap("floor"), program("floor"), "asked"])
        stack.callback(floor.stop)
        other = Peer()
        stack.callback(other.stop)
        bare = subprocess.Popen(
            [*wrap("bare"), program("bare"), str(other.port), "resumed",
             str(HOUR_S), str(1000 * PROBE_S), NAME, CA, CRL],
            stdout=subprocess.DEVNULL)
        stack.callback(bare.wait)
        stack.callback(bare.terminate)
        ports = usherd.agent_port, floor.port
        poll_both(ports, FIRST_S)
        pids = {"usherd": usherd.process.pid, "floor": floor.process.pid,
                "bare": bare.pid}
        yield peer, ports, pids


def poll_both(ports, seconds):
    """As HAProxies do whose agent-inter is a second; how often usherd was."""
    def polls(port):
        return Polls(port, expected() * BALANCERS, POLL_MS, 0, seconds)

    with polls(ports[0]) as own, polls(ports[1]) as bare:
        bare.result()
        return own.result().polls


def counted(peer, ports, seconds):
    """How often usherd was polled and had probed, in which span."""
    probes, began = peer.served().requests, time.monotonic()
    polls = poll_both(ports, seconds)
    return {"span_s": round(time.monotonic() - began, 2), "polls": polls,
            "probes": peer.served().requests - probes}


def hour(found, spent):
    return {**found, **{name + "_per_hour": round(
        each * HOUR_S / found["span_s"], 4) for name, each in spent.items()}}


def seconds_per_hour():
    with at_defaults() as (peer, ports, pids):
        before = {name: cpu_s(pid) for name, pid in pids.items()}
        found = counted(peer, ports, COUNTED_S)
        return hour(found, {name: cpu_s(pid) - before[name]
                            for name, pid in pids.items()})


def instructions_per_hour():
    """Callgrind's, libraries included, from one dump to the next."""
    with tempfile.TemporaryDirectory() as folder:
        def wrap(name):
            return ("valgrind", "-q", "--tool=callgrind",
                    "--callgrind-out-file=%s/%s" % (folder, name))

        with at_defaults(wrap) as (peer, ports, pids):
            for pid in pids.values():
                control("--zero", pid)
            found = counted(peer, ports, CALLGRIND_S)
            for pid in pids.values():
                control("--dump", pid)
            return hour(found, {name: dumped(folder, name) for name in pids})


def dumped(folder, name):
    files = wait_until(lambda: list(Path(folder).glob(name + ".*")),
                       "a dump of callgrind")
    return int(re.search(r"^(?:totals|summary): (\d+)$",
                         files[0].read_text(), re.MULTILINE).group(1))


def control(what, pid):
    subprocess.run(["callgrind_control", what, str(pid)], check=True,
                   capture_output=True, timeout=DEADLINE)


# --- all together ---

def measure():
    return {"programs_kb": programs(),
            "bare_rss_kb": bare_rss_kb(),
            "rest": [at_rest(count) for count in SERVERS],
            "hour": seconds_per_hour(),
            "callgrind": instructions_per_hour(),
            "growth": growth()}


def rows(bench):
    found = bench["size"]
    kb = found["programs_kb"]
    for name in ("usherd", "usherctl"):
        yield beside(name + ", text and data", kb[name], "KB", "xinetd",
                     kb["xinetd"])
    one, many = found["rest"]
    yield beside("memory at rest, one server", one["rss_kb"], "KB",
                 "libuv responder", found["bare_rss_kb"],
                 bar("value", "<=", ONE_KB_MAX))
    further = ((many["rss_kb"] - one["rss_kb"])
               / (many["servers"] - one["servers"]))
    yield beside("memory at rest, a further server", further, "KB",
                 "asked for", FURTHER_KB_MAX,
                 bar("value", "<=", FURTHER_KB_MAX))
    grown = found["growth"]
    yield beside("memory after {:,} probes, {:,} polls, or more".format(
                     PROBES, POLLS), grown["rss_kb"], "KB",
                 "after a tenth of them", grown["rss_kb_tenth"],
                 bar("ratio", "<=", GROWN_MAX))
    yield none_of("polls of these lost or wrong",
                  grown["lost"] + grown["wrong"], grown["polls"])
    of = "an hour at defaults, %d HAProxies, " % BALANCERS
    for key, what, unit, scale in (
            ("hour", "CPU", "s", 1),
            ("callgrind", "instructions", "million", 1e-6)):
        spent = {name: scale * found[key][name + "_per_hour"]
                 for name in ("usherd", "floor", "bare")}
        yield beside(of + what, spent["usherd"], unit,
                     "epoll loop and bare mbedTLS",
                     spent["floor"] + spent["bare"])
