"""The Debian package in a Debian that has never seen Puppet.

One machine goes through all of this: installed, Puppet's first run, upgraded
over a standing drain, removed, purged.
"""

import json

import pytest
from waiting import wait_until

from debian import hidden

UNITS = ("usherd", "usher-hold", "usher-hold-reload")
# What is known of a server where no CA is.
NOTHING = "# no verdict yet"
DRAINED = "drain 100% # drain by root: kernel"
RELEASED = "up ready 100% # release by root: usher is removed"
CONFIG = "etc/usher/usher.conf"
# All that is hidden could be read but for that; CA and CRL by Puppet's group.
FIRST_RUN = """
for folder; do
    mkdir -p "$folder"
    echo secret >"$folder/secret"
done
umask 027
cd /var/lib/puppet/ssl
mkdir certs
echo public | tee certs/ca.pem crl.pem
chgrp -R puppet .
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


def seen(debian, path, *where):
    """By the user usher, as it is for usherd if not told where."""
    where = where or ("nsenter", "-t", str(debian.pid("usherd")), "-m")
    return debian.run(*where, "setpriv", "--reuid=usher", "--regid=usher",
                      "--init-groups", "cat", path, ok=None).strip()


def test_first_run_of_puppet(debian):
    """The CA and CRL are seen, and nothing that is to be hidden, though it has
    come later; Debian's and upstream's.
    """
    pid = debian.pid("usherd")
    secrets = [folder + "/secret" for folder in hidden()]
    debian.run("sh", "-euc", FIRST_RUN, "sh", *hidden())
    wait_until(lambda: debian.pid("usherd") not in (0, pid), debian.show)
    wait_until(lambda: all(seen(debian, path).endswith("Permission denied")
                           for path in secrets), debian.show)
    debian.wait_state("usherd", "active")
    for path in "certs/ca.pem", "crl.pem":
        assert seen(debian, "/var/lib/puppet/ssl/" + path) == "public"
    for path in secrets:
        assert seen(debian, path, "env") == "secret"


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
    assert seen(debian, "/var/lib/puppet/ssl/crl.pem") == "public"
    debian.run("rm", "-r", "/var/lib/puppet", "/var/lib/puppetserver",
               "/etc/puppet", "/etc/puppetlabs", "/opt/puppetlabs",
               "/var/log/secret", "/var/cache/secret")


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


def test_upgrade_over_a_broken_file(debian, deb, poller):
    """usherd goes on as it is, until the file is mended."""
    config = debian.root / CONFIG
    good = config.read_text()
    config.write_text(good + "no-such = 1\n")
    pid, mark = debian.pid("usherd"), len(poller.told())
    said = debian.install(deb)
    assert "no-such" in said and "mend the file, then" in said, said
    assert debian.pid("usherd") == pid
    assert "drain" in debian.run("usherctl", "status")
    assert poller.told()[mark:] == []
    config.write_text(good)
    debian.ctl("restart", "usherd")
    assert debian.pid("usherd") not in (0, pid)
    poller.wait(DRAINED)


def test_what_is_broken_off(debian):
    """An upgrade leaves usherd alone, and a removal brings it back."""
    postinst = ("env", "DPKG_MAINTSCRIPT_PACKAGE=usher",
                "/var/lib/dpkg/info/usher.postinst")
    pid = debian.pid("usherd")
    debian.run(*postinst, "abort-upgrade", "0.0~0")
    assert debian.pid("usherd") == pid
    debian.ctl("stop", "usherd")
    debian.run(*postinst, "abort-remove")
    debian.wait_state("usherd", "active")


def orders(debian):
    """On disk."""
    text = (debian.root / "var/lib/usher/state.json").read_text()
    return [slot for server in json.loads(text)["servers"].values()
            for slot in ("state", "ceiling", "hold") if slot in server]


def test_remove(debian, poller):
    """HAProxy has the server back before the port closes, and no order is left
    for the next installation.
    """
    debian.run("usherctl", "weight", "10%")
    assert orders(debian) == ["state", "ceiling"]
    debian.dpkg("-r", "usher")
    poller.wait("closed")
    assert poller.told()[-2:] == [RELEASED, "closed"]
    assert debian.property("usherd", "ActiveState") == "inactive"
    assert (debian.root / CONFIG).exists()
    assert not (debian.root / "usr/sbin/usherd").exists()
    assert orders(debian) == []


def test_remove_while_usherd_is_stopped(debian, deb, poller):
    """Nobody can be told: who removes it is."""
    debian.install(deb)
    poller.wait(NOTHING)
    debian.run("usherctl", "drain", "-m", "kernel")
    debian.ctl("stop", "usherd")
    said = debian.dpkg("-r", "usher")
    assert "HAProxy may keep what it was told last" in said, said
    assert "Orders are in force again once usher is installed" in said, said
    assert not (debian.root / "usr/sbin/usherd").exists()
    debian.install(deb)
    poller.wait(DRAINED)
    debian.ctl("stop", "usherd")


def test_beside_a_puppet_server_that_is_off(debian, deb):
    """An upgrade starts no hold unit that went with it."""
    unit = debian.root / "etc/systemd/system/puppetserver.service"
    unit.write_text("[Service]\nExecStart=/bin/sleep infinity\n")
    debian.ctl("daemon-reload")
    debian.ctl("start", "puppetserver")
    debian.install(deb)
    debian.wait_state("usher-hold", "active")
    debian.ctl("stop", "puppetserver")
    debian.wait_state("usher-hold", "inactive")
    debian.install(deb)
    assert debian.property("usher-hold", "ActiveState") == "inactive"
    unit.unlink()
    debian.ctl("daemon-reload")


def test_purge(debian, before):
    debian.dpkg("-P", "usher")
    assert debian.files() - before == set()
    assert before - debian.files() == set()
