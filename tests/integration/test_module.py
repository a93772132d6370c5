"""The classes of the Puppet module, applied by Debian's Puppet below tmp_path."""

import json
import re
from pathlib import Path

import pytest

from haproxy import HAProxy, program
from module.node import MODULE, Daemon, Node, Services, run
from pki import NAME
from usherd import ROOT, check, refused

STAND_INS = ROOT / "tests" / "integration" / "module"
FAILED = (4, 6)
AUTH = "Puppet_authorization::Rule[usher]"


@pytest.fixture
def node(tmp_path):
    return Node(tmp_path)


class Site:
    """A node with one Puppet Server, whose usherd Puppet starts."""

    def __init__(self, node, peer, pki, cleanup):
        self.node = node
        self.daemon = Daemon(node.config)
        cleanup.callback(self.daemon.stop)
        self.services = Services(self.daemon)
        cleanup.callback(self.services.stop)
        self.defaults = {
            "address": peer.address, "tls-name": NAME, "ca-file": pki.ca_file,
            "crl-file": pki.crl_file, "timeout": "10s"}

    def manifest(self, defaults=(), **settings):
        usher = {"agent-listen": ["127.0.0.1:0"], "ready": "always",
                 "control-socket": self.daemon.socket,
                 "state-dir": self.daemon.state}
        given = {k.replace("_", "-"): v for k, v in settings.items()}
        return self.node.usher(
            service_manage=True, settings={**usher, **given},
            defaults={**self.defaults, **dict(defaults)},
            servers={"puppet1.example.com": {}}) + self.services.manifest()

    def reloads(self):
        return len(self.daemon.facts("reload", text="done"))


@pytest.fixture
def site(node, peer, pki, cleanup):
    site = Site(node, peer, pki, cleanup)
    code, said = node.apply(site.manifest())
    assert code == 2, said
    return site


# --- class usher ---

def test_a_second_run_changes_nothing(site):
    """And the first has started an usherd that answers."""
    reloads = site.reloads()
    code, said = site.node.apply(site.manifest())
    assert code == 0, said
    assert (site.services.done, site.reloads()) == (["start"], reloads)
    assert check(site.node.config) == (0, "")
    site.daemon.wait_reply("up ready 100%")
    assert site.daemon.status()["name"] == "puppet1.example.com"


def test_a_change_is_reloaded(site):
    pid = site.daemon.process.pid
    reloads = site.reloads()
    site.node.change(site.manifest(require_reason=True))
    refused(site.daemon.ctl("drain"), "reason")
    assert site.reloads() == reloads + 1
    assert (site.daemon.process.pid, site.services.done) == (pid, ["start"])


def test_a_change_for_the_next_start_restarts(site):
    """So does going back."""
    daemon = site.daemon
    daemon.socket = daemon.own / "another"
    more = {"state_dir": daemon.own / "elsewhere"}
    for restarts in 1, 2:
        site.node.change(site.manifest(
            control_socket=daemon.socket, **more))
        assert site.services.done == ["start"] + restarts * ["restart"]
        daemon.wait_reply("up ready 100%")
        daemon.order("drain")
        assert list((daemon.own / "elsewhere").iterdir())
        more = {}


def test_each_option_of_that_kind(node):
    """The manual says of each that a change counts from the next start on."""
    manual = (ROOT / "src" / "usher.conf.5").read_text().split("\n.It Ic ")
    names = [entry.split()[0] for entry in manual
             if "\nA change counts from the next start on." in entry]
    assert names
    found = node.catalog(node.usher(service_manage=True, settings={
        "ready": "never", **{name: "/x" for name in names}}))
    start = found["File[%s.at-start]" % node.config]
    assert start["ensure"] == "file"
    assert re.findall("^(.*) = /x$", start["content"], re.M) == names
    assert "ready" not in start["content"]


def test_what_usherd_refuses_is_not_put_in_place(site):
    before = site.node.config.read_bytes()
    reloads = site.reloads()
    code, said = site.node.apply(site.manifest({"tempo": "5s", "rise": 0}))
    assert code in FAILED and "tempo" in said and "rise" in said, said
    assert site.node.config.read_bytes() == before
    assert (site.services.done, site.reloads()) == (["start"], reloads)
    site.daemon.wait_reply("up ready 100%")


def test_a_reload_that_fails_is_tried_again(site, port):
    """By each run, visibly, until it has gone well."""
    changed = site.manifest(agent_listen="127.0.0.1:%d" % port.number)
    with port.listener():
        for _ in range(2):
            code, said = site.node.apply(changed)
            assert code in FAILED and "can't be put into force" in said
    reloads = site.reloads()
    site.node.change(changed)
    assert site.reloads() == reloads + 1
    assert site.daemon.reply(port=port.number) == "up ready 100%"
    assert site.services.done == ["start"]


def test_what_somebody_has_changed_meanwhile_is_loaded_again(site):
    """Also when they have reloaded, so that usherd goes by their file."""
    ours = site.node.config.read_text()
    site.node.config.write_text(ours + "[server added]\n")
    assert site.daemon.ctl("reload").code == 0
    assert "added" in site.daemon.ctl("status").out
    site.node.change(site.manifest())
    assert site.node.config.read_text() == ours
    assert "added" not in site.daemon.ctl("status").out


def test_the_socket_is_no_shell_command(site):
    """Whatever it is called, usherd makes it and is asked there."""
    mark = site.daemon.own / "mark"
    site.daemon.socket = Path("%s/a'; touch %s; '" % (site.daemon.own, mark))
    site.daemon.socket.parent.mkdir(parents=True)
    site.node.change(site.manifest(control_socket=site.daemon.socket))
    assert site.daemon.status()["name"] == "puppet1.example.com"
    assert not mark.exists()


def test_hold_units(site):
    """Nothing else starts them beside a Puppet Server that runs already, after
    an rpm; those of one that stops, that starts, or that is off are left alone.
    """
    services = site.services
    for server, hold in (("active", "deactivating"), ("activating", "inactive"),
                         ("deactivating", "inactive")):
        services.put(puppetserver=server, usher_hold=hold)
        code, said = site.node.apply(site.manifest())
        assert (code, services.state("usher_hold")) == (0, hold), said
    services.put(puppetserver="inactive", pe_puppetserver="active")
    site.node.change(site.manifest())
    assert services.state("usher_hold") == "active"
    assert services.state("usher_hold_reload") == "active"


def test_nothing_given_is_a_configuration(node):
    """Without services nothing is reloaded either: there is no usherd here."""
    node.change(node.usher())
    assert check(node.config) == (0, "")
    assert sorted(p.name for p in node.folder.glob("usher.*")) == ["usher.conf"]


def test_values_as_usherd_reads_them(node):
    node.change(node.usher(
        settings={"allow": ["127.0.0.1", "::1"], "require-reason": False,
                  "ready": None, "log-level": ""},
        defaults={"rise": 3, "interval": "5s"},
        servers={"b.example.com": {"address": "192.0.2.22:8140"},
                 "a.example.com": {}}))
    assert check(node.config) == (0, "")
    lines = node.config.read_text().splitlines()
    assert [x for x in lines if x and not x.startswith("#")] == [
        "[usher]", "allow = 127.0.0.1 ::1", "require-reason = no",
        "log-level = ",
        "[defaults]", "rise = 3", "interval = 5s",
        "[server b.example.com]", "address = 192.0.2.22:8140",
        "[server a.example.com]"]


@pytest.mark.parametrize("params", [
    {"settings": {"allow": "::1\n[server x]"}}, {"servers": {"a b": {}}},
    {"settings": {"a = b\nc": 1}}, {"sbin_dir": "/tmp/'; true; '"},
    {"config_dir": "/tmp/$(true)"}])
def test_what_is_no_line_is_no_catalog(node, params):
    code, said = node.apply(node.usher(**params))
    assert code == 1 and "Evaluation Error" in said, said
    assert not node.config.exists()


def test_as_it_comes(node):
    """Package, services, who tells whom; auth.conf is left alone."""
    node.link_debian("stdlib")
    node.link("puppet_authorization", STAND_INS / "puppet_authorization")
    found = node.catalog("include usher")
    assert AUTH not in found
    assert found["Package[usher]"] == {
        "ensure": "installed", "before": "File[/etc/usher]"}
    start = found["File[/etc/usher/usher.conf.at-start]"]
    assert start["ensure"] == "absent"
    assert start["require"] == "File[/etc/usher/usher.conf]"
    assert found["Service[usherd]"] == {
        "ensure": "running", "enable": True,
        "subscribe": "File[/etc/usher/usher.conf.at-start]"}
    for name in "usher-hold", "usher-hold-reload":
        assert found["Service[%s]" % name] == {
            "enable": True, "require": "Service[usherd]"}
    reload = found["Exec[usherctl reload]"]
    assert reload["command"][-3:] == [
        "/etc/usher/usher.conf", "/etc/usher/usher.conf.loaded",
        "/run/usher/control.sock"]
    assert reload["require"] == [
        "File[/etc/usher/usher.conf]", "Service[usherd]"]


def test_as_the_site_wants_it(node):
    """What is stopped is not reloaded."""
    found = node.catalog(node.usher(
        package_manage=True, package_ensure="1.2", package_name="usher-lb",
        package_source="/srv/usher.deb", package_provider="dpkg",
        service_manage=True, service_ensure="stopped", service_enable=False,
        hold_enable=False))
    assert found["Package[usher-lb]"] == {
        "ensure": "1.2", "source": "/srv/usher.deb", "provider": "dpkg",
        "before": "File[%s]" % node.folder}
    assert found["Service[usherd]"]["ensure"] == "stopped"
    assert found["Service[usherd]"]["enable"] is False
    assert found["Service[usher-hold]"]["enable"] is False
    assert not [name for name in found if name.startswith("Exec[")]


# --- class usher::auth ---

def test_auth_conf_needs_its_module(node):
    code, said = node.compile(node.usher(manage_auth_conf=True))
    assert code != 0, said
    assert "needs the module puppetlabs-puppet_authorization" in said


@pytest.mark.parametrize("allow", [[], ["usher.example.com"]])
def test_auth_conf_rule(node, allow):
    node.link_debian("stdlib")
    node.link("puppet_authorization", STAND_INS / "puppet_authorization")
    own = "class { 'usher::auth': allow => %s }\n" % json.dumps(allow)
    rule = node.catalog(own + node.usher(manage_auth_conf=True))[AUTH]
    who = {"allow": allow} if allow else {}
    assert rule == {
        "ensure": "present", "rule_name": "usher",
        "match_request_query_params": {},
        "path": "/etc/puppetlabs/puppetserver/conf.d/auth.conf",
        "match_request_path": "^/status/v1/(simple|services/jruby-metrics)$",
        "match_request_type": "regex", "match_request_method": "get",
        "allow_unauthenticated": not allow, "sort_order": 300, **who}


# --- usher::balancermember ---

class Balancer(Node):
    """One that puppetlabs-haproxy cares for, the real one."""

    HEAD = """
class { 'haproxy':
  package_ensure   => 'present',
  service_manage   => false,
  merge_options    => false,
  config_file      => '%(path)s',
  global_options   => { 'stats' => 'socket /run/here/stats level admin' },
  defaults_options => { 'mode' => 'tcp', 'timeout' => [
    'connect 5s', 'client 10s', 'server 10s'] },
  config_validate_cmd => '%(haproxy)s -c -f %%',
}
haproxy::listen { 'puppet':
  collect_exported => false,
  mode             => 'tcp',
  bind             => { 'unix@/run/here/front' => [] },
  options          => {
    'balance'   => 'source',
    'hash-type' => 'consistent',
    'option'    => ['redispatch 1'],
    'timeout'   => ['check 5s'],
  },
}
Usher::Balancermember <| listening_service == 'puppet' |>
"""

    def __init__(self, folder):
        super().__init__(folder)
        self.link_debian("haproxy", "concat", "stdlib")
        self.path = folder / "haproxy.cfg"

    def write(self, members):
        """What follows the names on the server lines, by name."""
        self.change(self.HEAD % {"path": self.path, "haproxy": program()}
                    + members)
        code, said = run(program(), "-c", "-f", self.path)
        assert code == 0, said
        lines = re.findall(r"^ *server (\S+) (.*)$", self.path.read_text(),
                           re.M)
        return dict(lines)


@pytest.fixture
def balancer(tmp_path):
    return Balancer(tmp_path)


def exported(name, more=""):
    """As a Puppet Server's own catalog has it."""
    return """
@@usher::balancermember { '%s':
  listening_service => 'puppet',
  ipaddress         => '127.0.0.1',
%s}
""" % (name, more)


def test_haproxy_polls_usherd(balancer, usherd, peer, cleanup):
    """The server line's word, as HAProxy has taken it."""
    lines = balancer.write(exported("puppet1.example.com", """
  port       => %s,
  agent_port => %d,
""" % (peer.address.rsplit(":")[-1], usherd.agent_port)))
    assert lines["puppet1.example.com"] == (
        "%s weight 100 agent-check agent-inter 1s check inter 6s fall 3 "
        "downinter 1s rise 1 agent-port %d" % (peer.address, usherd.agent_port))
    haproxy = HAProxy(balancer.path.read_text().replace("/run/here",
                                                        "{folder}"))
    cleanup.callback(haproxy.stop)
    haproxy.wait("puppet1.example.com", lambda s: s["agent"] == "L7OK")
    usherd.order("weight", "40%")
    haproxy.wait_is("puppet1.example.com", weight=40)


def test_one_usherd_for_all(balancer):
    """And what haproxy/ has in `default-server` is on each server line."""
    fleet = "  usherd => '192.0.2.10',\n  options => ['id 12', 'inter 12s'],\n"
    lines = balancer.write(exported("puppet1.example.com", fleet)
                           + exported("puppet2.example.com"))
    assert lines["puppet1.example.com"].endswith(
        'agent-port 8141 agent-addr 192.0.2.10 '
        'agent-send "puppet1.example.com\\n" id 12 inter 12s')
    assert lines["puppet2.example.com"].endswith("agent-port 8141")
    for example in "tcp.cfg", "fleet.cfg":
        text = (ROOT / "haproxy" / example).read_text()
        words = [re.sub(" agent-(addr|port).*", "", words) for words in
                 re.findall("default-server (.*)", text) if "ssl" not in words]
        assert len(words) == 2
        assert " ".join(words) in lines["puppet2.example.com"]


# --- the module as a whole ---

def test_parser_and_lint():
    assert run("puppet", "parser", "validate", MODULE / "manifests",
               MODULE / "types") == (0, "")
    assert run("puppet", "parser", "validate", "--tasks",
               MODULE / "plans") == (0, "")
    assert run("puppet", "epp", "validate",
               *MODULE.glob("templates/*")) == (0, "")
    assert run("puppet-lint", "--fail-on-warnings", MODULE) == (0, "")


@pytest.mark.parametrize("name", ["init", "auth", "balancermember"])
def test_each_parameter_is_described(name):
    head, code = re.split(r"^(?:class|define) ", (
        MODULE / "manifests" / (name + ".pp")).read_text(), flags=re.M)
    declared = re.findall(r"\$(\w+) *(?:=.*)?,?$", code.split(") {")[0], re.M)
    assert declared == re.findall(r"# @param (\w+)", head)
    readme = (MODULE / "README.md").read_text()
    assert [p for p in declared if "`%s`" % p not in readme] == []
