"""Writes into README.md, between its marks, what `make bench` has recorded.

    quote.py README BENCH.json TRIXIE.json

TRIXIE.json is of Debian 13, with mbedTLS 3.6: `scripts/in-debian trixie make
bench PARTS=probes`.
"""

import json
import re
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent))

from table import asked, figure, number, ratio  # noqa: E402

MARKED = re.compile(r"(?<=<!-- begin bench -->\n).*?(?=<!-- end bench -->)",
                    re.S)
AT_ONCE = ("1 at once", "1 at once, agent-send", "32 at once",
           "32 at once, agent-send", "256 at once", "256 at once, agent-send")

# Part, row, and what it stands beside.
CHOSEN = """\
floor: polls lost or wrong | all of them
floor: polls lost or wrong, agent-send | all of them
stress: p50 of polls, nothing else | idle usherd
stress: p99 of polls, nothing else | idle usherd
stress: p50 of polls, full handshakes | idle usherd
stress: p99 of polls, full handshakes | idle usherd
stress: p50 of polls, full handshakes with a certificate of ours | idle usherd
stress: p99 of polls, full handshakes with a certificate of ours | idle usherd
stress: p99 of polls, 100 Puppet Servers that hang | idle usherd
stress: p99 of polls, orders, each fsync 50 ms | idle usherd
stress: p99 of polls, all cores busy at nice 0 | idle usherd
stress: p99 of polls, all cores busy at nice 10 | idle usherd
probes: CPU of a probe, TLS 1.2, full | curl
probes: CPU of a probe, TLS 1.2, full | bare mbedTLS
probes: CPU of a probe, TLS 1.2, resumed | bare mbedTLS
probes: CPU of a probe, TLS 1.2, resumed, and two requests | bare mbedTLS
probes: CPU of a probe, TLS 1.2 with certificate, full | bare mbedTLS
probes: CPU of a probe, TLS 1.2 with certificate, resumed | bare mbedTLS
probes: CPU of a resumed probe to a full one, TLS 1.2 | bare mbedTLS
probes: CPU of a resumed probe to a full one, TLS 1.2 with certificate | bare mbedTLS
size: usherd, text and data | xinetd
size: memory at rest, one server | libuv responder
size: memory at rest, a further server | asked for
size: memory after 100,000 probes, 1,000,000 polls, or more | after a tenth of them
size: an hour at defaults, 4 HAProxies, CPU | epoll loop and bare mbedTLS
size: an hour at defaults, 4 HAProxies, instructions | \
epoll loop and bare mbedTLS
truth: an order, to its reply, on disk by then: median | \
write, fsync, rename, fsync
truth: usherctl drain, to DRAIN in 4 HAProxies: median | agent-inter, as set
truth: Puppet Server dies, to DOWN in 4 HAProxies: median | \
HAProxy's own tcp check
scale: all of 10,000 probed | interval, as set
scale: CPU, 10,000 servers | 1,000 of them
scale: probes, 10,000 servers | as set
scale: more CPU for new sessions, 10,000 servers (computed) | all other CPU
"""
OF_TRIXIE = """\
probes: CPU of a probe, TLS 1.3, full | bare mbedTLS
probes: CPU of a probe, TLS 1.3, resumed | bare mbedTLS
probes: CPU of a resumed probe to a full one, TLS 1.3 | bare mbedTLS
"""


class Table:
    """The rows of one recording."""

    def __init__(self, bench):
        self.rows = {(row["part"], row["what"], row["beside"]): row
                     for row in bench["table"]}

    def floor(self, what, beside="epoll loop"):
        return self.rows["floor", what, beside]

    def chosen(self, lines):
        for line in lines.splitlines():
            part, _, rest = line.partition(": ")
            yield self.rows[(part, *rest.split(" | "))]


def line(*cells):
    return "| %s |\n" % " | ".join(cells)


# --- polls ---

def polls(table):
    text = line("polls", "usherd's, /s", "to epoll's", "to libuv's",
                "to asyncio's", "to xinetd's, or what it lost",
                "p50, p99, p99.9, ms",
                "p99 to epoll's", "CPU, us", "to epoll's", "the kernel's")
    text += line(*["---"] * 11)
    for of in AT_ONCE:
        text += line(of, *rates(table, of), *waits(table, of),
                     *costs(table, of))
    return text


def rates(table, of):
    rows = [table.floor("polls/s, " + of, beside) for beside in (
        "epoll loop", "libuv responder", "asyncio")]
    return number(rows[0]["value"]), *map(ratio, rows), xinetd(table, of)


def xinetd(table, of):
    """What it has left over of a rate is no measure."""
    lost = table.floor("xinetd's polls lost, " + of, "all of them")
    if lost["value"] > 0:
        return "%d of %d" % (lost["value"], lost["other"])
    return ratio(table.floor("polls/s, " + of, "xinetd and curl"))


def waits(table, of):
    rows = [table.floor("%s, %s" % (q, of)) for q in ("p50", "p99", "p99.9")]
    return (", ".join("%.3g" % (row["value"] / 1000) for row in rows),
            ratio(rows[1]))


def costs(table, of):
    cost = table.floor("CPU of a poll, " + of)
    share = table.floor("the kernel's share of it, " + of)
    return (number(cost["value"]), ratio(cost),
            "%.0f %%" % (100 * share["value"]))


# --- all else ---

def others(rows):
    text = line("what", "", "beside", "", "ratio", "asked for")
    text += line(*["---"] * 6)
    for row in rows:
        missed = ", missed" if row["held"] == "MISSED" else ""
        text += line(row["what"], figure(row["value"], row["unit"]),
                     row["beside"], figure(row["other"], row["unit"]),
                     ratio(row), asked(row) + missed)
    return text


def block(bench, trixie):
    ours, newer = Table(bench), Table(trixie)
    library = ", " + trixie["probes"]["library"]
    rows = [*ours.chosen(CHOSEN),
            *({**row, "what": row["what"] + library}
              for row in newer.chosen(OF_TRIXIE))]
    return "%s\n%s\n%s" % (polls(ours), others(rows), on_the_loop(newer))


def on_the_loop(table):
    older, newer = [table.rows["probes", "CPU of a probe, TLS 1.%d, resumed"
                               % minor, "bare mbedTLS"] for minor in (2, 3)]
    return ("Debian 13 speaks TLS 1.3 with Puppet Server 8: there a resumed "
            "handshake computes\nx25519 anew, which is the library's: some "
            "%.1f ms of each probe, on the loop.\n"
            % (newer["value"] - older["value"]))


def main():
    readme = Path(sys.argv[1])
    bench, trixie = (json.loads(Path(path).read_text())
                     for path in sys.argv[2:])
    readme.write_text(MARKED.sub(lambda _: block(bench, trixie),
                                 readme.read_text(), count=1))


if __name__ == "__main__":
    main()
