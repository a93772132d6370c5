"""The packages that `make deb` and `make rpm` have built."""

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
