"""Lines for HAProxy: what `usherctl haproxy-config` prints is a backend that a
real HAProxy runs, and haproxy/fleet.cfg asks one usherd for several servers.
"""

import json
import os
import socket
from pathlib import Path

import pytest

import peer as peer_module
from haproxy import HAProxy
from ports import HOST

FLEET = Path(__file__).resolve().parent.parent.parent / "haproxy/fleet.cfg"
AROUND = """\
global
    stats socket {folder}/stats mode 600 level admin
defaults
    timeout connect 5s
    timeout client  10s
    timeout server  10s
frontend puppet
    mode tcp
    bind unix@{folder}/front
    default_backend puppetserver
"""


@pytest.fixture
def start_local(start_peer, pki):
    """A peer that HAProxy finds by a name, which its certificate bears."""
    def start():
        return start_peer(ctx=peer_module.context(pki.identity("localhost")))
    return start


@pytest.fixture
def start_pasted(cleanup):
    def start(lines, backend="puppetserver"):
        haproxy = HAProxy(AROUND + lines, backend)
        cleanup.callback(haproxy.stop)
        return haproxy
    return start


def local(peer):
    return "localhost:%s" % peer.address.rsplit(":", 1)[1]


def lines_of(usherd, *more):
    return usherd.order("haproxy-config", *more)


def server_lines(text):
    return [line for line in text.splitlines() if line.startswith("    server")]


def configured(config_for, *peers, **options):
    config = config_for(*peers, tls_name="localhost", **options)
    for number, peer in enumerate(peers, 1):
        config["server puppet%d" % number] = {"address": local(peer)}
    return config


def test_one_server(start_local, start_usherd, start_pasted, config_for):
    """HAProxy runs it as it is, with check and agent."""
    usherd = start_usherd(configured(config_for, start_local()))
    usherd.wait_reply("up ready 100%")
    text = lines_of(usherd)
    [line] = server_lines(text)
    assert "agent-send" not in text
    haproxy = start_pasted(text)
    haproxy.wait_is("puppet1", status="UP", weight=100,
                    last_agt="via agent : up", check="L7OK")
    usherd.order("weight", "10%")
    haproxy.wait_is("puppet1", status="UP", weight=10)
    usherd.order("drain")
    haproxy.wait_is("puppet1", status="DRAIN (agent)")
    assert " agent-port %d " % usherd.agent_port in line


def test_several_on_one_port_are_named(start_local, start_usherd, start_pasted,
                                       config_for):
    usherd = start_usherd(
        configured(config_for, start_local(), start_local(), start_local()))
    for name in ("puppet1", "puppet2", "puppet3"):
        usherd.wait_reply("up ready 100%", send=name.encode() + b"\n")
    text = lines_of(usherd)
    for number, line in enumerate(server_lines(text), 1):
        assert 'agent-send "puppet%d\\n"' % number in line
        assert " agent-addr 127.0.0.1 " in line
    haproxy = start_pasted(text)
    usherd.order("weight", "10%", "puppet2")
    usherd.order("drain", "puppet3")
    haproxy.wait_is("puppet1", status="UP", weight=100)
    haproxy.wait_is("puppet2", status="UP", weight=10)
    haproxy.wait_is("puppet3", status="DRAIN (agent)")


def test_a_port_of_its_own_beside_a_shared_one(start_local, start_usherd,
                                               start_pasted, config_for):
    """HAProxy 2.6 polls all with a name, or none."""
    config = configured(config_for, start_local(), start_local(),
                        start_local())
    config["server puppet3"]["agent-listen"] = "127.0.0.1:0"
    usherd = start_usherd(config)
    usherd.agent_ports(2)
    usherd.order("wait", "serving", "--all")
    text = lines_of(usherd)
    ports = {line.split(" agent-port ")[1].split()[0]
             for line in server_lines(text)}
    assert len(ports) == 2
    assert text.count("agent-send") == 3
    haproxy = start_pasted(text)
    usherd.order("weight", "20%", "puppet3")
    haproxy.wait_is("puppet3", status="UP", weight=20)
    haproxy.wait_is("puppet1", status="UP", weight=100)


def test_one_alone_on_the_shared_port_is_not_named(start_local, start_usherd,
                                                   config_for):
    config = configured(config_for, start_local(), start_local())
    config["server puppet2"]["agent-listen"] = "127.0.0.1:0"
    usherd = start_usherd(config)
    usherd.agent_ports(2)
    assert "agent-send" not in lines_of(usherd)


def test_where_usherd_is(start_local, start_usherd, config_for):
    """On every address: HAProxy asks the server's host, or else ours."""
    config = configured(config_for, start_local(), start_local(),
                        usher_agent_listen="*:0")
    config["server far"] = {"address": "puppet.example.com:8140"}
    config["server number"] = {"address": "[2001:db8::1]:8140"}
    usherd = start_usherd(config)
    usherd.agent_ports()
    one, _two, far, number = server_lines(lines_of(usherd))
    assert "agent-addr" not in one
    assert " agent-addr %s " % socket.gethostname() in far
    assert " puppet.example.com:8140 " in far
    assert " [2001:db8::1]:8140 " in number


def test_the_check_is_slower_than_busy_limit(start_local, start_usherd,
                                             config_for):
    usherd = start_usherd(configured(config_for, start_local(),
                                     busy_limit="100s"))
    assert " check inter 60s fall 3 " in lines_of(usherd)


def test_one_by_its_name_and_as_json(start_local, start_usherd, config_for):
    usherd = start_usherd(
        configured(config_for, start_local(), start_local()))
    text = lines_of(usherd, "puppet2")
    assert len(server_lines(text)) == 1 and "server puppet2 " in text
    shown = json.loads(lines_of(usherd, "-j"))
    assert shown == {"version": 1, "text": lines_of(usherd)}


def test_haproxy_takes_a_ca_with_a_strange_name(start_local, start_usherd, pki,
                                                config_for, start_pasted,
                                                tmp_path):
    ca = tmp_path / 'c "a" $HOME \\x#.pem'
    ca.write_bytes(Path(pki.ca_file).read_bytes())
    usherd = start_usherd(configured(config_for, start_local(), ca_file=ca))
    usherd.wait_reply("up ready 100%")
    start_pasted(lines_of(usherd)).wait_is("puppet1", check="L7OK")


def test_servers_of_several_cas_and_checks(start_local, start_usherd, pki,
                                           own_pki, config_for, start_pasted):
    """Each is checked by its own CA; a page that one lacks is asked of none."""
    config = configured(config_for, start_local(), start_local(),
                        ca_file=own_pki.ca_file, crl_file="none")
    config["server puppet2"].update({"ca-file": pki.ca_file,
                                     "check": "legacy"})
    usherd = start_usherd(config)
    usherd.agent_ports()
    text = lines_of(usherd)
    assert "httpchk" not in text
    one, two = server_lines(text)
    assert "ca-file" not in one
    assert two.endswith(' ca-file "%s"' % pki.ca_file)
    haproxy = start_pasted(text)
    haproxy.wait_is("puppet2", check="L6OK")
    haproxy.wait_is("puppet1", check="L6RSP")


def test_the_fleet_file(start_local, start_usherd, config_for, pki, cleanup):
    """As it stands, with one usherd for both."""
    peers = start_local(), start_local()
    config = config_for(tls_name="localhost")
    for number, peer in enumerate(peers, 1):
        config["server puppet%d.example.com" % number] = {
            "address": local(peer)}
    usherd = start_usherd(config)
    usherd.order("wait", "serving", "--all")
    variables = {"PUPPET1": peers[0].address, "PUPPET2": peers[1].address,
                 "USHER": HOST, "USHER_PORT": str(usherd.agent_port),
                 "PUPPET_CA": pki.ca_file,
                 "PUPPET_BIND": "unix@%s/front" % usherd.own}
    haproxy = HAProxy(
        FLEET.read_text().replace('"${HAPROXY_SOCKET}"', "{folder}/stats"),
        "puppetserver", {**os.environ, **variables})
    cleanup.callback(haproxy.stop)
    usherd.order("drain", "puppet2.example.com")
    haproxy.wait_is("puppet2.example.com", adm=8)
    assert haproxy.state("puppet1.example.com")["adm"] == 0
