"""What `make bench` makes of a figure: whether it is held, and how it is
printed."""

import sys

import pytest

from usherd import ROOT

sys.path.append(str(ROOT / "tests" / "bench"))

import floor  # noqa: E402
import probes  # noqa: E402
import table  # noqa: E402


def made(value, other, ask=None):
    row, = table.of_part("part", [
        table.beside("what", value, "KB", "companion", other, ask)])
    return row


@pytest.mark.parametrize("ask, held, failed", [
    (None, "-", False),
    (table.bar("value", "<=", 5), "ok", False),
    (table.bar("value", "<=", 4), "MISSED", True),
    (table.bar("value", ">=", 6), "MISSED", True),
    (table.bar("ratio", "<=", 2.5), "ok", False),
    (table.bar("ratio", "<=", 2.4), "MISSED", True),
    (table.aim("ratio", ">=", 2.5), "ok", False),
    (table.aim("ratio", ">=", 2.6), "MISSED", False)])
def test_held(ask, held, failed):
    row = made(5, 2, ask)
    assert (row["held"], table.is_failed(row)) == (held, failed)


def test_beside_nothing():
    """A ratio that there is not holds no bar."""
    row = made(5, 0, table.bar("ratio", "<=", 9))
    assert (row["ratio"], table.ratio(row), row["held"]) == (
        None, "-", "MISSED")


def test_one_lost_of_a_million_fails():
    row, = table.of_part("part", [table.none_of("lost", 1, 1000000)])
    assert table.is_failed(row)
    row, = table.of_part("part", [table.none_of("lost", 0, 1000000)])
    assert not table.is_failed(row)


@pytest.mark.parametrize("value, text", [
    (0, "0"), (4, "4"), (0.04727, "0.0473"), (9.25, "9.25"), (99.96, "100"),
    (28208.4, "28,208"), (1000000, "1,000,000")])
def test_number(value, text):
    assert table.number(value) == text


def test_shown(capsys):
    table.show([made(3416, 2312, table.bar("value", "<=", 4096))])
    head, part, line = capsys.readouterr().out.splitlines()
    assert (head.split(), part) == (["beside", "ratio", "asked", "for"],
                                    "part")
    assert line.split("  ") == ["what", "3,416 KB", "companion", "2,312 KB",
                                " 1.48", "bar: <= 4,096 KB", "ok"]


# Of ours, and of what stands beside, in each round.  The medians are as 2 to 3,
# the median of the ratios is a half.
OURS, THEIRS = (1, 5, 2), (3, 1, 4)


def test_ratio_of_polls_is_one_of_a_round():
    def rounds(values):
        return [{**dict.fromkeys(("per_s", *floor.TIMES), value),
                 "polls": 1, "lost": 0, "wrong": 0} for value in values]

    found = {"usherd": rounds(OURS), "epoll": rounds((1, 1, 1)),
             "libuv": rounds(THEIRS), "asyncio": rounds(THEIRS)}
    ways = {way: floor.row(own, found) for way, own in found.items()}
    ways["xinetd"] = floor.row(rounds([1]), {"epoll": rounds([2])})
    ratios = {row.beside: row.ratio for row in floor.rates("", ways, 1)}
    assert ratios == {"epoll loop": 2, "libuv responder": 0.5, "asyncio": 0.5,
                      "xinetd and curl": 4}


def test_ratio_of_a_probe_is_one_of_a_round():
    rounds = [{how: {"usherd_ms": ours, "bare_ms": theirs, "curl_ms": theirs}
               for how in ("full", "resumed")}
              for ours, theirs in zip(OURS, THEIRS)]
    ratios = {(row.beside, row.ratio)
              for row in probes.costs("", probes.median(rounds))}
    assert ratios == {("bare mbedTLS", 0.5), ("curl", 0.5)}
