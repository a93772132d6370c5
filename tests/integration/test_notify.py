"""What usherd tells the service manager, over a real datagram socket."""

import re
import socket

import pytest
from waiting import DEADLINE

WATCHDOG_USEC = 400000
PATIENT_USEC = 3600 * 10 ** 6  # it feeds none: 10 unread messages are a lot


class Manager:
    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(str(path))
        self.sock.settimeout(DEADLINE)

    def next(self):
        return self.sock.recv(4096).decode()

    def wait(self, regex):
        """The next one that is not the watchdog's food must match."""
        while True:
            message = self.next()
            if message != "WATCHDOG=1":
                break
        found = re.fullmatch(regex, message)
        assert found, "%s, but %r" % (regex, message)
        return found


@pytest.fixture
def manager(tmp_path, cleanup):
    manager = Manager(tmp_path / "notify")
    cleanup.callback(manager.sock.close)
    return manager


@pytest.fixture
def watched(manager, tmp_path, peer, start_usherd, config_for):
    def start(usec):
        return start_usherd(config_for(peer), wrap=(
            "env", "NOTIFY_SOCKET=%s" % (tmp_path / "notify"),
            "WATCHDOG_USEC=%d" % usec))
    return start


@pytest.fixture
def usherd(watched):
    return watched(PATIENT_USEC)


def test_from_the_start_to_the_end(usherd, manager):
    manager.wait(r"READY=1\nSTATUS=1 server, see usherctl status")
    # In service: whoever was told so may ask at once.
    assert usherd.poll()
    assert usherd.ctl("version").code == 0
    usherd.end()
    manager.wait(r"STOPPING=1\nSTATUS=ending")
    usherd.start()
    manager.wait(r"READY=1\nSTATUS=1 server, see usherctl status")


def test_reload(usherd, manager):
    manager.wait(r"READY=1\n.*")
    usherd.sighup()
    manager.wait(r"RELOADING=1\nMONOTONIC_USEC=\d+\nSTATUS=reloading")
    manager.wait(r"READY=1\nSTATUS=1 server, see usherctl status")
    usherd.configure("[usher]\nno-such = 1\n")
    usherd.sighup()
    manager.wait(r"RELOADING=1\n(?s:.*)")
    manager.wait(r"READY=1\nSTATUS=1 server, see usherctl status; "
                 "the last reload failed")


def test_watchdog(watched, manager):
    watched(WATCHDOG_USEC)
    manager.wait(r"READY=1\n.*")
    for _ in range(3):
        assert manager.next() == "WATCHDOG=1"


def test_nobody_asks(tmp_path, peer, start_usherd, config_for):
    usherd = start_usherd(config_for(peer), wrap=("env", "-u", "NOTIFY_SOCKET"))
    usherd.wait_reply("up ready 100%")
    assert not usherd.facts("notify")
