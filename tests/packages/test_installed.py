"""The Debian package in a Debian that has never seen Puppet.

One machine goes through all of this: installed, upgraded over a standing drain,
removed, purged.
"""

import pytest

UNITS = ("usherd", "usher-hold", "usher-hold-reload")
# What is known of a server where no CA is.
NOTHING = "# no verdict yet"
DRAINED = "drain 100% # drain by root: kernel"
RELEASED = "up ready 100% # release by root: usher is removed"
CONFIG = "etc/usher/usher.conf"


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


def test_purge(debian, before):
    debian.dpkg("-P", "usher")
    assert debian.files() - before == set()
    assert before - debian.files() == set()
