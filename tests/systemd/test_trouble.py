"""What goes wrong beside the units: Puppet Server is stopped all the same.

One machine, with a Puppet Server whose unit is shaped like Debian's; each test
begins and ends with everything in service.
"""

import re
import signal

import pytest
from conftest import SHAPES
from machine import SSL
from pki import NAME
from planned import HOLD, Busy, cut_off, let_finish, status

pytestmark = [
    pytest.mark.usefixtures("settled"),
    pytest.mark.parametrize("machine", SHAPES[:1], indirect=True,
                            ids=["puppetserver"])]
CONFIG = "etc/usher/usher.conf"


def test_sight(machine):
    """The CA and CRL files are read; keys and the CA's folder are not seen."""
    pid = str(machine.pid("usherd"))
    for hidden, path in ((0, "/%s/certs/ca.pem" % SSL),
                         (0, "/%s/crl.pem" % SSL),
                         (1, "/%s/private_keys/%s.pem" % (SSL, NAME)),
                         (1, "/%s/ca/ca_key.pem" % SSL),
                         (1, "/etc/puppet/puppetserver/ca/ca_key.pem")):
        machine.run("test", "-e", path)
        machine.run("nsenter", "-t", pid, "-m", "test", "-e", path, ok=hidden)
    facts = machine.run("cat", "/proc/%s/status" % pid)
    for line in ("CapEff:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"):
        assert line in facts, facts


def test_sight_of_a_hold(machine):
    """The control socket, and nothing of Puppet's."""
    busy = Busy(machine, "restart", machine.name)
    busy.wait_told()
    pid = machine.property(HOLD, "ControlPID")
    for hidden, path in ((0, "/run/usher/control.sock"),
                         (1, "/%s/certs/ca.pem" % SSL),
                         (1, "/etc/puppet/puppet.conf")):
        machine.run("test", "-e", path)
        machine.run("nsenter", "-t", pid, "-m", "test", "-e", path, ok=hidden)
    facts = machine.run("cat", "/proc/%s/status" % pid)
    for line in ("CapEff:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"):
        assert line in facts, facts
    let_finish(busy, HOLD, "SIGTERM")
    busy.done()


def test_not_by_itself(machine):
    """A hold that nothing would end."""
    said = machine.ctl("restart", HOLD, ok=4)
    assert "requested by dependency only" in said, said
    machine.ctl("restart", "usherd")
    assert not status(machine)["hold"]


def test_without_usherd(machine):
    machine.ctl("stop", "usherd")
    cut_off(Busy(machine, "restart", machine.name), ".*is usherd running")
    assert machine.property("usherd", "ActiveState") == "inactive"


def test_usherd_crashes_meanwhile(machine):
    """systemd starts none while a unit that comes after it is stopped."""
    busy = Busy(machine, "restart", machine.name)
    busy.wait_told()
    machine.kill("usherd", signal.SIGKILL)
    cut_off(busy, "usherd has gone; what was ordered stays in force")
    machine.wait_state("usherd", "active")


def test_never_idle(machine):
    unit = (machine.root / "etc/systemd/system/usher-hold.service").read_text()
    command = re.search("^ExecStop=.*", unit, re.M).group()
    machine.drop_in(HOLD + ".service", "[Service]\nExecStop=\n%s\n"
                    % command.replace("--timeout 2m", "--timeout 8s"))
    cut_off(Busy(machine, "restart", machine.name), ".*2 requests running")
    machine.drop_in(HOLD + ".service", "")


def test_taken_back(machine):
    """An operator who will not wait ends the hold."""
    busy = Busy(machine, "restart", machine.name)
    busy.wait_told()
    machine.usherctl("auto", "--hold")
    cut_off(busy, ".*no order keeps it out of service any more")


def test_usherd_hangs(machine):
    """The watchdog ends it, and with it what waits for it."""
    before = int(machine.property("usherd", "NRestarts"))
    machine.kill("usherd", signal.SIGSTOP)
    cut_off(Busy(machine, "restart", machine.name), "usherd closed without")
    machine.wait_state("usherd", "active")
    assert int(machine.property("usherd", "NRestarts")) == before + 1


def test_puppet_server_crashes(machine):
    """systemd starts it again, whatever the hold does meanwhile."""
    mark = machine.mark()
    machine.kill(machine.name, signal.SIGKILL)
    machine.wait_event("serves", mark)
    machine.wait_state(machine.name, "active")
    machine.wait_state(HOLD, "active")


def test_reload_of_usherd(machine):
    config = machine.root / CONFIG
    config.parent.mkdir(exist_ok=True)
    config.write_text("[usher]\nno-such = 1\n")
    machine.ctl("reload", "usherd", ok=1)
    assert "no-such" in "\n".join(machine.said("usherd"))
    assert "the last reload failed" in machine.property("usherd", "StatusText")
    config.unlink()
    machine.ctl("reload", "usherd")
    assert "failed" not in machine.property("usherd", "StatusText")
    assert machine.property("usherd", "SubState") == "running"
