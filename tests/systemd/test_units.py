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


def test_exposure(installed):
    """Of the one that faces the network."""
    said = run("systemd-analyze", "security", "--offline=true", "--no-pager",
               installed / "usherd.service")
    figure = float(re.search(r"exposure level for \S+: ([\d.]+)",
                             said).group(1))
    print("\nexposure of usherd.service: %.1f of 10, lower is better" % figure)
    assert figure <= 2.0, said
