"""Polls as fast as they go, beside the least that anything can cost: a bare
epoll loop, a bare libuv responder, an agent in asyncio, and xinetd, which runs
a script for each.

All take their turns in the same minute, each first as often as the others, so
that what else the machine does falls on each of them.  On two cores it is the
pollers that are busy first, not who answers: hence also the processor time of
who answers, for each poll.
"""

import contextlib
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from programs import (NAME, PKI, Listener, Peer, Usage, cpu_s, polled,
                      program)
from table import Row, aim, beside, none_of, times

from ports import ReservedPort
from usherd import Usherd
from xinetd import Xinetd

HERE = Path(__file__).resolve().parent
AT_ONCE = (1, 32, 256)
ROUNDS, WARM_S, COUNTED_S = 9, 0.1, 0.5
SLOW_S = 1.5       # of xinetd
MANY = 1000000     # polls of usherd, said and asked
MANY_AT_ONCE, MANY_S = 32, 5  # what is wanting to that, so many at a time
REPLY = "up ready 100%"
# What is asked for, at 32 and 256 at once.
RATE_MIN, P99_MAX = 0.95, 1.25


def config_of(peer):
    """For servers that are there, and are probed once."""
    return {
        "usher": {"agent-listen": "127.0.0.1:0"},
        "defaults": {
            "address": "127.0.0.1:%d" % peer.port, "tls-name": NAME,
            "ca-file": PKI / "ca.pem", "crl-file": PKI / "crl.pem",
            # A probe that comes too late would change the reply.
            "interval": "5m"}}


def start_usherd(folder, peer, how):
    """Asked, it has two servers at one port, so that a name is needed."""
    names = ("puppet1",) if how == "said" else ("puppet1", "puppet2")
    usherd = Usherd(folder, {
        **config_of(peer), **{"server " + name: {} for name in names}})
    usherd.wait_reply(REPLY, b"puppet1\n")
    return usherd


def start_all(how, stack):
    """{name: what listens at its port}, all that take turns; and xinetd."""
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    peer = Peer()
    stack.callback(peer.stop)
    usherd = start_usherd(folder, peer, how)
    stack.callback(usherd.stop)
    started = {"epoll": Listener([program("floor"), how]),
               "libuv": Listener([program("floor_uv"), how]),
               "asyncio": Listener([sys.executable,
                                     HERE / "floor_asyncio.py", how])}
    port = ReservedPort()
    stack.callback(port.close)
    xinetd = Xinetd(folder, port.number, HERE / "floor-check", peer.port, how)
    for one in (*started.values(), xinetd):
        stack.callback(one.stop)
    answering = {"usherd": (usherd.agent_port, usherd.process.pid),
                 **{name: (one.port, one.process.pid)
                    for name, one in started.items()}}
    return answering, xinetd


def poll(port, how, at_once, seconds):
    send = "puppet1" if how == "asked" else ""
    return polled(port, [(send, REPLY)] * at_once, 0, WARM_S, seconds)


def pollers_s():
    """What pollers have taken that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def turn(port, pid, how, at_once):
    """What was polled, and what it took of who answered, and of who polled."""
    before, before_s, polling_s = Usage.of(pid), cpu_s(pid), pollers_s()
    found = poll(port, how, at_once, COUNTED_S)
    spent_s, after = cpu_s(pid) - before_s, Usage.of(pid)
    # Those of the first moments have cost as much, but are not counted.
    us = 1e6 * COUNTED_S / (WARM_S + COUNTED_S) / found.polls
    return {**found._asdict(),
            "per_s": (found.polls - found.lost) / COUNTED_S,
            "cpu_us": us * spent_s,
            "pollers_us": us * (pollers_s() - polling_s),
            "ticks_s": after.cpu_s - before.cpu_s,
            "system_s": after.system_s - before.system_s}


def turns(answering, how, at_once):
    """{name: [what was polled in each round]}, one after the other."""
    found = {name: [] for name in answering}
    order = list(answering)
    for _ in range(ROUNDS):
        for name in order:
            found[name].append(turn(*answering[name], how, at_once))
        order.append(order.pop(0))
    return found


def slow_turn(xinetd, floor, how, at_once):
    """xinetd and the floor, in a round of their own: what xinetd leaves undone
    must not fall on the others.
    """
    bare = turn(*floor, how, at_once)
    found = poll(xinetd.port, how, at_once, SLOW_S)
    xinetd.wait_idle()
    return {**found._asdict(),
            "per_s": (found.polls - found.lost) / SLOW_S}, bare


TIMES = ("p50_us", "p99_us", "p999_us")
COSTS = ("cpu_us", "pollers_us")


def row(rounds, others):
    """Medians; a ratio is one of two that were polled in the same breath."""
    def median(key):
        return statistics.median(r[key] for r in rounds)

    keys = [key for key in ("per_s", *TIMES, *COSTS) if key in rounds[0]]
    made = {key: round(median(key), 2 if key in COSTS else None)
            for key in keys}
    for other, theirs in others.items():
        for key in keys:
            made["%s_of_%s" % (key, other)] = round(statistics.median(
                r[key] / o[key] for r, o in zip(rounds, theirs)), 5)
    if "cpu_us" in rounds[0]:
        made["system_share"] = round(sum(r["system_s"] for r in rounds)
                                     / sum(r["ticks_s"] for r in rounds), 3)
    for key in ("polls", "lost", "wrong"):
        made[key] = sum(r[key] for r in rounds)
    return made


def rows_of(how, answering, xinetd):
    for at_once in AT_ONCE:
        found = turns(answering, how, at_once)
        slow, floor = slow_turn(xinetd, answering["epoll"], how, at_once)
        this = {"how": how, "at_once": at_once}
        for name, rounds in found.items():
            yield {**this, "way": name, **row(rounds, found)}
        yield {**this, "way": "xinetd", **row([slow], {"epoll": [floor]})}


def many(port, how, polls):
    """At least so many."""
    found = []
    while sum(p["polls"] for p in found) < polls:
        found.append(poll(port, how, MANY_AT_ONCE, MANY_S)._asdict())
    return found


def measure():
    made, total = [], {}
    for how in ("said", "asked"):
        with contextlib.ExitStack() as stack:
            answering, xinetd = start_all(how, stack)
            new = list(rows_of(how, answering, xinetd))
            own = [r for r in new if r["way"] == "usherd"]
            polls = sum(r["polls"] for r in own)
            own += many(answering["usherd"][0], how, MANY - polls)
            total[how] = {key: sum(r[key] for r in own)
                          for key in ("polls", "wrong", "lost")}
            made += new
    return {"rows": made, "usherd": total}


# --- the table ---

NAMED = {"said": "", "asked": ", agent-send"}
BESIDE = {"epoll": "epoll loop", "libuv": "libuv responder",
          "asyncio": "asyncio", "xinetd": "xinetd and curl"}


def rows(bench):
    found = bench["floor"]
    by = {(r["how"], r["at_once"], r["way"]): r for r in found["rows"]}
    for how in ("said", "asked"):
        for at_once in AT_ONCE:
            of = "%d at once%s" % (at_once, NAMED[how])
            ways = {way: by[how, at_once, way]
                    for way in ("usherd", *BESIDE)}
            yield from rates(of, ways, at_once)
            yield from waits(of, ways, at_once)
            yield from costs(of, ways)
            yield beside("xinetd's polls lost, " + of, ways["xinetd"]["lost"],
                         "", "all of them", ways["xinetd"]["polls"])
    for how, total in found["usherd"].items():
        yield none_of("polls lost or wrong" + NAMED[how],
                      total["lost"] + total["wrong"], total["polls"])


def rates(of, ways, at_once):
    """The ratio to xinetd, which has a round of its own, is that of the ratios
    to the floor.
    """
    usherd = ways["usherd"]
    to = {way: usherd["per_s_of_" + way] for way in BESIDE if way != "xinetd"}
    to["xinetd"] = times(to["epoll"], ways["xinetd"]["per_s_of_epoll"])
    for way, companion in BESIDE.items():
        asked = (aim("ratio", ">=", RATE_MIN)
                 if way == "epoll" and at_once > 1 else None)
        yield Row("polls/s, " + of, usherd["per_s"], "/s", companion,
                  ways[way]["per_s"], to[way], asked)


def waits(of, ways, at_once):
    for key, text in zip(TIMES, ("p50", "p99", "p99.9")):
        asked = (aim("ratio", "<=", P99_MAX)
                 if text == "p99" and at_once > 1 else None)
        yield Row("%s, %s" % (text, of), ways["usherd"][key], "us",
                  BESIDE["epoll"], ways["epoll"][key],
                  ways["usherd"][key + "_of_epoll"], asked)


def costs(of, ways):
    usherd, epoll = ways["usherd"], ways["epoll"]
    yield Row("CPU of a poll, " + of, usherd["cpu_us"], "us",
              BESIDE["epoll"], epoll["cpu_us"], usherd["cpu_us_of_epoll"])
    yield beside("the kernel's share of it, " + of, usherd["system_share"], "",
                 BESIDE["epoll"], epoll["system_share"])
    yield beside("CPU of who polls, " + of, usherd["pollers_us"], "us",
                 "usherd", usherd["cpu_us"])
