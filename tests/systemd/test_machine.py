"""The units at work under systemd, beside a stand-in for Puppet Server whose
unit is shaped like Debian's, or like upstream's.

One machine goes through all of this, from its boot to its shutdown; each test
begins and ends with everything in service.
"""

import pytest
from conftest import SHAPES
from planned import HOLD, HOLD_RELOAD, Busy, let_finish, status

pytestmark = [
    pytest.mark.usefixtures("settled"),
    pytest.mark.parametrize("machine", SHAPES, indirect=True,
                            ids=lambda shape: shape[1])]


def test_boot(machine):
    """usherd is up first, and all is without an error."""
    journal = [e.get("UNIT") for e in machine.journal()
               if e.get("JOB_TYPE") == "start" and "JOB_RESULT" in e]
    ours = [u for u in journal if "usher" in u or "puppet" in u]
    name = machine.name + ".service"
    assert ours.index("usherd.service") < ours.index(name), journal
    assert ours.index(name) < ours.index(HOLD + ".service"), journal
    for unit in ("usherd", HOLD, HOLD_RELOAD, machine.name):
        assert machine.property(unit, "ActiveState") == "active"
    assert "1 server" in machine.property("usherd", "StatusText")


def test_restart(machine):
    busy = Busy(machine, "restart", machine.name)
    let_finish(busy, HOLD, "SIGTERM")
    busy.done()


def test_reload(machine):
    busy = Busy(machine, "reload", machine.name)
    let_finish(busy, HOLD_RELOAD, "SIGHUP")
    busy.done()


def test_upgrade(machine):
    """What a Debian package's maintainer script does."""
    busy = Busy(machine, "--no-block", "try-restart", machine.name)
    busy.done()
    let_finish(busy, HOLD, "SIGTERM")
    machine.wait_state(HOLD, "active")


def test_stop(machine):
    """And it comes back with a start; the hold waits for that."""
    busy = Busy(machine, "stop", machine.name)
    let_finish(busy, HOLD, "SIGTERM")
    busy.done()
    assert machine.property(HOLD, "ActiveState") == "inactive"
    assert machine.property("usherd", "ActiveState") == "active"
    assert status(machine)["hold"]
    machine.ctl("start", machine.name)
    machine.wait_state(HOLD, "active")
    machine.wait_state(HOLD_RELOAD, "active")


def test_shutdown(machine):
    """Also drains first; usherd goes last."""
    busy = Busy(machine, "poweroff")
    busy.wait_told()
    busy.wait_said(HOLD, "2 requests running")
    machine.borrow(0)
    machine.wait_down()
    signalled = [e for e in busy.events() if e.startswith("SIG")]
    assert signalled == ["SIGTERM borrowed 0"], busy.events()
    ended = machine.ended()[-60:]
    order = [ended.index(unit + ".service")
             for unit in (HOLD, machine.name, "usherd")]
    assert order == sorted(order), ended
