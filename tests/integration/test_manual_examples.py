"""Each example of the manual pages does what its page says, taken from there
and changed in nothing but names of files and ports.
"""

import json
import os
import re
import shutil
import subprocess

import pytest

import jruby
from balanced import DRAIN, ONE, TWO, UP
from doctor import Balancer, run
from follower import following
from haproxy import server_line
from pages import EXAMPLES, SRC, example
from ports import ReservedPort
from usherd import ME, Usherd, binary, environment
from waiting import DEADLINE, wait_until

NAME = "puppet1.example.com"
OTHER = "puppet2.example.com"
CONTROL = "/run/usher/control.sock"
ALICE = {"SUDO_USER": "alice"}
TRIED = []


def of(page, *starts):
    """The test tries these examples of the page: it is given their texts."""
    texts = [example(page, start) for start in starts]
    TRIED.extend((page, text) for text in texts)

    def decorate(test):
        return pytest.mark.parametrize(
            "text", [texts[0] if len(texts) == 1 else texts], ids=["page"]
        )(test)
    return decorate


def test_each_example_is_tried():
    assert sorted(EXAMPLES) == sorted(TRIED)


# --- a site of the pages' names ---------------------------------------------

@pytest.fixture
def named(peer, start_peer, config_for, start_usherd):
    """Two servers with the names that the pages use, in service."""
    config = config_for(peer, start_peer(), usher_ready="auto")
    for old, new in (("puppet1", NAME), ("puppet2", OTHER)):
        config["server " + new] = config.pop("server " + old)
    usherd = start_usherd(config)
    for name in (NAME, OTHER):
        usherd.wait_reply("up 100%", name.encode() + b"\n")
    return usherd


@pytest.fixture
def two(site):
    """One server, and two HAProxys that ask."""
    site.haproxy()
    site.haproxy(source=TWO)
    return site


class Shell:
    """A shell in which the examples work: usherctl asks this usherd, and what
    a page only stands for is a program that waits for go().
    """

    def __init__(self, folder, usherd, *stubs):
        self.folder = folder / "bin"
        self.folder.mkdir()
        self.program("usherctl", 'exec "%s" -s "%s" "$@"' % (
            binary("usherctl"), usherd.socket))
        self.program("usherd", 'exec "%s" "$@"' % binary())
        for stub in stubs:
            self.program(stub, 'echo "$@" >"$0.asked"\n'
                         'until [ -e "$0.go" ]; do sleep 0.02; done')

    def program(self, name, text):
        path = self.folder / name
        path.write_text("#!/bin/sh\n%s\n" % text)
        path.chmod(0o755)

    def start(self, text, **more):
        path = "%s:%s" % (self.folder, os.environ["PATH"])
        return subprocess.Popen(
            ["bash", "-euc", text], env=environment(PATH=path),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, **more)

    def run(self, text, **more):
        """What it prints; it must end well."""
        return ended(self.start(text, **more))

    def wait_asked(self, stub):
        asked = self.folder / (stub + ".asked")
        wait_until(asked.exists, stub)
        return asked.read_text().strip()

    def go(self, stub):
        (self.folder / (stub + ".go")).touch()


def ended(process):
    try:
        out, err = process.communicate(timeout=2 * DEADLINE)
    finally:
        process.kill()
    assert (process.returncode, err) == (0, ""), (out, err)
    return out


@pytest.fixture
def shell(tmp_path):
    def open_shell(usherd, *stubs):
        return Shell(tmp_path, usherd, *stubs)
    return open_shell


# --- usherctl(8): to be typed -----------------------------------------------

@of("usherctl.8", "usherctl canary 5% 25% 50%")
def test_a_canary(named, shell, text):
    ctl = shell(named, "check-reports")
    process = ctl.start(text)
    ctl.wait_asked("check-reports")
    named.order("probe", NAME)  # a step needs to have seen how busy it is
    ctl.go("check-reports")
    ended(process)
    ceiling = named.status(NAME)["ceiling"]
    assert (ceiling["percent"], ceiling["reason"]) == (25, "new site.pp")
    assert named.status(OTHER)["ceiling"] is None


@of("usherctl.8", "usherctl drain")
def test_an_upgrade(site, shell, text):
    haproxy = site.haproxy()
    ctl = shell(site.usherd, "upgrade-and-restart")
    process = ctl.start(text)
    ctl.wait_asked("upgrade-and-restart")
    haproxy.wait_is("puppet1", **DRAIN)
    state = site.usherd.status()["state"]
    assert state["reason"] == "kernel upgrade" and state["until"]
    ctl.go("upgrade-and-restart")
    ended(process)
    haproxy.wait_is("puppet1", **UP)


@of("usherctl.8", "usherctl hold")
def test_a_restart(site, peer, shell, text):
    haproxy = site.haproxy()
    ctl = shell(site.usherd, "systemctl")
    process = ctl.start(text)
    assert ctl.wait_asked("systemctl") == "restart puppetserver"
    haproxy.wait_is("puppet1", **DRAIN)
    peer.refuse()
    site.usherd.wait_fact("verdict", **{"is": "fail"})
    peer.listen()
    ctl.go("systemctl")
    ended(process)
    haproxy.wait_is("puppet1", **UP)


@of("usherctl.8", "usherctl weight 50%")
def test_half_of_its_share(named, shell, text):
    shell(named).run(text)
    assert named.reply(NAME.encode() + b"\n") == \
        "up 50%% # weight by %s: one DIMM" % ME


@of("usherctl.8", "usherctl status -q ||")
def test_only_while_it_is_out(usherd, shell, text):
    ctl = shell(usherd)
    assert ctl.run(text) == ""
    usherd.order("drain", "--force")
    assert ctl.run(text) == "out of service, or no usherd\n"


@of("usherctl.8", "usherctl status -j |")
def test_names_of_those_that_are_out(named, shell, text):
    ctl = shell(named)
    assert ctl.run(text) == ""
    named.order("drain", OTHER)
    assert ctl.run(text) == OTHER + "\n"


@of("usherctl.8", "echo 'drain")
def test_by_hand(usherd, shell, text):
    ctl = shell(usherd)
    out = ctl.run(text.replace(CONTROL, str(usherd.socket)))
    assert out.splitlines()[0] == "ok"
    assert usherd.status()["state"]["reason"] == "by hand"


# --- usherctl(8): what it prints --------------------------------------------

def in_order(lines, of_page):
    """Each line of the page, in its order; more may lie between."""
    rest = iter(lines)
    for line in of_page:
        assert line in rest, (line, lines)


@of("usherctl.8", "puppet1: up drain")
def test_what_a_wait_says(two, peer, text, monkeypatch):
    monkeypatch.setattr("follower.environment", lambda: environment(**ALICE))
    peer.metrics = jruby.figures(2, borrowed=2)
    lines = text.splitlines()
    with following(two.usherd, "drain", "--wait", "-m",
                   "kernel upgrade") as waiter:
        waiter.wait_line(lines[2])
        peer.metrics = jruby.figures(2)
        said = waiter.finish()
    assert said.code == 0
    in_order(said.out.splitlines(), lines)


@of("usherctl.8", "ok\npuppet1:")
def test_a_wait_by_hand(two, text):
    said = two.usherd.say(b"drain --wait --timeout 2s\n").decode()
    lines = text.replace("order\nstays", "order stays").replace(
        "by root", "by " + ME).splitlines()
    in_order(said.splitlines(), lines)
    assert said.splitlines()[-1] == lines[-1]


@pytest.fixture
def balancer(named, peer, cleanup):
    """Both servers of the pages; the second has a weight that is of no use."""
    haproxy = Balancer(*[
        server_line(name, peer.address, named.agent_port,
                    'agent-send "%s\\n"' % name, more)
        for name, more in ((NAME, ""), (OTHER, "weight 1"))])
    cleanup.callback(haproxy.stop)
    wait_until(lambda: all(haproxy.state(name)["agent"] == "L7OK"
                           for name in (NAME, OTHER)), haproxy.log)
    return haproxy


@of("usherctl.8", "puppetserver/puppet1")
def test_what_the_doctor_says(balancer, text):
    said = run(balancer.where)
    in_order(said.out.replace("puppet/", "puppetserver/").splitlines(),
             text.splitlines())


# --- usherctl(8): JSON ------------------------------------------------------

def alike(shown, got, where="example"):
    """The same members, of the same types; null may stand for any."""
    if shown is None or got is None:
        return
    assert type(shown) is type(got), where
    if isinstance(shown, dict):
        assert shown.keys() == got.keys(), where
        for key in shown:
            alike(shown[key], got[key], "%s.%s" % (where, key))
    elif isinstance(shown, list) and shown and got:
        alike(shown[0], got[0], where + "[0]")


def parse(text):
    """Lines are broken for the page only."""
    return json.loads(text.replace("\n", ""))


@of("usherctl.8", *[e.text for e in EXAMPLES
                    if e.page == "usherctl.8" and e.text.startswith("{")])
def test_json(two, balancer, text):
    usherd = two.usherd
    status, pollers, probe, entry, doctor, order, step, done = map(parse, text)
    alike(order, json.loads(usherd.order("-j", "drain", "--for", "1h")))
    alike(status, json.loads(usherd.order("-j", "status")))
    alike(pollers, json.loads(usherd.order("-j", "pollers")))
    alike(probe, json.loads(usherd.order("-j", "probe")))
    alike(entry, json.loads(usherd.order("-j", "log"))[-1])
    alike(doctor, json.loads(run(balancer.where, "-j").out))
    lines = usherd.order("-j", "drain", "--wait").splitlines()
    alike(step, json.loads(lines[1]))
    assert json.loads(usherd.order("-j", "reload")) == {
        **done, "text": "reloaded"}


# --- usherd(8) --------------------------------------------------------------

@of("usherd.8", "[Service]")
def test_a_drop_in(tmp_path, text):
    """systemd takes it beside the unit that it is for."""
    unit = tmp_path / "usher-hold.service"
    source = SRC.parent / "scripts/systemd/usher-hold.service"
    ctl = str(shutil.copy(binary("usherctl"), tmp_path))
    unit.write_text(re.sub(r"=(-?)usherctl", r"=\1" + ctl, source.read_text()))
    drop_in = tmp_path / "usher-hold.service.d" / "override.conf"
    drop_in.parent.mkdir()
    drop_in.write_text(text.replace("-usherctl", "-" + ctl))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)],
        env=environment(SYSTEMD_UNIT_PATH="%s:" % tmp_path), text=True,
        capture_output=True, timeout=DEADLINE)
    assert "usher-hold" not in done.stdout + done.stderr, done
    assert all(line in drop_in.read_text().replace(ctl, "usherctl")
               for line in text.splitlines())


@of("usherd.8", "2026-")
def test_a_line_of_the_log(usherd, text):
    line = re.sub(r"^\S+Z", "TIME", usherd.wait_fact("listening").line)
    shown = re.sub(r"^\S+Z", "TIME", text.strip())
    assert re.sub(r":\d+", ":8141", line) == shown


@of("usherd.8", "usherd -n -c")
def test_a_check_beforehand(usherd, shell, tmp_path, text):
    ctl = shell(usherd)
    shutil.copy(usherd.path, tmp_path / "new.conf")
    ctl.run(text, cwd=tmp_path)
    (tmp_path / "new.conf").write_text("[usher]\nalow = 1.2.3.4\n")
    with ctl.start(text, cwd=tmp_path) as process:
        out, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == 1 and "did you mean allow?" in out + err


@of("usherd.8", "cat </dev/tcp")
def test_as_haproxy_asks(usherd, shell, text):
    ctl = shell(usherd)
    said = ctl.run(text.replace("8141", str(usherd.agent_port)))
    assert said == "up ready 100%\n"


# --- usher.conf(5) ----------------------------------------------------------

def section(text, name):
    """The options below this heading."""
    return dict(re.findall(r"^([\w-]+) *= *(.*)$",
                           text.partition("[%s]" % name)[2].partition(
                               "\n[")[0], re.M))


@of("usher.conf.5", "[usher]\nallow")
def test_a_host_and_two_balancers(usherd, peer, config_for, text):
    """The balancers' addresses are of this machine here."""
    config = config_for(peer)
    config["usher"]["allow"] = section(text, "usher")["allow"].replace(
        "192.0.2.10", ONE).replace("192.0.2.11", TWO)
    usherd.configure(config)
    usherd.order("reload")
    for source in ("127.0.0.1", ONE, TWO):
        assert usherd.poll(source=source) == b"up ready 100%\n"
    assert usherd.poll(source="127.0.0.4") == b""


@of("usher.conf.5", "[usher]\n# HAProxy runs")
def test_a_third_host(peer, pki, tmp_path, cleanup, text):
    """As it is, but for the files, the port and where a server is."""
    port = ReservedPort()
    cleanup.callback(port.close)
    for old, new in (("/etc/usher/ca.pem", pki.ca_file),
                     ("/etc/usher/crl.pem", pki.crl_file),
                     ("8141", str(port.number)),
                     ("192.0.2.22:8140", peer.address),
                     (OTHER + "]", OTHER + "]\ntls-name = puppet.test")):
        assert old in text, old
        text = text.replace(old, new)
    text = text.replace("[usher]", "[usher]\ncontrol-socket = %s\n"
                        "state-dir = %s" % (tmp_path / "s", tmp_path))
    usherd = Usherd(tmp_path, text)
    cleanup.callback(usherd.stop)
    assert usherd.agent_port == port.number
    usherd.wait_reply("up 100%", OTHER.encode() + b"\n")
