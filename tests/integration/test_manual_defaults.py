"""usher.conf(5): a default that is no value, but follows from something else,
is what usherd takes.  (Those that are a value: scripts/check-manual.)
"""

import json
import os
import re
import shutil
import ssl

import pytest

import manual
from test_conf_file import options

# A host whose /etc and /var/lib are the test's.
HOST = """\
mount -t tmpfs none /etc && mount -t tmpfs none /var/lib &&
cp -r "$0"/etc/. /etc && cp -r "$0"/var/. /var && exec "$@"
"""
LAYOUTS = ("etc/puppetlabs/puppet", "etc/puppet")
P1, P2, P3 = ("puppet%d.example.com" % n for n in (1, 2, 3))


def default(name, section="[server] and [defaults]"):
    """What the page says, up to the end of the sentence."""
    text, = {row[1] for row in manual.rows("usher.conf.5", section)
             if row[0] == name}
    return re.search(r"Default: (.+?)\.(?: [A-Z]|$)", text)[1]


class Host:
    """A host where Puppet is, and an usherd that is told next to nothing."""

    def __init__(self, folder, start_usherd, config_for):
        self.folder = folder / "host"
        self.start_usherd, self.config_for = start_usherd, config_for
        for place in ("etc", "var/lib"):
            (self.folder / place).mkdir(parents=True)
        (self.folder / "etc/nsswitch.conf").write_text("hosts: files\n")
        (self.folder / "etc/hosts").write_text("127.0.9.1 %s\n" % P1)

    def copy(self, file, to):
        path = self.folder / to.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, path)

    def puppet_conf(self, layout, text):
        path = self.folder / layout / "puppet.conf"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("[main]\n" + text)

    def start(self, servers):
        root = [] if os.geteuid() == 0 else ["-r"]
        return self.start_usherd(
            {"usher": self.config_for()["usher"],
             **{"server " + name: said for name, said in servers.items()}},
            ["unshare", *root, "-m", "sh", "-c", HOST, str(self.folder)])


@pytest.fixture
def host(tmp_path, start_usherd, config_for):
    return Host(tmp_path, start_usherd, config_for)


def of_puppet(pki):
    return "localcacert = %s\nhostcrl = %s\n" % (pki.ca_file, pki.crl_file)


def explained(usherd):
    servers = json.loads(usherd.order("explain", "-j"))["servers"]
    return {s["name"]: (s["address"], s["tls_name"]) for s in servers}


def test_address_and_tls_name(host, pki):
    assert default("address") == "the server's name, port 8140"
    assert default("tls-name") == (
        "the host of address, or the server's name where that host is a "
        "number")
    host.puppet_conf(LAYOUTS[0], of_puppet(pki))
    usherd = host.start({P1: {}, P2: {"address": "127.0.9.2:1"},
                         P3: {"address": P1 + ":1"}})
    assert explained(usherd) == {P1: (P1, P1), P2: ("127.0.9.2:1", P2),
                                 P3: (P1 + ":1", P1)}
    probe = usherd.wait_fact("probe", server=P1)
    assert "127.0.9.1:8140" in probe.get("detail"), probe.line


def in_use(usherd):
    fact = usherd.wait_fact("trust", text="files are in use")
    return fact.get("ca"), fact.get("crl")


def test_ca_and_crl_of_puppet_conf(host, pki):
    assert default("ca-file").startswith(
        "Puppet's own, localcacert of puppet.conf, else ")
    assert default("crl-file").startswith(
        "Puppet's own, hostcrl of puppet.conf, else ")
    host.puppet_conf(LAYOUTS[0], of_puppet(pki))
    assert in_use(host.start({P1: {}})) == (pki.ca_file, pki.crl_file)


@pytest.mark.parametrize("layout", range(2), ids=LAYOUTS)
def test_ca_and_crl_where_the_packages_keep_them(layout, host, pki):
    """The places below FILES."""
    assert "else where the packages keep it" in default("ca-file")
    assert "else where the packages keep it" in default("crl-file")
    places = [row[0].split(", ") for row in manual.rows("usher.conf.5",
                                                        "FILES")]
    conf, = (p[layout] for p in places if p[0].endswith("puppet.conf"))
    ca, = (p[layout] for p in places if p[0].endswith("/ca.pem"))
    crl, = (p[layout] for p in places if p[0].endswith("/crl.pem"))
    assert conf == "/%s/puppet.conf" % LAYOUTS[layout]
    host.puppet_conf(LAYOUTS[layout], "")
    host.copy(pki.ca_file, ca)
    host.copy(pki.crl_file, crl)
    assert in_use(host.start({P1: {}})) == (ca, crl)


def test_no_certificate(start_peer, start_usherd, config_for, pki):
    """None is shown to a server that would like one."""
    assert (default("cert-file"), default("key-file")) == (
        "no certificate", "no key")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki.good.cert, pki.good.key)
    context.load_verify_locations(pki.ca_file)
    context.verify_mode = ssl.CERT_OPTIONAL
    peer = start_peer(ctx=context)
    usherd = start_usherd(config_for(peer))
    usherd.wait_reply("up ready 100%")
    assert peer.counts["full"] > 0 and peer.clients == []


def test_no_listeners_but_one(peer, start_usherd, config_for):
    """A port of [usher], none of the server's own, none for HTTP."""
    assert default("agent-listen") == "none"
    assert default("http-listen", "[usher]") == "none"
    usherd = start_usherd(config_for(peer))
    usherd.wait_reply("up ready 100%")
    listener, = usherd.facts("listening")
    assert (listener.get("server"), listener.get("http")) == ("*", None)


def test_each_default_is_a_value_or_proved_here():
    """The others are in the table of src/option.c, and check-manual holds
    the page against it.
    """
    follow = {name for _, name, value in options() if not value}
    assert follow == {"address", "tls-name", "ca-file", "crl-file",
                      "cert-file", "key-file", "agent-listen", "http-listen"}
