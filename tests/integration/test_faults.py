"""The kernel refuses what usherd needs: descriptors, ports, its disk, a
balancer's connection.  Polls are answered rightly or not at all, and all is as
it was before once it is over.
"""

import contextlib
import os
import re
import resource
import time
from pathlib import Path

import pytest

from faults import UNIX_PORT, Faults
from ports import HOST, ReservedPort
from usherd import ME, read_all, refused
from waiting import wait_until

UP, DRAINED = "up ready 100%", "up drain 100% # drain by " + ME
MANY = 40
BUSY = 0.25  # of a processor, that who spins is above
MEASURED_S = 1


@pytest.fixture
def faults(tmp_path):
    return Faults(tmp_path)


@pytest.fixture
def usherd(start_peer, start_usherd, config_for, faults):
    """Two servers on one port, which waits for a name; one is drained."""
    usherd = start_usherd(
        config_for(start_peer(), start_peer(), usher_http_listen=HOST + ":0"),
        wrap=faults.wrap)
    usherd.order("drain", "puppet2")
    in_service(usherd)
    return usherd


def in_service(usherd):
    usherd.wait_reply(UP, b"puppet1\n")
    usherd.wait_reply(DRAINED, b"puppet2\n")


def cpu_s(usherd):
    """Processor time that it has used."""
    text = Path("/proc/%d/stat" % usherd.process.pid).read_text()
    ticks = text.rpartition(")")[2].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def as_before(usherd):
    """Afterwards the servers are what they were, and nothing is left."""
    before = usherd.fds()
    yield
    in_service(usherd)
    wait_until(lambda: usherd.fds() <= before,
               lambda: "%d descriptors, were %d" % (usherd.fds(), before))
    usherd.order("weight", "7%", "puppet1")
    assert usherd.reply(b"puppet1\n").startswith("up ready 7% ")
    usherd.order("auto", "--weight", "puppet1")
    assert "fail" not in {f.get("is") for f in usherd.facts("verdict")}


# --- out of descriptors -----------------------------------------------------

@contextlib.contextmanager
def descriptors(usherd, count):
    """That it may have; those that it has, it keeps."""
    pid, what = usherd.process.pid, resource.RLIMIT_NOFILE
    limits = resource.prlimit(pid, what)
    resource.prlimit(pid, what, (count, limits[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, what, limits)


@contextlib.contextmanager
def full_table(faults):
    faults.set(accept="ENFILE", socket="ENFILE")
    yield
    faults.set(accept=0, socket=0)


def highest(usherd):
    return max(map(int, os.listdir("/proc/%d/fd" % usherd.process.pid)))


OUT = {
    "EMFILE": lambda usherd, faults: descriptors(usherd, highest(usherd) + 1),
    "EMFILE, and what is open is above": lambda usherd, faults: descriptors(
        usherd, 3),
    "ENFILE": lambda usherd, faults: full_table(faults),
}


@pytest.mark.parametrize("out", OUT.values(), ids=OUT)
def test_out_of_descriptors(usherd, faults, out, figure):
    """Who polls waits; the loop does too.  Then all are answered."""
    port = usherd.agent_port
    with as_before(usherd), contextlib.ExitStack() as stack:
        with out(usherd, faults):
            polls = [stack.enter_context(usherd.connect(port))
                     for _ in range(MANY)]
            for n, poll in enumerate(polls):
                poll.sendall(b"puppet%d\n" % (1 + n % 2))
            used, began = cpu_s(usherd), time.monotonic()
            wait_until(lambda: time.monotonic() > began + MEASURED_S, "")
            share = (cpu_s(usherd) - used) / (time.monotonic() - began)
            assert usherd.alive(), usherd.log()
        said = [read_all(poll).decode() for poll in polls]
    usherd.wait_fact("accept", level="warn")
    figure("%d polls waited, %.1f %% of a processor; %d answered"
           % (MANY, 100 * share, sum(map(bool, said))))
    assert share < BUSY
    assert said == [UP + "\n", DRAINED + "\n"] * (MANY // 2), usherd.log()


def test_ends_without_descriptors(usherd, faults):
    """SIGTERM is heeded, and the drain is there afterwards."""
    with full_table(faults), usherd.connect():
        faults.wait_met("accept")
        usherd.end()
    usherd.start()
    in_service(usherd)


# --- connections ------------------------------------------------------------

def everything(usherd):
    """What is said at every port, but for what changes by itself."""
    with usherd.connect(usherd.ports("http")[0]) as sock:
        sock.sendall(b"GET /server/puppet2 HTTP/1.0\r\n\r\n")
        page = read_all(sock).partition(b"\r\n\r\n")[2]
    return [usherd.poll(b"puppet1\n"), usherd.poll(b"puppet2\n"), page,
            usherd.say(b"help\n")]


def test_one_byte_at_a_time(usherd, faults):
    """Replies, pages, the control socket: what is said is the same."""
    whole = everything(usherd)
    for port in (usherd.agent_port, usherd.ports("http")[0], UNIX_PORT):
        with as_before(usherd):
            faults.set(port=port, send_most=1)
            met = faults.met("send_most") + len(UP)
            assert everything(usherd) == whole
            assert faults.met("send_most") > met
            faults.set(port=0, send_most=0)


def test_probes_one_byte_at_a_time(start_peer, start_usherd, config_for,
                                   faults):
    peer = start_peer()
    faults.set(port=peer.port, send_most=1)
    usherd = start_usherd(config_for(peer), wrap=faults.wrap)
    usherd.wait_reply(UP)
    assert faults.met("send_most") > 100
    assert not usherd.facts("probe", level="warn"), usherd.log()


@pytest.mark.parametrize("error", ["EPIPE", "ECONNRESET"])
def test_sending_fails(usherd, faults, error):
    """A reply is lost, and no other one; so is an answer to an order, which
    is in force all the same.
    """
    with as_before(usherd):
        faults.set(port=usherd.agent_port, send=error)
        assert usherd.poll(b"puppet1\n") == b""
        assert usherd.poll(b"puppet2\n") == b""
        faults.set(port=UNIX_PORT)
        assert usherd.say(b"status\n") == b""
        assert usherd.say(b"maint puppet2\n") == b""
        assert usherd.reply(b"puppet2\n") == "up maint 100% # maint by " + ME
        faults.set(port=0, send=0)
        usherd.order("drain", "puppet2")


@pytest.mark.parametrize("error", ["EPIPE", "ECONNRESET"])
def test_a_probe_cannot_send(start_peer, start_usherd, config_for, faults,
                             error):
    """That of one server; the other is probed, and both are in the end."""
    good, cut = start_peer(), start_peer()
    usherd = start_usherd(config_for(good, cut), wrap=faults.wrap)
    for name in (b"puppet1\n", b"puppet2\n"):
        usherd.wait_reply(UP, name)
    faults.set(port=cut.port, send=error)
    usherd.wait_fact("probe", server="puppet2", word="reset")
    good.wait_more(5)
    assert usherd.reply(b"puppet1\n") == UP
    faults.set(port=0, send=0)
    usherd.wait_reply(UP, b"puppet2\n")
    assert not [f for f in usherd.facts("verdict", server="puppet1")
                if f.get("is") != "up"], usherd.log()


# --- the state folder -------------------------------------------------------

DISK = {
    "write EIO": {"write": "EIO"},
    "write ENOSPC": {"write": "ENOSPC"},
    "fsync EIO": {"fsync": "EIO"},
    "fsync of the folder EIO": {"fsync_folder": "EIO"},
    "rename EIO": {"rename": "EIO"},
}


@pytest.mark.parametrize("fault", DISK.values(), ids=DISK)
def test_disk(usherd, faults, fault):
    """Refused, and nothing has changed, until the disk can be written; then
    it says what is in force, though the last write may have come through.
    """
    with as_before(usherd):
        faults.set(**fault)
        for order in ("maint", "auto"):
            refused(usherd.ctl(order, "puppet2"), "can't be written to disk")
            in_service(usherd)
        refused(usherd.ctl("weight", "5%", "puppet1"),
                "can't be written to disk")
        usherd.wait_log(" error state .*can't be written")
        assert "can't be written" in usherd.order("status")
        faults.set(**dict.fromkeys(fault, 0))
        if "fsync_folder" in fault:
            wait_until(lambda: "can't be" not in usherd.order("status"),
                       "not written again", every=0.1)
        else:
            usherd.order("auto", "--weight", "puppet1")
        usherd.kill()
        usherd.start()
        in_service(usherd)


def test_writing_byte_by_byte(usherd, faults):
    with as_before(usherd):
        faults.set(write_most=1)
        usherd.order("maint", "puppet2", "-m", "slowly")
        assert faults.met("write_most") > 100
        usherd.kill()
        usherd.start()
        usherd.wait_reply("up maint 100%% # maint by %s: slowly" % ME,
                          b"puppet2\n")
        faults.set(write_most=0)
        usherd.order("drain", "puppet2")


# --- ports ------------------------------------------------------------------

def test_bind_in_use(peer, start_usherd, config_for, port, cleanup):
    """At a start it ends and says why; at a reload all stays as it was."""
    other = ReservedPort()
    cleanup.callback(other.close)
    cleanup.callback(other.listener().close)
    taken = "127.0.0.1:%d" % other.number
    config = config_for(peer, usher_agent_listen="127.0.0.1:%d" % port.number)
    usherd = start_usherd(config)
    usherd.order("drain")
    usherd.wait_reply(DRAINED)
    fds = usherd.fds()
    for option in ("agent-listen", "http-listen"):
        config["usher"][option], was = taken, config["usher"].get(option)
        usherd.configure(config)
        for _ in range(5):
            said = usherd.ctl("reload")
            assert said.code != 0 and "stays in use" in said.err, said
        assert usherd.reply() == DRAINED
        wait_until(lambda: usherd.fds() <= fds, "descriptors are left")
        config["usher"][option] = was
    usherd.end()
    config["usher"]["agent-listen"] = taken
    usherd.configure(config)
    usherd.start()
    assert usherd.finish() == 1
    assert re.search(" error listen agent=%s .*in use" % taken, usherd.log())
    config["usher"]["agent-listen"] = "127.0.0.1:%d" % port.number
    usherd.configure(config)
    usherd.start()
    usherd.wait_reply(DRAINED)
