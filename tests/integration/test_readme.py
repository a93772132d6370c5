"""README.md: its configurations, command lines and HAProxy's lines, and what
it quotes of them in running text, are taken by what they are for.
"""

import re
import shlex
import subprocess
import sys
import textwrap

import pytest

import manual
from haproxy import GENERATED, HAProxy
from manual import P1, put
from usherd import ROOT, check
from waiting import DEADLINE

pytest_plugins = ["manual_site"]  # start_pages
README = (ROOT / "README.md").read_text()
BLOCKS = [textwrap.dedent(block).strip("\n") for block in
          re.findall(r"^\n((?:(?: {4}.*)?\n)+)", README, re.M)
          if block.strip()]
# Pictures, and what runs for long: tests/compare, make demo, make deb.
NOT_RUN = ("agents --->", "make\n", "make demo\n", "make deb ", "time  server",
           "rolling restart ", "kill -9:")
TRANSCRIPT = manual.example("usherctl.8", "To wait", "puppet1: up drain")


def beginning(*begin):
    return [block for block in BLOCKS if block.lstrip().startswith(begin)]


CONFIGURATIONS = beginning("[")
COMMANDS = [line for block in beginning("usherctl ")
            for line in block.splitlines() if not line.startswith("#")]
HAPROXY = beginning("# Without hash-type")


def test_nothing_is_left():
    known = (CONFIGURATIONS + beginning("usherctl ") + HAPROXY
             + beginning(*NOT_RUN) + [TRANSCRIPT])
    assert [block for block in BLOCKS if block not in known] == []
    assert len(CONFIGURATIONS) > 2 and len(COMMANDS) > 9 and HAPROXY
    assert TRANSCRIPT in BLOCKS


@pytest.mark.parametrize("text", CONFIGURATIONS)
def test_configuration(text, tmp_path):
    path = tmp_path / "usher.conf"
    path.write_text(text + "\n")
    assert check(path) == (0, "")


def test_lines_for_haproxy(start_pages, cleanup):
    """They say what agent-port is, too: here it is not 8141."""
    text, = HAPROXY
    site = start_pages(P1)
    haproxy = HAProxy(put(GENERATED, {
        "    balance roundrobin\n": "    balance source\n",
        "    default-server weight 100 agent-check agent-inter 100ms\n":
            textwrap.indent(put(text, {"8141": str(site.usherd.agent_port)}),
                            "    ") + "\n",
        "{servers}": "    server %s %s" % (P1, site.peer().address)}))
    cleanup.callback(haproxy.stop)
    site.usherd.order("weight", "10%")
    haproxy.wait_is(P1, weight=10, op=2)


def quoted(pattern):
    """In backquotes, also where a line ends in there."""
    return sorted(set(re.findall("`(%s)`" % pattern,
                                 README.replace("\n", " "))))


@pytest.mark.parametrize("line", COMMANDS + quoted("usherctl [^`]+"))
def test_command(line, start_pages):
    """usherd finds nothing wrong with its words; -s and -q are usherctl's."""
    usherd = start_pages(P1).usherd
    words = shlex.split(line.split(" && ")[0].replace("-s SOCKET ", ""),
                        comments=True)[1:]
    if words[0] == "doctor":
        assert usherd.ctl(*words).code == 4, "no HAProxy is there"
        return
    usherd.wait_open()
    with usherd.connect_control() as sock, sock.makefile("rb") as lines:
        typed = " ".join(shlex.quote(w).replace("'", '"') for w in words
                         if w != "-q")
        sock.sendall(typed.encode() + b"\n")
        said = lines.readline()
    assert said == b"ok\n" or words == ["canary", "--next"], said
    assert not said.startswith(b"error 2 "), said


@pytest.mark.parametrize("target", sorted(set(
    re.findall(r"(?:`| {4})make ([a-z-]+)", README))))
def test_make(target):
    assert re.search(r"^(?:\S+ )*%s(?: \S+)*:" % target,
                     (ROOT / "Makefile").read_text(), re.M), target


def test_costs_are_as_recorded(tmp_path):
    """What `make plots` writes of them is there."""
    written = tmp_path / "README.md"
    written.write_text(re.sub("(?s)(<!-- begin bench -->\n).*?(<!-- end bench)",
                              r"\1\2", README))
    bench = ROOT / "tests" / "bench"
    subprocess.run([sys.executable, bench / "quote.py", written,
                    bench / "recorded" / "bench.json",
                    bench / "recorded" / "bench-trixie.json"], check=True,
                   timeout=DEADLINE)
    assert written.read_text() == README
