"""Planned work on a machine, given while its Puppet Server has work to do."""

import json
import re

from waiting import wait_until

HOLD, HOLD_RELOAD = "usher-hold", "usher-hold-reload"


def status(machine):
    said = json.loads(machine.usherctl("status", "-j"))
    return said["servers"][0]


def in_service(machine):
    """HAProxy has been told so, last."""
    told = [e for e in machine.since(0) if e.startswith("told ")]
    server = status(machine)
    return (server["verdict"] == "up" and not server["hold"]
            and re.fullmatch("told up (ready )?100%", told[-1]))


def settle(machine):
    machine.borrow(0)
    wait_until(lambda: in_service(machine), machine.show, every=0.3)


class Busy:
    """A systemctl command, given while two JRubies are at work."""

    def __init__(self, machine, *words):
        machine.borrow(2)
        self.machine = machine
        self.journal = len(machine.journal())
        self.mark = machine.mark()
        self.child = machine.start("systemctl", *words)

    def wait_told(self):
        self.machine.wait_event("told up drain", self.mark)

    def wait_said(self, unit, text):
        wait_until(lambda: text in self.said(unit), self.machine.show,
                   every=0.3)

    def said(self, unit):
        return "\n".join(self.machine.said(unit, self.journal))

    def done(self):
        out, _ = self.child.communicate(timeout=200)
        assert self.child.returncode == 0, out + self.machine.show()

    def events(self):
        return self.machine.since(self.mark)


def let_finish(busy, unit, number):
    """It's told, seen to be busy, and not signalled before it is idle."""
    busy.wait_told()
    busy.wait_said(unit, "2 requests running")
    busy.machine.borrow(0)
    busy.machine.wait_event(number, busy.mark)
    signalled = [e for e in busy.events() if e.startswith("SIG")]
    assert signalled == ["%s borrowed 0" % number], busy.events()


def cut_off(busy, why):
    """It didn't wait for the work's end, and HOLD says why."""
    busy.done()
    signalled = [e for e in busy.events() if e.startswith("SIG")]
    assert signalled == ["SIGTERM borrowed 2"], busy.events()
    assert re.search("usherctl: " + why, busy.said(HOLD)), busy.said(HOLD)
    assert busy.machine.property(HOLD, "Result") == "success"
