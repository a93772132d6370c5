"""The unit files as `make install` puts them in place; nothing is started."""

import os
import re
import subprocess

import pytest
from machine import make_install
from nspawn import run

UNITS = ("usherd.service", "usher-hold.service", "usher-hold-reload.service",
         "usher-hide.path", "usher-hide.service")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The folder of the units; the programs that they name are there."""
    prefix = tmp_path_factory.mktemp("prefix")
    make_install("DESTDIR=", "PREFIX=%s" % prefix)
    return prefix / "lib/systemd/system"


def test_all_are_installed(installed):
    assert {f.name for f in installed.iterdir()} == set(UNITS)
    for unit in UNITS:
        text = (installed / unit).read_text()
        for program in re.findall(r"^Exec\w+=-?(\S*usher\S*)", text, re.M):
            assert os.access(program, os.X_OK), program


def test_systemd_has_nothing_to_say(installed):
    """Of ours; the units of this host that they pull in are not ours."""
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no",
         *(str(installed / unit) for unit in UNITS)],
        text=True, capture_output=True, timeout=60)
    said = done.stdout + done.stderr
    assert "usher" not in said, said


@pytest.mark.parametrize("unit, most", [
    ("usherd", 2.0), ("usher-hold", 2.0), ("usher-hold-reload", 2.0)])
def test_exposure(installed, unit, most):
    """Of those that run as the user usher."""
    said = run("systemd-analyze", "security", "--offline=true", "--no-pager",
               installed / (unit + ".service"))
    figure = float(re.search(r"exposure level for \S+: ([\d.]+)",
                             said).group(1))
    print("\nexposure of %s.service: %.1f of 10, lower is better"
          % (unit, figure))
    assert figure <= most, said


def test_uninstall(tmp_path):
    """What is not of `make install` stays, in the same folders too."""
    theirs = {tmp_path / path for path in (
        "etc/usher/usher.conf", "usr/sbin/other", "usr/share/man/man8/other.8",
        "usr/lib/systemd/system/usherd.service.d/mine.conf",
        "usr/lib/sysusers.d/other.conf")}
    for path in theirs:
        path.parent.mkdir(parents=True)
        path.write_text("mine\n")
    where = "DESTDIR=%s" % tmp_path, "PREFIX=/usr"
    make_install(*where)
    assert len(files(tmp_path)) > len(theirs) + 10
    make_install(*where, target="uninstall")
    assert files(tmp_path) == theirs


def files(folder):
    return {path for path in folder.rglob("*") if not path.is_dir()}
