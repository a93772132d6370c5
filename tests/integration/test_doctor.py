"""`usherctl doctor`: what keeps usher's replies from taking effect, asked of a
real HAProxy that polls a real usherd.
"""

import json
import os
import re
import shutil

import pytest

from doctor import Balancer, as_text, fails, run
from haproxy import server_line
from usherd import ROOT, binary
from waiting import wait_until

OTHER = {"user": "nobody", "group": "nogroup", "extra_groups": []}


@pytest.fixture
def start_balancer(cleanup):
    def start(*servers, **more):
        balancer = Balancer(*servers, **more)
        cleanup.callback(balancer.stop)
        return balancer
    return start


@pytest.fixture
def agent(peer, start_usherd, config_for):
    """An usherd as shipped, and a server in service."""
    usherd = start_usherd(config_for(peer, usher_ready=None))
    usherd.wait_fact("verdict", **{"is": "up"})
    return usherd


@pytest.fixture
def line(agent, peer):
    """The server's line, with words more at its end."""
    def make(*more):
        return server_line("puppet1", peer.address, agent.agent_port, *more)
    return make


def test_a_good_configuration(start_balancer, line, port):
    address = "127.0.0.1:%d" % port.number
    balancer = start_balancer(
        line(), tcp="stats socket ipv4@%s level operator" % address)
    balancer.wait_doctor()
    for where in (balancer.where, address, "localhost:%d" % port.number):
        said = wait_until(lambda: (s := run(where)).code == 0 and s,
                          balancer.log)
        assert said.err == ""
        assert said.out.startswith("puppet/puppet1: ok\nnote: agent-inter ")
    wait_until(lambda: run(balancer.where, "-q") == (0, "", ""), balancer.log)


def test_weight_1(start_balancer, line, agent):
    balancer = start_balancer(line(), defaults="agent-check check inter 100ms")
    balancer.wait_doctor("error weight-1")
    assert "write `weight 100`" in balancer.text_of("weight-1")
    assert run(balancer.where, "-q") == (1, "", "")
    agent.order("weight", "10%", "--force")
    balancer.wait_doctor("error weight-1", "error weight-now")


def test_a_map_based_hash(start_balancer, line, agent):
    """HAProxy shows what kind it is only when a percentage came."""
    balancer = start_balancer(line(), balance="balance source")
    balancer.wait_doctor("note hash-type")
    agent.order("weight", "10%")
    balancer.wait_doctor("error static")
    assert "`hash-type consistent`" in balancer.text_of("static")


def test_a_consistent_hash(start_balancer, line, agent):
    balancer = start_balancer(
        line(), balance="balance source\n    hash-type consistent")
    balancer.wait_doctor("note hash-type")
    agent.order("weight", "10%")
    balancer.wait_doctor()


def test_a_static_algorithm(start_balancer, line):
    start_balancer(line(), balance="balance static-rr").wait_doctor(
        "error static")


def test_a_disabled_agent(start_balancer, line):
    balancer = start_balancer(line())
    balancer.wait_doctor()
    balancer.order("disable agent puppet/puppet1")
    balancer.wait_doctor("error agent-off")
    balancer.order("enable agent puppet/puppet1")
    balancer.wait_doctor()


@pytest.mark.parametrize("state", ["drain", "maint"])
def test_set_by_hand(start_balancer, line, agent, state):
    """What usher asks for is no finding, what it does not ask for is."""
    balancer = start_balancer(line())
    balancer.wait_doctor()
    balancer.set_state("puppet1", state)
    balancer.wait_doctor("error stuck")
    agent.order("auto")  # as the finding says
    balancer.wait_doctor()
    agent.order(state, "-m", "why, \"so\"")
    adm = {"drain": 8, "maint": 1}[state]
    balancer.wait_is("puppet1", adm=adm)
    balancer.wait_doctor()


def test_disabled_on_its_line(start_balancer, line):
    balancer = start_balancer(line("disabled"))
    balancer.wait_doctor("error disabled")


def test_nobody_at_the_port(start_balancer, peer, port):
    balancer = start_balancer(
        server_line("puppet1", peer.address, port.number))
    balancer.wait_doctor("error agent-unreachable")
    wait_until(lambda: "127.0.0.1:%d (Connection refused)" % port.number in
               balancer.text_of("agent-unreachable"), "said when it has ended")


def test_another_at_the_port(start_balancer, peer):
    """A TLS server, which waits for the client's first word."""
    number = int(peer.address.rsplit(":", 1)[1])
    start_balancer(server_line("puppet1", peer.address, number)).wait_doctor(
        "error agent-late")


def test_an_usherd_that_allows_others(start_balancer, peer, start_usherd,
                                      config_for):
    usherd = start_usherd(config_for(peer, usher_allow="127.0.0.9"))
    start_balancer(server_line(
        "puppet1", peer.address, usherd.agent_port)).wait_doctor(
            "error agent-closed")


def test_an_unknown_name(start_balancer, start_peer, start_usherd,
                         config_for):
    """Two servers on one port: a name is needed, and the right one."""
    peers = [start_peer(), start_peer()]
    usherd = start_usherd(config_for(*peers))
    usherd.wait_reply("up ready 100%", send=b"puppet1\n")
    line = ("puppet1", peers[0].address, usherd.agent_port)
    for more, expected in (
            (['agent-send "puppet1\\n"'], ()),
            (['agent-send "pupet1\\n"'], ("error agent-no-state",)),
            (["agent-inter 3s"], ("error agent-no-state",))):
        balancer = start_balancer(server_line(*line, *more))
        balancer.wait_doctor(*expected)


def test_no_agent_at_all(start_balancer, peer):
    balancer = start_balancer("    server puppet1 " + peer.address,
                              defaults="weight 100")
    balancer.wait_doctor(whole=("error no-agents",))


def test_beside_one_with_an_agent(start_balancer, line, peer):
    balancer = start_balancer(
        line(), "    server puppet2 %s no-agent-check" % peer.address)
    balancer.wait_doctor()
    said = run(balancer.where)
    assert "puppet/puppet2: ok\n    note: no agent-check here" in said.out


def test_both_forms_say_the_same(start_balancer, line, peer, port):
    balancer = start_balancer(
        line(), line("weight 1").replace("puppet1", "puppet2"),
        server_line("puppet3", peer.address, port.number, "weight 20"),
        "    server puppet4 %s no-agent-check" % peer.address)

    def same():
        shown = as_text(json.loads(run(balancer.where, "-j").out))
        found = shown.count("error: "), shown.count("note: ")
        return found == (2, 3) and run(balancer.where) == (1, shown, "")

    wait_until(same, balancer.log)


def test_no_check_beside_the_agent(start_balancer, line):
    start_balancer(line(), defaults="weight 100 agent-check").wait_doctor(
        "note no-check")


def test_a_socket_of_level_user(start_balancer, line):
    """It does not show which algorithm there is, and all else."""
    balancer = start_balancer(line(), balance="balance source")
    balancer.where = balancer.folder / "user"
    balancer.wait_doctor(whole=("note level", "note agent-inter"))


def test_permission_denied(start_balancer, line):
    assert os.geteuid() == 0, \
        "usherctl must be run as another user: run this test as root"
    balancer = start_balancer(line())
    balancer.folder.chmod(0o755)
    program = shutil.copy(binary("usherctl"), balancer.folder)
    fails(balancer.where, "permission denied", program=program, **OTHER)


def test_the_socket_of_usherd(agent):
    agent.wait_open()
    fails(agent.socket, "no answer to `show servers state`: \"error 2 unknown "
          "command show")


def test_json_has_the_documented_shape(start_balancer, line):
    manual = (ROOT / "src" / "usherctl.8").read_text()
    example = json.loads(re.search(
        r"^\.Ss doctor\n\.Bd -literal\n(.*?)^\.Ed", manual,
        re.M | re.S)[1].replace("\\e", "\\"))
    balancer = start_balancer(line(), defaults="agent-check")
    balancer.wait_doctor("error weight-1", "note no-check")
    shown = json.loads(run(balancer.where, "-j").out)
    assert shown.keys() == example.keys()
    (server,), (documented,) = shown["servers"], example["servers"]
    assert server.keys() == documented.keys()
    for finding in (documented["findings"] + server["findings"]
                    + example["findings"]):
        assert finding.keys() == shown["findings"][0].keys()
        assert finding["level"] in ("error", "note")
    assert documented["ok"] is False and shown["version"] == 1


def test_the_manual_has_all_codes():
    source = "".join((ROOT / "src" / name).read_text()
                     for name in ("diagnosis.c", "diagnosis_agent.c"))
    used = set(re.findall(
        r'DIAGNOSIS_(?:ERROR|NOTE),?\s+"([a-z0-9-]+)"', source))
    calls = source.count("diagnosis_add(d,")
    assert 20 < len(used) <= calls
    manual = (ROOT / "src" / "usherctl.8").read_text()
    listed = re.search(r"^\.It Li code\n(.*?)^\.It", manual, re.M | re.S)[1]
    assert used == {word for line in re.findall(r"^\.Ql (.*)", listed, re.M)
                    for word in re.findall(r"[a-z0-9-]+", line)}
