"""No configuration at all, on a host that runs a Puppet Server."""

import os
import subprocess

import pytest

from usherd import binary, environment
from waiting import DEADLINE, wait_until

# A host of its own: what stands in /etc is the test's, and nothing listens.
HOST = """\
mount -t tmpfs none /etc && cp -r "$0"/etc/. /etc/ &&
mount -t tmpfs none /run && mount -t tmpfs none /var/lib &&
exec "$1"
"""

PUPPET_CONF = """\
[main]
certname = puppet9.example.com
localcacert = {ca}
hostcrl = {crl}
"""


@pytest.fixture
def host(tmp_path, pki):
    """A folder whose etc/ becomes /etc; Debian's layout."""
    puppet = tmp_path / "etc" / "puppet"
    puppet.mkdir(parents=True)
    (puppet / "puppet.conf").write_text(
        PUPPET_CONF.format(ca=pki.ca_file, crl=pki.crl_file))
    (tmp_path / "etc" / "hosts").write_text("127.0.0.1 puppet9.example.com\n")
    (tmp_path / "etc" / "nsswitch.conf").write_text("hosts: files\n")
    return tmp_path


def alone(host):
    """usherd as the only thing on this host."""
    root = [] if os.geteuid() == 0 else ["-r"]
    return ["unshare", *root, "-m", "-n", "sh", "-c", HOST, str(host),
            str(binary())]


def test_puppet_conf_names_no_server(host):
    """What it has would reach log, replies and terminals."""
    conf = host / "etc/puppet/puppet.conf"
    conf.write_text("[main]\ncertname = \033[2J\n")
    done = subprocess.run(alone(host), stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=DEADLINE,
                          env=environment())
    assert (done.returncode, done.stdout) == (1, "")
    assert "own name, `?[2J`, is none that" in done.stderr, done.stderr
    assert done.stderr.count("\n") == 1


def test_puppet_conf_is_all_it_needs(host, pki, cleanup):
    log = host / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            alone(host), stdin=subprocess.DEVNULL, stderr=out,
            env=environment())
    cleanup.callback(process.wait)
    cleanup.callback(process.kill)

    def said(*parts):
        return any(all(part in line for part in parts)
                   for line in log.read_text().splitlines())

    wait_until(lambda: said(" warn probe server=puppet9.example.com ",
                            "127.0.0.1:8140"), log.read_text)
    assert said(" info listening ", ":8141 server=*"), log.read_text()
    assert said(" info trust ", "ca=" + pki.ca_file, "crl=" + pki.crl_file)
    process.terminate()
    assert process.wait(30) == 0, log.read_text()
