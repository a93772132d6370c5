"""A machine for each shape of Puppet Server's unit."""

import sys
from pathlib import Path

import pytest

# peer.py, usherd.py and what they need.
sys.path.append(str(Path(__file__).resolve().parent.parent / "integration"))

from machine import Machine  # noqa: E402
from nspawn import require  # noqa: E402
from planned import settle  # noqa: E402

SHAPES = [("debian.service", "puppetserver"),
          ("upstream.service", "pe-puppetserver")]


@pytest.fixture(scope="module")
def machine(request, tmp_path_factory):
    """Up, with an HAProxy that polls."""
    require()
    machine = Machine(tmp_path_factory.mktemp("machine"), *request.param)
    try:
        machine.wait_up()
        machine.wait_event("told up", 0)
        yield machine
    finally:
        machine.close()


@pytest.fixture
def settled(machine):
    """Before and after a test everything is in service."""
    settle(machine)
    yield
    if machine.nspawn.poll() is None:
        machine.ctl("start", "usherd", machine.name)
        settle(machine)
