"""usher.conf(5) and usherd(8): their configurations, files and command lines,
taken by a real usherd, and what the pages quote in running text.
"""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

import manual
from haproxy import server_line
from manual import P1, P2, PAGES, put
from pki import NAME
from ports import HOST
from usherd import ROOT, check
from waiting import DEADLINE

pytest_plugins = ["manual_site"]  # start_pages
UNITS = ROOT / "scripts" / "systemd"


@pytest.fixture
def start_shown(start_usherd, cleanup):
    """usherd with the text of a page, its files in a folder of this test."""
    def start(text, places):
        folder = Path(tempfile.mkdtemp(prefix="usher-"))
        cleanup.callback(shutil.rmtree, folder)
        usherd = start_usherd(put(text, {
            **places, "[usher]\n": "[usher]\ncontrol-socket = %s/control\n"
            "state-dir = %s/state\n" % (folder, folder)}))
        usherd.socket = folder / "control"
        return usherd
    return start


# --- usher.conf(5) ----------------------------------------------------------

@manual.shown("usher.conf.5", "EXAMPLES", "[usher]\nallow")
def test_a_host_that_runs_a_puppet_server(text, start_shown, start_peer, pki):
    """What it leaves out is this host's; here the tests'."""
    here = ("\n[defaults]\naddress = %s\ntls-name = %s\nca-file = %s\n"
            "crl-file = %s\n" % (start_peer().address, NAME, pki.ca_file,
                                 pki.crl_file))
    usherd = start_shown(text + here, {
        "[usher]\n": "[usher]\nagent-listen = 127.0.0.1:0\n",
        "192.0.2.10": "127.0.0.10", "192.0.2.11": "127.0.0.11"})
    usherd.wait_reply("up 100%")
    for poller in (HOST, "127.0.0.10", "127.0.0.11"):
        assert usherd.poll(source=poller) == b"up 100%\n"
    assert usherd.poll(source="127.0.0.12") == b""
    usherd.wait_fact("refused", poller="127.0.0.12")


@manual.shown("usher.conf.5", "EXAMPLES", "[usher]\n# HAProxy")
def test_two_servers_on_a_third_host(text, start_shown, start_peer,
                                     start_haproxy, own_pki):
    """HAProxy has the agent-send that stands above it in the page."""
    one, two = (start_peer(ctx=manual.context(own_pki, name))
                for name in (P1, P2))
    usherd = start_shown(text, {
        "127.0.0.1:8141": "127.0.0.1:0", "192.0.2.22:8140": two.address,
        "/etc/usher/ca.pem": own_pki.ca_file,
        "/etc/usher/crl.pem": own_pki.crl_file,
        "[server %s]" % P1: "[server %s]\naddress = %s" % (P1, one.address)})
    quoted, = {q for q in manual.read("usher.conf.5").quoted
               if q.startswith("agent-send ")}
    haproxy = start_haproxy(server_line("one", one.address, usherd.agent_port,
                                        quoted))
    usherd.wait_fact("verdict", server=P2, **{"is": "up"})
    haproxy.wait_is("one", last_agt="via agent : up")
    assert P1 in quoted
    usherd.order("drain", P1)
    haproxy.wait_is("one", status="DRAIN (agent)")
    assert usherd.reply(P2.encode() + b"\n") == "up 100%"


def quoted_settings():
    """`option = value` in running text, but for these very words."""
    found = {q for page in PAGES for q in manual.read(page).quoted
             if re.fullmatch(r"[a-z-]+ = \S+", q)}
    return sorted(found - {"option = value"})


@pytest.mark.parametrize("line", quoted_settings())
def test_quoted_settings(line, tmp_path):
    """Each belongs into one section, [usher] or that of a server."""
    path = tmp_path / "usher.conf"
    taken = []
    for section in ("usher", "server " + P1):
        path.write_text("[%s]\n%s\n" % (section, line))
        if check(path) == (0, ""):
            taken.append(section)
    assert len(taken) == 1, taken


# --- usherd(8) --------------------------------------------------------------

@manual.shown("usherd.8", "EXAMPLES", "usherd -n")
def test_check_before_it_is_put_in_place(text, start_pages):
    shell = start_pages(P1).shell
    (shell.folder / "new.conf").write_text("[server %s]\n" % P1)
    assert shell.run(text) == (0, "", "")
    (shell.folder / "new.conf").write_text("[usher]\nrise = 1\n")
    said = shell.run(text)
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("new.conf:2: rise belongs into ")


@manual.shown("usherd.8", "EXAMPLES", "cat </dev/tcp")
def test_ask_as_haproxy_does(text, start_pages):
    site = start_pages(P1)
    line = put(text, {"8141": str(site.usherd.agent_port)})
    assert site.shell.run(line, "bash") == (0, "up 100%\n", "")


@manual.shown("usherd.8", "LOG")
def test_a_line_of_the_log(text, start_pages):
    usherd = start_pages(P1).usherd
    time, line = text.split(" ", 1)
    port = str(usherd.agent_port)
    said = next(x for x in usherd.lines if " listening agent=" in x)
    assert len(time) == len("2026-11-22T09:30:00Z")
    assert re.sub(r"\d", "0", said.split(" ")[0]) == re.sub(r"\d", "0", time)
    assert said.split(" ", 1)[1] == put(line, {"8141": port})


@manual.shown("usherd.8", "SYSTEMD", "[Service]")
def test_drop_in(text, tmp_path, start_pages):
    """systemd takes it, it replaces what the unit has, and usherd takes what
    it calls.
    """
    for unit in UNITS.glob("*.service"):
        shutil.copy(unit, tmp_path)
    unit = tmp_path / "usher-hold.service"
    (tmp_path / "usher-hold.service.d").mkdir()
    override = tmp_path / "usher-hold.service.d" / "override.conf"
    override.write_text(text + "\n")
    override.chmod(0o644)  # whatever umask the tests run with
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit],
                          text=True, capture_output=True, timeout=DEADLINE)
    assert done.returncode == 0 and str(override) not in done.stderr, done
    keys = re.findall(r"^(\w+)=", text, re.M)
    assert set(keys) <= set(re.findall(r"^(\w+)=", unit.read_text(), re.M))
    assert "\nExecStop=\n" in text, "the unit's own would run as well"
    command = re.search(r"^ExecStop=-usherctl (.+)$", text, re.M)[1]
    assert takes(start_pages(P1).usherd, command)
    waits = int(re.search(r"--timeout (\d+)m", command)[1]) * 60
    assert waits < int(re.search(r"^TimeoutStopSec=(\d+)s$", text, re.M)[1])


# --- what is quoted of usherctl ---------------------------------------------

def takes(usherd, command):
    """usherd takes it; what it then waits for is not waited for."""
    usherd.wait_open()
    with usherd.connect_control() as sock, sock.makefile("rb") as lines:
        sock.sendall(command.encode() + b"\n")
        return lines.readline() == b"ok\n"


def quoted_commands():
    found = {q for page in PAGES for q in manual.read(page).quoted
             if q.startswith("usherctl ")}
    return sorted(found)


@pytest.mark.parametrize("line", quoted_commands())
def test_quoted_commands(line, start_pages):
    assert takes(start_pages(P1).usherd, line.split(" ", 1)[1])
