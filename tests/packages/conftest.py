"""The packages that `make deb` and `make rpm` have built."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent.parent
sys.path.append(str(TESTS / "integration"))
sys.path.append(str(TESTS / "systemd"))

from debian import Debian  # noqa: E402
from nspawn import require, run  # noqa: E402
from usherd import ROOT  # noqa: E402
from waiting import wait_until  # noqa: E402


def built(pattern):
    found = sorted((ROOT / "build").glob(pattern))
    assert len(found) == 1, "%s: %s; run make deb rpm" % (pattern, found)
    return found[0]


@pytest.fixture(scope="session")
def deb():
    return built("deb/usher_*.deb")


@pytest.fixture(scope="session")
def older(deb, tmp_path_factory):
    """The same package, by its version an earlier one."""
    folder = tmp_path_factory.mktemp("older")
    run("dpkg-deb", "-R", deb, folder / "content")
    control = folder / "content/DEBIAN/control"
    lines = control.read_text().splitlines()
    control.write_text("".join(
        "Version: 0.0~0\n" if line.startswith("Version: ") else line + "\n"
        for line in lines))
    run("dpkg-deb", "-b", "--root-owner-group", folder / "content",
        folder / "usher.deb")
    shutil.rmtree(folder / "content")
    return folder / "usher.deb"


@pytest.fixture(scope="session")
def rpm():
    return built("rpm/usher-*-1*[!c].rpm")


@pytest.fixture(scope="session")
def older_rpm(rpm, tmp_path_factory):
    """The same, too: what is in it is not built again."""
    folder = tmp_path_factory.mktemp("older-rpm")
    spec = (rpm.parent / "usher.spec").read_text().split("%changelog\n")[0]
    spec = re.sub(r"^%(license|doc) .*\n", "", spec, flags=re.M)
    spec = re.sub(r"^(Version: +).*", r"\g<1>0.0~a", spec, flags=re.M)
    spec = re.sub(r"^%prep\n.*?(?=^%post\n)",
                  "%%install\ncp -a %s/content/. %%{buildroot}\n\n" % folder,
                  spec, flags=re.M | re.S)
    (folder / "usher.spec").write_text(spec)
    (folder / "content").mkdir()
    run("sh", "-c", "rpm2cpio %s | cpio -id --quiet" % rpm,
        cwd=folder / "content")
    with open(folder / "content/etc/usher/usher.conf", "a",
              encoding="ascii") as config:
        config.write("# older\n")
    for left_out in "lib/.build-id", "share/doc", "share/licenses":
        shutil.rmtree(folder / "content/usr" / left_out)
    run("rpmbuild", "-bb", "--nodeps", "--define", "_topdir %s" % folder,
        "--define", "__brp_compress true", "--define", "__brp_strip true",
        "--define", "_build_id_links none",
        "--define", "_unitdir /usr/lib/systemd/system",
        "--define", "_sysusersdir /usr/lib/sysusers.d", folder / "usher.spec")
    shutil.rmtree(folder / "content")
    older, = folder.glob("RPMS/*/*.rpm")
    return older


@pytest.fixture(scope="module")
def debian(deb, tmp_path_factory):
    require()
    debian = Debian(tmp_path_factory.mktemp("debian"), deb)
    try:
        debian.wait_up()
        yield debian
    finally:
        debian.close()


class Poller:
    """poller.py on the machine's own loopback, with this host's Python."""

    def __init__(self, debian, path):
        self.path = path
        with open(path, "wb") as told:
            self.process = subprocess.Popen(
                ["nsenter", "-t", debian.leader, "-n", "/usr/bin/python3",
                 str(Path(__file__).with_name("poller.py"))],
                stdin=subprocess.DEVNULL, stdout=told)

    def told(self):
        return self.path.read_text().splitlines()

    def wait(self, line):
        """Until the last word is this one."""
        wait_until(lambda: self.told()[-1:] == [line],
                   lambda: "%s, but %s" % (line, self.told()))

    def close(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def poller(debian, tmp_path_factory):
    poller = Poller(debian, tmp_path_factory.mktemp("poller") / "told")
    yield poller
    poller.close()
