"""The Debian package in a Debian that has never seen Puppet.

One machine goes through all of this: installed, Puppet's first run, upgraded
over a standing drain, removed, purged.
"""

import pytest
from waiting import wait_until

UNITS = ("usherd", "usher-hold", "usher-hold-reload")
# What is known of a server where no CA is.
NOTHING = "# no verdict yet"
DRAINED = "drain 100% # drain by root: kernel"
RELEASED = "up ready 100% # release by root: usher is removed"
CONFIG = "etc/usher/usher.conf"
# Owners and modes as Debian's packages have them.
FIRST_RUN = """
umask 027
cd /var/lib
mkdir -p puppet/ssl/certs puppet/ssl/private_keys
echo secret | tee puppet/ssl/private_keys/test.pem
echo public | tee puppet/ssl/certs/ca.pem puppet/ssl/crl.pem
chgrp -R puppet puppet
"""
CRL_RENEWED = """
cd /var/lib/puppet/ssl
cp -p crl.pem crl.new
mv crl.new crl.pem
"""


@pytest.fixture(scope="module")
def before(debian):
    """All files from before there was an usher."""
    return debian.files()


def test_install(debian, older, before, poller):
    """It is up and enabled, as its own user, with nothing configured."""
    poller.wait("closed")
    debian.install(older)
    for unit in UNITS:
        assert debian.property(unit, "ActiveState") == "active"
        assert debian.ctl("is-enabled", unit).strip() == "enabled"
    assert debian.property("usherd", "NRestarts") == "0"
    assert debian.run("id", "-nG", "usher").split() == ["usher", "puppet"]
    assert debian.run("stat", "-c", "%U", "/proc/%d"
                      % debian.pid("usherd")).strip() == "usher"
    poller.wait(NOTHING)


def seen(debian, path):
    """By usherd, of Puppet's."""
    return debian.run("nsenter", "-t", str(debian.pid("usherd")), "-m",
                      "setpriv", "--reuid=usher", "--regid=usher",
                      "--init-groups", "cat", "/var/lib/puppet/ssl/" + path,
                      ok=None).strip()


def test_first_run_of_puppet(debian):
    """The CA and CRL are seen, keys are not, though they have come later."""
    pid = debian.pid("usherd")
    debian.run("sh", "-euc", FIRST_RUN)
    wait_until(lambda: debian.pid("usherd") not in (0, pid), debian.show)
    debian.wait_state("usherd", "active")
    assert seen(debian, "certs/ca.pem") == "public"
    assert seen(debian, "crl.pem") == "public"
    assert seen(debian, "private_keys/test.pem").endswith("Permission denied")


def test_later_run_of_puppet(debian):
    """usherd is not started again for nothing."""
    debian.wait_state("usher-hide", "inactive")
    looks = debian.property("usher-hide", "InvocationID")
    pid = debian.pid("usherd")
    debian.run("sh", "-euc", CRL_RENEWED)
    wait_until(lambda: debian.property("usher-hide", "InvocationID") != looks,
               debian.show)
    debian.wait_state("usher-hide", "inactive")
    assert debian.pid("usherd") == pid
    assert seen(debian, "crl.pem") == "public"
    debian.run("rm", "-r", "/var/lib/puppet")


def test_upgrade(debian, deb, poller):
    """usherd is another one, and says what it said; what is configured stays.
    The hold units are left alone: their stop would drain.
    """
    with open(debian.root / CONFIG, "a", encoding="ascii") as config:
        config.write("# mine\n")
    debian.run("usherctl", "drain", "-m", "kernel")
    poller.wait(DRAINED)
    old = debian.pid("usherd")
    held = [debian.property(unit, "InvocationID") for unit in UNITS[1:]]
    mark = len(poller.told())
    debian.install(deb)
    assert debian.pid("usherd") not in (0, old)
    poller.wait(DRAINED)
    assert set(poller.told()[mark:]) <= {"closed", DRAINED}, poller.told()
    assert held == [debian.property(u, "InvocationID") for u in UNITS[1:]]
    assert (debian.root / CONFIG).read_text().endswith("\n# mine\n")
    version = debian.run("dpkg-query", "-W", "-f", "${Version}", "usher")
    assert debian.run("usherd", "-v").strip() == "usherd " + version


def test_remove(debian, poller):
    """HAProxy has the server back before the port closes."""
    mark = len(poller.told())
    debian.dpkg("-r", "usher")
    poller.wait("closed")
    assert poller.told()[mark:] == [RELEASED, "closed"]
    assert debian.property("usherd", "ActiveState") == "inactive"
    assert (debian.root / CONFIG).exists()
    assert not (debian.root / "usr/sbin/usherd").exists()


def test_remove_while_usherd_is_stopped(debian, deb):
    """Nobody can be told: who removes it is."""
    debian.install(deb)
    debian.ctl("stop", "usherd")
    said = debian.dpkg("-r", "usher")
    assert "HAProxy may keep what it was told last" in said, said
    assert not (debian.root / "usr/sbin/usherd").exists()


def test_purge(debian, before):
    debian.dpkg("-P", "usher")
    assert debian.files() - before == set()
    assert before - debian.files() == set()
