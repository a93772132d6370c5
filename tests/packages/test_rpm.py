"""The rpm, put by this host's rpm into a Debian that has never seen Puppet.

One machine goes through all of this: installed, cared for by the Puppet module,
upgraded, removed.
"""

import subprocess

import pytest
from module.node import Node

from debian import copied, files, rpm_at

UNITS = ("usherd", "usher-hold", "usher-hold-reload")
CONFIG = "etc/usher/usher.conf"
NOTHING = "# no verdict yet"
DRAINED = "drain 100% # drain by root: kernel"
RELEASED = "up ready 100% # release by root: usher is removed"
PUPPET_SERVER = "[Service]\nExecStart=sleep infinity\n"
# On a system with rpm they are of a package that all others need.
FOLDERS = {"usr/share/licenses", "usr/share/zsh",
           "usr/share/zsh/site-functions"}
# rpm has no purge.
STAYS = {"etc/usher", CONFIG + ".rpmsave", CONFIG + ".rpmnew", "var/lib/usher",
         "var/lib/usher/state.json"}


@pytest.fixture(scope="module")
def before(debian):
    """All files from before there was an usher."""
    return debian.files()


def complaints(said):
    """All but what systemd-sysusers says of what it does."""
    return [line for line in said.splitlines()
            if not line.startswith("Creating ")]


def test_install(debian, older_rpm, before, poller):
    """Owners and modes are the package's; nothing is started."""
    assert complaints(debian.rpm("-i", older_rpm)) == []
    assert debian.rpm("-V", "usher") == ""
    for unit in UNITS:
        assert debian.property(unit, "ActiveState") == "inactive"
        assert debian.ctl("is-enabled", unit).strip() == "enabled"
    assert debian.run("id", "-nG", "usher").split() == ["usher", "puppet"]
    poller.wait("closed")
    debian.ctl("start", "usherd")
    poller.wait(NOTHING)


def test_the_module_starts_the_hold_units(debian, tmp_path):
    """Its commands, at a real systemd, beside a Puppet Server that runs."""
    node = Node(tmp_path)
    start = node.catalog(node.usher(service_manage=True))[
        "Exec[systemctl start usher-hold]"]
    condition, = start["onlyif"]
    debian.run(*condition, ok=3)
    (debian.root / "etc/systemd/system/puppetserver.service").write_text(
        PUPPET_SERVER)
    debian.ctl("daemon-reload")
    debian.ctl("start", "--job-mode=ignore-dependencies", "puppetserver")
    debian.run(*condition)
    debian.run(*start["command"])
    for unit in UNITS[1:]:
        assert debian.property(unit, "ActiveState") == "active"
    debian.run(*condition, ok=1)


def test_upgrade(debian, rpm, poller):
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
    said = debian.rpm("-U", rpm)
    assert said.endswith("%s created as /%s.rpmnew\n" % (CONFIG, CONFIG)), said
    assert said.count("\n") == 1, said
    assert debian.pid("usherd") not in (0, old)
    poller.wait(DRAINED)
    assert set(poller.told()[mark:]) <= {"closed", DRAINED}, poller.told()
    assert held == [debian.property(u, "InvocationID") for u in UNITS[1:]]
    assert (debian.root / CONFIG).read_text().endswith("# older\n# mine\n")


def test_upgrade_over_a_broken_file(debian, older_rpm, poller):
    """usherd goes on as it is, until the file is mended."""
    config = debian.root / CONFIG
    good = config.read_text()
    config.write_text(good + "no-such = 1\n")
    pid, mark = debian.pid("usherd"), len(poller.told())
    said = debian.rpm("-U", "--oldpackage", older_rpm)
    assert "no-such" in said and "mend the file, then" in said, said
    assert debian.pid("usherd") == pid
    assert poller.told()[mark:] == []
    assert "drain" in debian.run("usherctl", "status")
    config.write_text(good)
    debian.ctl("restart", "usherd")
    assert debian.pid("usherd") not in (0, pid)
    poller.wait(DRAINED)


def test_remove(debian, poller, before):
    """HAProxy has the server back before the port closes."""
    debian.rpm("-e", "usher")
    poller.wait("closed")
    assert poller.told()[-2:] == [RELEASED, "closed"]
    assert debian.property("usherd", "ActiveState") == "inactive"
    left = debian.files() - before - FOLDERS
    assert left - {"etc/systemd/system/puppetserver.service"} == STAYS
    assert before - debian.files() == set()


@pytest.mark.parametrize("systemctl", ["there", "gone"])
def test_without_systemd(deb, rpm, older_rpm, tmp_path, systemctl):
    """In a folder that somebody makes an image of: there is nothing to be
    said, but that nobody could be told of the removal.
    """
    root = tmp_path / "root"
    copied(deb, root)
    if systemctl == "gone":
        (root / "bin/systemctl").unlink()
    first = files(root)
    assert complaints(in_folder(root, "-i", older_rpm)) == []
    assert in_folder(root, "-V", "usher") == ""
    assert "\nusher:" in (root / "etc/passwd").read_text()
    assert in_folder(root, "-U", rpm) == ""
    said = in_folder(root, "-e", "usher")
    assert "HAProxy may keep" in said and len(said.splitlines()) == 2, said
    assert files(root) - first - FOLDERS == set()


def in_folder(root, *words):
    """What rpm has to say."""
    done = subprocess.run(
        [*rpm_at(root), *map(str, words)], text=True, timeout=120,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    return done.stdout
