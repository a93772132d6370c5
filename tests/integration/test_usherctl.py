"""usherctl and the control socket: what they say, how they end, and who may
give orders.
"""

import grp
import json
import os
import random
import re
import select
import shutil
import signal
import subprocess

import pytest

from usherd import ME, ROOT, Usherd, binary, refused
from waiting import wait_until

RANDOM = random.Random(1).randbytes(2000)
OTHER = {"user": "nobody", "group": "nogroup", "extra_groups": []}


# --- usherctl ---------------------------------------------------------------

def test_links_no_library_but_libc():
    """So it starts at once.  A sanitizer's own are no library of ours."""
    said = subprocess.run(["readelf", "-d", binary("usherctl")],
                          capture_output=True, text=True, check=True).stdout
    needed = re.findall(r"NEEDED.*\[lib(\w+)", said)
    assert "c" in needed
    assert set(needed) <= {"c", "asan", "ubsan", "m", "gcc_s"}, needed


def test_exit_codes(usherd):
    assert usherd.ctl("status", "-q") == (0, "", "")
    assert usherd.ctl("drain", "nosuch").code == 1
    assert usherd.ctl("status", "nosuch").code == 1
    assert usherd.ctl("status", "-q", "nosuch").code == 1
    assert usherd.ctl("drain", "--for", "soon").code == 2
    usherd.order("drain")
    assert usherd.ctl("status", "-q") == (3, "", "")
    usherd.order("weight", "50%")
    usherd.order("auto", "--state")
    assert usherd.ctl("status", "-q").code == 0
    usherd.order("weight", "0%")
    assert usherd.ctl("status", "-q").code == 3
    usherd.end()
    for words in (["status"], ["status", "-q"], ["drain"]):
        said = usherd.ctl(*words)
        assert (said.code, said.out) == (4, "")
        assert str(usherd.socket) in said.err


@pytest.mark.parametrize("words, sentence", [
    (["drian"], "did you mean drain?"),
    (["drain", "--for"], "missing"),
    (["drain", "--for", "500ms"], "--for is a whole number"),
    (["drain", "--for", "-1s"], "--for is a whole number"),
    (["drain", "10%"], "percentage"),
    (["drain", "--state"], "does not take --state"),
    (["drain", "--frce"], "does not take --frce"),
    (["drain", "a", "b"], "does not take b"),
    (["drain", "-m", "x" * 256], "255 bytes"),
    (["weight"], "needs a percentage"),
    (["weight", "101%"], "from 0% to 100%"),
    (["weight", "-1%"], "does not take -1%"),
    (["up"], "needs --for"),
    (["auto", "-m", "why"], "does not take -m"),
    (["reload", "puppet1"], "does not take puppet1"),
    (["log-level"], "needs a level"),
    (["log-level", "loud"], "error, warn, info, debug"),
    (["help", "drian"], "did you mean drain?"),
], ids=lambda v: "_".join(v)[:30] if isinstance(v, list) else "")
def test_usage_errors(usherd, words, sentence):
    refused(usherd.ctl(*words), sentence, 2)
    assert usherd.reply() == "up ready 100%"


def test_options_stand_anywhere(usherd):
    usherd.order("-m", "before", "--for", "1h", "drain")
    assert usherd.reply() == "up drain 100%% # drain by %s: before" % ME
    assert json.loads(usherd.order("-j", "status"))["version"] == 1
    usherd.order("auto")
    usherd.order("weight", "puppet1", "5%")
    usherd.order("weight", "6%", "puppet1")
    usherd.order("drain", "-m", "-q")
    assert usherd.status()["state"]["reason"] == "-q"


def test_help_and_version(usherd):
    listed = usherd.order("help")
    assert listed == usherd.order("--help")
    assert usherd.order("help", "drain").strip() in listed
    assert usherd.order("version").startswith("usherd ")
    said = usherd.ctl()
    assert said.code == 2 and "usage:" in said.err


def test_probe_reload_and_log_level(usherd, peer, config_for):
    usherd.configure(config_for(peer, interval="1h", fast_interval="1h"))
    assert usherd.order("reload") == "reloaded\n"
    before = peer.counts["connections"]
    wait_until(lambda: usherd.order("probe") and
               peer.counts["connections"] > before, "no probe comes")
    usherd.order("log-level", "debug")
    usherd.order("probe")
    usherd.wait_log(" debug probe ")
    usherd.configure("[usher]\nagent-lisen = *:1\n")
    refused(usherd.ctl("reload"), "did you mean agent-listen", 1)
    assert usherd.reply() == "up ready 100%"


def test_json_has_the_documented_shape(usherd):
    """The example of the manual page, key by key."""
    manual = (ROOT / "src" / "usherctl.8").read_text()
    example = json.loads(re.search(
        r"^\.Bd -literal\n(\{.*?^\})$", manual, re.M | re.S)[1])
    usherd.order("drain", "--for", "1h")
    usherd.order("weight", "5%")
    shown = json.loads(usherd.order("status", "-j"))
    (server,), (documented,) = shown["servers"], example["servers"]
    assert shown.keys() == example.keys()
    assert server.keys() == documented.keys()
    for order in (server["state"], server["ceiling"]):
        assert order.keys() == documented["state"].keys()
    assert server["ceiling"]["percent"] == 5
    for time in (shown["time"], server["state"]["since"],
                 server["state"]["until"]):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", time)


def test_log_and_monitor(usherd):
    """The same lines, afterwards and as they come."""
    usherd.wait_open()
    with usherd.connect_control() as sock, sock.makefile() as monitor:
        sock.sendall(b"monitor -j\n")
        assert monitor.readline() == "ok\n"
        usherd.order("drain", "-m", 'why "so"')
        seen = [json.loads(monitor.readline()) for _ in range(2)]
    assert {e["what"] for e in seen} == {"order", "verdict"}
    assert all(e["server"] == "puppet1" and e["version"] == 1 for e in seen)
    told = json.loads(usherd.order("log", "-j"))
    assert all(e in told for e in seen)
    lines = usherd.order("log").splitlines()
    assert len(lines) == len(told) and lines[-1].endswith(told[-1]["text"])


def test_monitor_ends_when_nobody_reads(usherd):
    """As `usherctl monitor | head -1` does."""
    usherd.wait_open()
    monitor = subprocess.Popen(
        [binary("usherctl"), "-s", str(usherd.socket), "monitor"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        def told():
            usherd.order("weight", "%d%%" % (told.n % 100))
            told.n += 1
            return select.select([monitor.stdout], [], [], 0.1)[0]
        told.n = 1
        wait_until(told, usherd.log)
        monitor.stdout.close()

        def over():
            usherd.order("weight", "%d%%" % (told.n % 100))
            told.n += 1
            return monitor.poll() is not None
        wait_until(over, usherd.log)
        assert monitor.returncode == 1
    finally:
        monitor.kill()
        monitor.wait()


# --- who may ----------------------------------------------------------------

@pytest.fixture
def program(usherd):
    """usherctl where another user can reach it."""
    assert os.geteuid() == 0, \
        "usherctl must be run as another user: run this test as root"
    return shutil.copy(binary("usherctl"), usherd.own)


def test_others_may_look_but_not_order(usherd, program):
    for words in (["status"], ["status", "-j"], ["version"], ["help"]):
        assert usherd.ctl(*words, program=program, **OTHER).code == 0
    for words in (["drain"], ["maint"], ["down"], ["up", "--for", "1h"],
                  ["weight", "1%"], ["auto"], ["probe"], ["reload"],
                  ["log-level", "debug"]):
        said = usherd.ctl(*words, program=program, **OTHER)
        refused(said, "only root and members of the group usher may do this; "
                "you are nobody")
    # A name that only usherctl under sudo may give.
    said = usherd.ctl("drain", "--by", "root", program=program, **OTHER)
    assert said.code == 5
    assert usherd.reply() == "up ready 100%"
    usherd.wait_fact("order", by="nobody", text="refused: drain", level="warn")


@pytest.mark.parametrize("how", ["group", "extra_groups"])
def test_members_of_the_group_may_order(peer, start_usherd, config_for, how):
    assert os.geteuid() == 0, \
        "usherctl must be run as another user: run this test as root"
    group = grp.getgrnam("users")
    usherd = start_usherd(config_for(peer, usher_control_group=group.gr_name))
    usherd.wait_reply("up ready 100%")
    program = shutil.copy(binary("usherctl"), usherd.own)
    member = {**OTHER, how: [group.gr_gid] if how == "extra_groups"
              else group.gr_gid}
    refused(usherd.ctl("drain", program=program, **OTHER), "group users")
    usherd.order("drain", "--by", "root", program=program, **member)
    assert usherd.reply() == "up drain 100% # drain by nobody"


def test_sudo(usherd):
    """root says who it really is; nobody else is believed."""
    assert os.geteuid() == 0, "only root is believed: run this test as root"
    usherd.order("drain", env={"SUDO_USER": "alice"})
    assert usherd.reply() == "up drain 100% # drain by alice"


# --- the socket itself ------------------------------------------------------

def test_as_with_socat(usherd):
    assert usherd.say(b"drain -m \"by hand\" --for 1h\n") == (
        b"ok\npuppet1: up drain 100%% # drain by %s: by hand\n" % ME.encode())
    # A half-close ends the line as well, and \r is no part of it.
    assert usherd.say(b"version").startswith(b"ok\nusherd ")
    assert usherd.say(b"version\r\n").startswith(b"ok\nusherd ")
    # One line a connection: what follows is not read.
    assert usherd.say(b"version\nmaint\n").startswith(b"ok\nusherd ")
    assert usherd.status()["state"]["order"] == "drain"


@pytest.mark.parametrize("line, answer", [
    (b"", b""),
    (b"\n", b"error 2 a command is missing; `help` lists them\n"),
    (b"drain \"\n", b"error 2 "),
    (b"drian\n", b"error 2 unknown command drian; did you mean drain?\n"),
    (b"\0\1\2\xff\n", b"error 2 "),
    (b"GET / HTTP/1.1\r\n\r\n", b"error 2 unknown command GET"),
    (b"\033[2J\n", b"error 2 unknown command ?[2J"),
    (b"drain " + b"a " * 40 + b"\n", b"error 2 the line has too many words"),
    (b"x" * 5000 + b"\n", b"error 2 the line is too long\n"),
    (b"x" * 300000, b"error 2 the line is too long\n"),
    (b"drain -m " + b"\\" * 1500 + b"\n", b"error 2 "),
    (RANDOM.replace(b"\n", b"") + b"\n", b"error 2 "),
], ids=["nothing", "empty", "quote", "typo", "nul", "http", "escape", "words",
        "long", "endless", "backslashes", "random"])
def test_garbage(usherd, line, answer):
    said = usherd.say(line)
    assert said.startswith(answer) and said.count(b"\n") == (answer != b"")
    assert usherd.reply() == "up ready 100%"
    assert usherd.ctl("status", "-q").code == 0


def test_who_leaves_before_the_answer(usherd):
    """The order stands, or does not; usherd goes on."""
    for n in range(50):
        with usherd.connect_control() as sock:
            sock.sendall(b"drain -m %d\n" % n)
    usherd.order("auto")
    assert usherd.reply() == "up ready 100%"


def test_silent_control_connections(peer, start_usherd, config_for, cleanup):
    """1,100 of them, with as few files as a service begins with: polls are
    answered, and so is usherctl.
    """
    usherd = start_usherd(config_for(peer),
                          wrap=["prlimit", "--nofile=1024:4096"])
    usherd.wait_reply("up ready 100%")
    usherd.wait_open()
    for _ in range(1100):
        cleanup.enter_context(usherd.connect_control())
    for _ in range(20):
        assert usherd.reply() == "up ready 100%"
    assert usherd.ctl("status", "-q").code == 0
    usherd.order("drain")
    assert usherd.reply() == "up drain 100% # drain by " + ME


def test_the_socket_of_another(usherd, start_usherd, config_for, peer,
                               tmp_path_factory):
    """A second usherd does not take it over, nor what is no socket."""
    config = config_for(peer, usher_control_socket=usherd.socket)
    second = Usherd(tmp_path_factory.mktemp("second"), config)
    try:
        assert second.finish() == 1
        assert "another process answers there" in second.log()
    finally:
        shutil.rmtree(second.own)
    assert usherd.ctl("status", "-q").code == 0


def test_the_socket_goes_with_usherd(usherd):
    usherd.order("status")
    usherd.process.send_signal(signal.SIGTERM)
    assert usherd.finish() == 0
    assert not usherd.socket.exists()
