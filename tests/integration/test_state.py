"""Orders that last: over reloads, restarts, kill -9 and a full disk, until
they run out.
"""

import contextlib
import json
import os
import random
import threading
from pathlib import Path

import pytest

from haproxy import server_line
from usherd import ME
from waiting import wait_for_clock, wait_until

UP = {"status": "no check", "weight": 100, "adm": 0, "op": 2}
DRAIN = {"status": "DRAIN (agent)", "weight": 100, "adm": 8, "op": 2}
DRAINED = "up drain 100% # drain by " + ME


@pytest.fixture
def farm(peer, port, start_usherd, start_haproxy, config_for):
    """An usherd that may be started again, and the HAProxy that polls it."""
    usherd = start_usherd(config_for(
        peer, usher_agent_listen="127.0.0.1:%d" % port.number))
    haproxy = start_haproxy(server_line("puppet1", peer.address, port.number))
    usherd.wait_reply("up ready 100%")
    haproxy.wait_is("puppet1", **UP)
    return usherd, haproxy


def orders_on_disk(folder):
    """Of each server that has any, the slots: state, ceiling, hold."""
    servers = json.loads((folder / "state.json").read_text())["servers"]
    slots = {name: [slot for slot in ("state", "ceiling", "hold")
                    if slot in server] for name, server in servers.items()}
    return {name: found for name, found in slots.items() if found}


def ended_by_itself(usherd):
    return usherd.facts("order", by="usherd (it has run out)", new="none")


# --- running out ------------------------------------------------------------

def test_runs_out(farm):
    usherd, haproxy = farm
    usherd.order("drain", "--for", "6s", "-m", "short")
    haproxy.wait_is("puppet1", **DRAIN)
    haproxy.wait_is("puppet1", **UP)
    assert usherd.status()["state"] is None
    fact, = ended_by_itself(usherd)
    assert fact.get("old").startswith("drain by %s: short (until " % ME)
    wait_until(lambda: orders_on_disk(usherd.state) == {},
               "the order's end is not on disk")


def test_runs_out_while_usherd_is_off(farm):
    usherd, haproxy = farm
    usherd.order("drain", "--for", "6s")
    usherd.order("weight", "5%", "--for", "1d")
    until = usherd.status()["state"]["until"]
    haproxy.wait_is("puppet1", **{**DRAIN, "weight": 5})
    usherd.kill()
    wait_for_clock(until)
    usherd.start()
    haproxy.wait_is("puppet1", **{**UP, "weight": 5})
    assert len(ended_by_itself(usherd)) == 1
    wait_until(lambda: orders_on_disk(usherd.state)
               == {"puppet1": ["ceiling"]}, "the order's end is not on disk")


def test_an_end_is_taken_back(usherd):
    usherd.order("drain", "--for", "6s")
    until = usherd.status()["state"]["until"]
    usherd.order("drain")
    wait_for_clock(until)
    assert usherd.reply() == DRAINED
    assert not ended_by_itself(usherd)


# --- starting again ---------------------------------------------------------

@pytest.mark.parametrize("end", ["end", "kill"])
def test_survives_a_restart(farm, end):
    """And is said from the first poll on, before the first probe has ended."""
    usherd, haproxy = farm
    usherd.order("drain", "-m", 'say "ä"', "--for", "1d")
    usherd.order("weight", "5%")
    before = usherd.status()
    haproxy.wait_is("puppet1", **{**DRAIN, "weight": 5})
    getattr(usherd, end)()
    usherd.start()
    assert usherd.reply().startswith(("drain 5% # ", "up drain 5% # "))
    usherd.wait_reply("up drain 5%% # drain by %s: say .\\?\\?." % ME)
    after = usherd.status()
    assert (after["state"], after["ceiling"]) == (
        before["state"], before["ceiling"])
    haproxy.wait_is("puppet1", **{**DRAIN, "weight": 5})


def test_survives_a_reload(farm, start_peer, config_for):
    """Also when the server is replaced by one with another address."""
    usherd, haproxy = farm
    usherd.order("drain")
    usherd.order("reload")
    assert usherd.reply() == DRAINED
    config = config_for(start_peer(), usher_agent_listen="127.0.0.1:%d"
                        % usherd.agent_port)
    usherd.configure(config)
    usherd.sighup()
    usherd.wait_log(" info reload .*done")
    assert usherd.reply().endswith("drain 100% # drain by " + ME)
    usherd.wait_reply(DRAINED)
    haproxy.wait_is("puppet1", **DRAIN)
    usherd.kill()
    usherd.start()
    usherd.wait_reply(DRAINED)


def test_a_server_that_leaves_and_comes_back(start_peer, start_usherd,
                                             config_for):
    """What was ended does not return with it, and what was given stays."""
    one, two = start_peer(), start_peer()
    both, first = config_for(one, two), config_for(one)
    usherd = start_usherd(both)
    usherd.order("drain", "puppet2")
    usherd.end()
    usherd.start()
    usherd.order("auto", "puppet2")
    usherd.order("weight", "5%", "puppet2")
    usherd.configure(first)
    usherd.order("reload")
    usherd.order("weight", "7%", "puppet1")
    usherd.kill()
    usherd.start()
    usherd.configure(both)
    usherd.order("reload")
    usherd.wait_reply("up ready 5% .*", b"puppet2\n")
    usherd.kill()
    usherd.start()
    usherd.wait_reply("up ready 5% .*", b"puppet2\n")


def test_volatile(usherd):
    usherd.order("weight", "5%")
    usherd.order("drain", "--volatile")
    assert usherd.status()["state"]["durable"] is False
    assert "not on disk" in usherd.order("status")
    usherd.kill()
    usherd.start()
    usherd.wait_reply("up ready 5% .*")


class Orders:
    """Numbered orders, one after the other, and what each of them makes."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.given = 0
        self.acknowledged = self.in_flight = (None, None)

    def next(self):
        """A line; its effect is `in_flight` until it is acknowledged."""
        self.given += 1
        state, percent = self.acknowledged
        kind = self.random.choice(["drain", "maint", "weight", "auto"])
        if kind == "weight":
            percent = self.given % 100
            line = b"weight %d%%\n" % percent
        elif kind == "auto":
            state = percent = None
            line = b"auto\n"
        else:
            state = (kind, str(self.given))
            line = b"%s -m %d\n" % (kind.encode(), self.given)
        self.in_flight = (state, percent)
        return line


def found(usherd):
    """What is in force, as Orders has it."""
    status = usherd.status()
    state, ceiling = status["state"], status["ceiling"]
    return (state and (state["order"], state["reason"]),
            ceiling and ceiling["percent"])


def test_kill_at_any_moment(peer, start_usherd, config_for):
    """200 orders, and some 20 times kill -9 in the midst of them: what is in
    force afterwards is the last one acknowledged, or the one in flight.
    """
    usherd = start_usherd(config_for(peer))
    orders = Orders(3)
    while orders.given < 200:
        usherd.wait_open()
        killer = threading.Timer(orders.random.uniform(0, 0.02),
                                 usherd.process.kill)
        killer.start()
        with contextlib.suppress(OSError):
            for _ in range(200):
                said = usherd.say(orders.next())
                if not said.startswith(b"ok\n"):
                    assert said == b"", said
                    break
                orders.acknowledged = orders.in_flight
        killer.join()
        usherd.kill()
        usherd.start()
        assert found(usherd) in (orders.acknowledged, orders.in_flight)
        assert usherd.ctl("status").err == "" and not usherd.facts("state")
        orders.acknowledged = found(usherd)


# --- a disk that can't be written -------------------------------------------

MOUNT = ["sh", "-c", """\
mkdir -p "$0" && mount -t tmpfs -o size=16k tmpfs "$0" || exit 70
exec "$@"
"""]


READ_ONLY = ["sh", "-c", """\
mkdir -p "$0" && mount -t tmpfs -o ro tmpfs "$0" || exit 70
exec "$@"
"""]


def fill(folder):
    """A file that leaves no room."""
    path = folder / "filler"
    with open(path, "wb", buffering=0) as file, \
            contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    return path


def check_refused(usherd, reply):
    said = usherd.ctl("maint", "-m", "not now")
    assert (said.code, said.out) == (5, ""), said
    assert "can't be written to disk" in said.err and "--volatile" in said.err
    assert usherd.reply() == reply
    usherd.wait_log(" error state .*can't be written")


def test_read_only_folder(peer, start_usherd, config_for, tmp_path):
    folder = tmp_path / "readonly"
    root = [] if os.geteuid() == 0 else ["-r"]
    usherd = start_usherd(
        config_for(peer, usher_state_dir=folder),
        wrap=["unshare", *root, "-m", *READ_ONLY, str(folder)])
    usherd.wait_reply("up ready 100%")
    check_refused(usherd, "up ready 100%")
    usherd.order("drain", "--volatile")
    assert usherd.reply() == DRAINED


def test_full_disk(peer, start_usherd, config_for, tmp_path):
    """usherd alone sees it: it has a mount namespace of its own."""
    folder = tmp_path / "small"
    root = [] if os.geteuid() == 0 else ["-r"]
    usherd = start_usherd(
        config_for(peer, usher_state_dir=folder),
        wrap=["unshare", *root, "-m", *MOUNT, str(folder)])
    usherd.wait_reply("up ready 100%")
    usherd.order("drain")
    inside = Path("/proc/%d/root" % usherd.process.pid, *folder.parts[1:])
    filler = fill(inside)
    kept = (inside / "state.json").read_text()
    for _ in range(3):
        check_refused(usherd, DRAINED)
    assert (inside / "state.json").read_text() == kept
    usherd.order("weight", "5%", "--volatile")
    assert usherd.reply().startswith("up drain 5% ")
    filler.unlink()
    usherd.order("maint")
    assert usherd.reply() == "up maint 5% # maint by " + ME
    assert orders_on_disk(inside) == {"puppet1": ["state"]}
    assert not (inside / "state.json.new").exists()


def test_a_file_where_the_folder_should_be(usherd):
    usherd.end()
    (usherd.state / "state.json").unlink(missing_ok=True)
    usherd.state.rmdir()
    usherd.state.write_text("in the way")
    usherd.start()
    usherd.wait_reply("up ready 100%")
    check_refused(usherd, "up ready 100%")
    usherd.order("drain", "--volatile")
    assert usherd.reply() == DRAINED
    usherd.state.unlink()
    usherd.state.mkdir()
    usherd.order("auto")
    assert orders_on_disk(usherd.state) == {}


def test_orders_while_the_disk_fails(usherd):
    """Each of many at once is told, in its turn."""
    usherd.order("drain")
    usherd.state.rename(usherd.own / "away")
    usherd.state.write_text("in the way")
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(usherd.connect_control())
                 for _ in range(50)]
        for sock in socks:
            sock.sendall(b"maint\n")
        for sock in socks:
            assert sock.recv(4096).startswith(b"error 5 ")
    assert usherd.reply() == DRAINED


# --- a damaged file ---------------------------------------------------------

DAMAGE = [
    b"", b"{", b"\0" * 4096, b"\xff\xfe", b"[]",
    b'{"version": 2, "servers": {}}',
    b'{"version": 1, "servers": {"puppet1": {"state": {}}}}',
    b'{"version": 1, "servers": {"puppet1": {"state": {"kind": "weight", '
    b'"who": "a", "why": "", "since": 1, "until": 0, "percent": 1}}}}',
    b"[" * 100000,
]


@pytest.mark.parametrize("text", DAMAGE, ids=[
    "empty", "cut", "zeros", "bytes", "list", "version", "order", "slot",
    "deep"])
def test_damaged_file(usherd, text):
    """Kept aside, said loudly, and no reason not to start."""
    usherd.order("drain")
    usherd.end()
    (usherd.state / "state.json").write_bytes(text)
    usherd.start()
    usherd.wait_reply("up ready 100%")
    assert (usherd.state / "state.json.bad").read_bytes() == text
    usherd.wait_log(r" error state .*state\.json was damaged .*\.bad")
    assert usherd.order("status").startswith("warning: ")
    problem = json.loads(usherd.order("status", "-j"))["problem"]
    assert "state.json.bad" in problem and problem.isprintable()
    usherd.order("drain")
    usherd.kill()
    usherd.start()
    usherd.wait_reply(DRAINED)
    assert json.loads(usherd.order("status", "-j"))["problem"] == ""


@pytest.mark.parametrize("keep", range(0, 230, 23))
def test_cut_file(usherd, keep):
    """As much of it as a disk may have kept: all or nothing."""
    usherd.order("drain", "-m", "reason")
    usherd.end()
    path = usherd.state / "state.json"
    whole = path.read_bytes()
    path.write_bytes(whole[:keep])
    usherd.start()
    usherd.wait_reply("up ready 100%|" + DRAINED + ": reason")
    assert path.with_suffix(".json.bad").exists() or keep >= len(whole)


def test_left_over_of_a_write(usherd):
    usherd.order("drain")
    usherd.kill()
    (usherd.state / "state.json.new").write_text("half of i")
    usherd.start()
    usherd.wait_reply(DRAINED)
    usherd.order("auto")
    wait_until(lambda: not (usherd.state / "state.json.new").exists(),
               "it is there yet")


def test_modes(usherd):
    """Reasons are nobody else's business."""
    usherd.order("drain")
    assert usherd.state.stat().st_mode & 0o777 == 0o700
    assert (usherd.state / "state.json").stat().st_mode & 0o777 == 0o600
    assert usherd.socket.stat().st_mode & 0o777 == 0o666
