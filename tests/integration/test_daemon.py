"""The daemon: SIGHUP, SIGTERM, and the command line."""

import re
import resource
import subprocess

import pytest

import endless
import peer as peers
from usherd import ROOT, binary, check, ini
from waiting import DEADLINE, wait_until

CONFIGURED = r" info reload .*done"
NOT_CONFIGURED = r" error reload "


# --- SIGHUP and SIGTERM -----------------------------------------------------

def test_reload_keeps_listeners_and_verdicts(peer, usherd, config_for):
    usherd.wait_fact("verdict", **{"is": "up"})
    mark, port = usherd.mark(), usherd.agent_port
    verdicts = len(usherd.facts("verdict"))
    usherd.configure(config_for(peer, fall=7))
    usherd.sighup()
    usherd.wait_log(CONFIGURED, after=mark)
    assert usherd.reply(port=port) == "up ready 100%"
    assert len(usherd.facts("listening")) == 1
    assert len(usherd.facts("verdict")) == verdicts, usherd.log()


def test_reload_keeps_ports_of_the_kernels_choice(peer, start_usherd,
                                                  config_for):
    """Port 0 for each of two servers: they are not taken for one port."""
    config = config_for(peer, peer, usher_http_listen="127.0.0.1:0 127.0.0.1:0")
    for name in ("puppet1", "puppet2"):
        config["server " + name]["agent-listen"] = "127.0.0.1:0"
    usherd = start_usherd(config)
    ports = usherd.agent_ports(2)
    for port in ports:
        usherd.wait_reply("up ready 100%", port=port)
    for _ in range(2):
        usherd.order("reload")
    assert usherd.agent_ports(2) == ports
    assert len(usherd.facts("listening")) == 4, usherd.log()
    for port in ports:
        assert usherd.reply(port=port) == "up ready 100%"


def test_allow_changes_with_a_reload(peer, usherd, config_for):
    usherd.configure(config_for(peer, usher_allow="127.0.0.9"))
    usherd.sighup()
    usherd.wait_log(CONFIGURED)
    assert usherd.poll() == b""
    assert usherd.poll(source="127.0.0.9") == b"up ready 100%\n"


def test_reload_keeps_sessions(start_peer, pki, start_usherd, config_for):
    peer = start_peer(ctx=peers.session_ids_only(pki.good))
    usherd = start_usherd(config_for(peer))
    peer.wait_more(2, "resumed")
    usherd.sighup()
    usherd.wait_log(CONFIGURED)
    peer.wait_more(5, "resumed")
    assert peer.counts["full"] == 1


@pytest.mark.parametrize("text, line", [
    ("[usher]\nagent-lisen = *:1\n", 2),
    ("[server puppet1]\n\n\ninterval = soon\n", 4),
], ids=["unknown-key", "bad-value"])
def test_reload_of_a_bad_file_changes_nothing(peer, usherd, config_for, text,
                                              line):
    usherd.configure(text)
    usherd.sighup()
    usherd.wait_log(NOT_CONFIGURED)
    assert usherd.facts("config", line=str(line)), usherd.log()
    peer.wait_more(3)
    assert usherd.reply() == "up ready 100%"
    usherd.configure(config_for(peer))
    usherd.sighup()
    usherd.wait_log(CONFIGURED)
    assert usherd.reply() == "up ready 100%"


def test_reload_with_a_port_in_use_changes_nothing(peer, usherd, config_for,
                                                   port):
    with port.listener():
        usherd.configure(config_for(
            peer, usher_agent_listen="127.0.0.1:%d" % port.number))
        usherd.sighup()
        usherd.wait_log(NOT_CONFIGURED)
    peer.wait_more(3)
    assert usherd.reply() == "up ready 100%"


def test_reload_moves_the_port(peer, usherd, config_for, port):
    old = usherd.agent_port
    usherd.configure(config_for(
        peer, usher_agent_listen="127.0.0.1:%d" % port.number))
    usherd.sighup()
    usherd.wait_log(CONFIGURED)
    assert usherd.reply(port=port.number) == "up ready 100%"
    with pytest.raises(ConnectionRefusedError):
        usherd.poll(port=old)


def test_reload_adds_and_removes_servers(start_peer, start_usherd,
                                         config_for):
    one, two = start_peer(), start_peer()
    usherd = start_usherd(config_for(one))
    usherd.wait_reply("up ready 100%")
    usherd.configure(config_for(one, two))
    usherd.sighup()
    usherd.wait_log(CONFIGURED)
    usherd.wait_reply("up ready 100%", b"puppet2\n")
    assert usherd.reply(b"puppet1\n") == "up ready 100%"
    mark = usherd.mark()
    config = config_for(one, two)
    del config["server puppet1"]
    usherd.configure(config)
    usherd.sighup()
    usherd.wait_log(CONFIGURED, after=mark)
    # One is left, so a name is ignored again.
    two.refuse()
    usherd.wait_reply("fail ready 100% # connection refused", b"puppet1\n")


def test_reload_of_another_address_starts_anew(start_peer, start_usherd,
                                               config_for):
    one, two = start_peer(), start_peer(endless.silent)
    usherd = start_usherd(config_for(one))
    usherd.wait_reply("up ready 100%")
    usherd.configure(config_for(two))
    usherd.sighup()
    usherd.wait_log(CONFIGURED)
    assert usherd.reply() == "# no verdict yet"


def test_reload_of_bad_defaults_without_a_server(usherd):
    """Also on a host whose own name was not needed at the start."""
    usherd.configure("[defaults]\ninterval = soon\n")
    usherd.sighup()
    usherd.wait_log(NOT_CONFIGURED)
    assert usherd.facts("config", line="2"), usherd.log()
    assert usherd.reply() == "up ready 100%"


def test_reload_while_a_probe_hangs(peer, usherd, config_for):
    peer.behaviour = endless.silent
    peer.wait_more()
    usherd.configure(config_for(peer, timeout="5s", busy_limit="1s"))
    usherd.sighup()
    usherd.wait_log(CONFIGURED)
    assert usherd.reply() == "up ready 100%"


def test_many_reloads(peer, usherd):
    before = usherd.fds()
    for n in range(1, 21):
        usherd.sighup()
        wait_until(lambda: len(usherd.facts("reload")) >= n, usherd.log)
    peer.wait_more(2)
    assert usherd.reply() == "up ready 100%"
    wait_until(lambda: usherd.fds() <= before, "nothing is left open")


def test_sigterm_ends_at_once(peer, start_usherd, config_for):
    """A probe that hangs, pollers that stay: nobody is waited for."""
    peer.behaviour = endless.silent
    usherd = start_usherd(config_for(peer, timeout="60s"))
    peer.wait_more(1 - peer.counts["connections"])
    with usherd.connect() as one, usherd.connect() as two:
        assert one.recv(100) and two.recv(100)
        usherd.stop()


def test_sigterm_while_nothing_is_there(peer, start_usherd, config_for,
                                        tmp_path):
    usherd = start_usherd(config_for(peer, ca_file=tmp_path / "none.pem"))
    assert usherd.reply() == "# no verdict yet"
    usherd.stop()


# --- the command line -------------------------------------------------------

BAD_CONFIG = """\
[usher]
agent-listen = nonsense
log-levl = info

[defaults]
interval = 2 weeks
fall = 0
[server puppet1]
address = puppet1:99999
check = complex
rise = 1
rise = 2
[something]
"""


def test_check_says_all_errors(tmp_path):
    """Each with file and line, all in one run."""
    path = tmp_path / "usher.conf"
    path.write_text(BAD_CONFIG)
    status, errors = check(path)
    assert status == 1
    for line in (2, 3, 6, 7, 9, 10, 12, 13):
        assert re.search(r"%s:%d: \S" % (re.escape(str(path)), line),
                         errors), "line %d in\n%s" % (line, errors)
    assert "did you mean log-level" in errors


def test_defaults_are_checked_without_a_server(tmp_path):
    """Also on a host whose own name isn't known."""
    path = tmp_path / "usher.conf"
    path.write_text("[defaults]\ninterval = soon\n")
    status, errors = check(path)
    assert status == 1 and "%s:2: " % path in errors, errors


def test_bad_file_is_no_start(tmp_path):
    path = tmp_path / "usher.conf"
    path.write_text(BAD_CONFIG)
    done = subprocess.run([binary(), "-c", str(path)], timeout=DEADLINE,
                          capture_output=True, text=True)
    assert done.returncode == 1
    assert "%s:2: " % path in done.stderr


def test_check_of_a_good_file(peer, config_for, tmp_path):
    path = tmp_path / "usher.conf"
    path.write_text(ini(config_for(peer)))
    assert check(path) == (0, "")


def test_check_of_no_file(tmp_path):
    path = tmp_path / "nosuch.conf"
    status, errors = check(path)
    assert status == 1 and str(path) in errors


def test_port_in_use_is_no_start(peer, config_for, tmp_path, port):
    path = tmp_path / "usher.conf"
    path.write_text(ini(config_for(
        peer, usher_agent_listen="127.0.0.1:%d" % port.number,
        usher_state_dir=tmp_path / "state")))
    with port.listener():
        done = subprocess.run([binary(), "-c", str(path)], timeout=DEADLINE,
                              capture_output=True, text=True)
    assert done.returncode == 1
    assert "127.0.0.1:%d" % port.number in done.stderr


def test_usage(tmp_path):
    done = subprocess.run([binary(), "-x"], timeout=DEADLINE,
                          capture_output=True, text=True)
    assert done.returncode == 2 and "usage:" in done.stderr


def test_version():
    done = subprocess.run([binary(), "-v"], timeout=DEADLINE,
                          capture_output=True, text=True)
    assert done.returncode == 0 and "usherd" in done.stdout + done.stderr


def test_takes_as_many_descriptors_as_the_unit_gives(peer, start_usherd,
                                                     config_for):
    unit = (ROOT / "scripts" / "systemd" / "usherd.service").read_text()
    given = int(re.search(r"^LimitNOFILE=(\d+)$", unit, re.M)[1])
    usherd = start_usherd(config_for(peer),
                          wrap=["prlimit", "--nofile=1024:"])
    usherd.wait_reply("up ready 100%")
    soft, hard = resource.prlimit(usherd.process.pid, resource.RLIMIT_NOFILE)
    assert soft == (given if hard == resource.RLIM_INFINITY
                    else min(given, hard))
