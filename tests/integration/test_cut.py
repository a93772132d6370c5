"""usherctl, where the answer is cut, stops in the middle, or comes too late:
usherd is played.
"""

import fcntl
import os
import re
import select
import signal
import socket
import struct
import termios
import time
from pathlib import Path

import pytest

from follower import following
from played import Played
from usherd import refused
from waiting import DEADLINE, wait_until

CUT = "usherctl: usherd's answer is cut off\n"
SILENT = "usherctl: usherd does not answer\n"
COMES_BACK = "usherctl: usherd has gone; waiting for it to come back\n"
STATUS = """{
 "version": 1,
 "servers": [
  {
   "name": "puppet1",
   "in_service": true,
   "reason": "} ] \\\\\\" {"
  }
 ]
}
"""
LOG = '[\n{"text":"one"}\n,{"text":"two"}\n]\n'


@pytest.fixture
def full(cleanup):
    """Its queue is full, so who connects has to wait."""
    usherd = Played(backlog=0)
    cleanup.callback(usherd.close)
    first = cleanup.enter_context(socket.socket(socket.AF_UNIX))
    first.connect(str(usherd.socket))
    return usherd


def answered(played, answer, *words):
    """How usherctl ends where this is all that it is answered."""
    with following(played, *words) as caller:
        conn, _ = played.accept()
        with conn:
            conn.sendall(answer.encode())
        return caller.finish()


# --- cut --------------------------------------------------------------------

@pytest.mark.parametrize("words, body", [
    (["status", "-q"], STATUS), (["status", "-j"], STATUS),
    (["log", "-j"], LOG), (["log"], "one\n"),
    (["monitor", "-j"], '{"text":"one"}\n{"text":"two"}\n'),
    (["monitor", "-j"], ""),
], ids=["judged", "status", "list", "text", "monitor", "nothing-yet"])
def test_whole(played, words, body):
    said = answered(played, "ok\n" + body, *words)
    assert (said.code, said.err) == (0, "")
    assert said.out == ("" if "-q" in words else body.rstrip("\n"))


@pytest.mark.parametrize("words", [["status", "-q"], ["status", "-j"]],
                         ids=" ".join)
def test_cut_anywhere(played, words):
    """The first server's line is no word on the others."""
    for end in range(len(STATUS)):
        said = answered(played, "ok\n" + STATUS[:end], *words)
        assert (said.code, said.err) == (4, CUT), STATUS[:end]


@pytest.mark.parametrize("words, body", [
    (["log", "-j"], LOG[:-len("}\n]\n")]), (["log", "-j"], LOG[:-len("]\n")]),
    (["drain", "-j"], ""), (["status"], "one\ntw"), (["monitor"], "on"),
    (["monitor", "-j"], '{"text":"o')],
    ids=["entry", "list", "nothing", "text", "monitor", "monitor-j"])
def test_cut(played, words, body):
    said = answered(played, "ok\n" + body, *words)
    assert (said.code, said.err) == (4, CUT)


def test_cut_by_a_reset(played):
    """Which is what the end is where usherd has not read all."""
    with following(played, "status") as caller:
        conn, _ = played.listener.accept()
        with conn:
            assert select.select([conn], [], [], DEADLINE)[0]
            conn.sendall(b"ok\none\n")
        assert caller.finish() == (4, "one", CUT)


@pytest.mark.parametrize("words", [["status"], ["drain", "--wait"]],
                         ids=" ".join)
@pytest.mark.parametrize("answer", ["", "o", "ok", "error 1 wh"])
def test_cut_in_the_first_line(played, words, answer):
    said = answered(played, answer, *words)
    refused(said, "usherd closed without an answer", 4)


# --- stopped, and gone on with ----------------------------------------------

def state(pid):
    """"S" sleeps, "T" is stopped."""
    stat = Path("/proc/%d/stat" % pid).read_text()
    return stat.rpartition(")")[2].split()[0]


def unread(conn):
    """Bytes that the other side has not read yet."""
    got = fcntl.ioctl(conn, termios.TIOCOUTQ, b"\0" * 4)
    return struct.unpack("i", got)[0]


def stop_and_go_on(caller, conn):
    """Ctrl-Z and `fg`, while it waits for more."""
    wait_until(lambda: unread(conn) == 0, "not read")
    stop_asleep(caller.process.pid)


def stop_asleep(pid):
    wait_until(lambda: state(pid) == "S", "not asleep")
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: state(pid) == "T", "not stopped")
    os.kill(pid, signal.SIGCONT)
    wait_until(lambda: state(pid) != "T", "not going on")


@pytest.mark.parametrize("words, parts, out", [
    (["drain"], ["", "o", "k\n", "on", "e\n"], "one"),
    (["status", "-j"], ["", "ok\n", "{", "}\n"], "{}"),
    (["status", "-q"], ["", "ok\n", STATUS[:60], STATUS[60:]], ""),
    (["drain", "--wait"], ["", "o", "k\n", "on", "e\ndo", "ne\n"], "one"),
], ids=["head", "json", "judged", "waits"])
def test_stopped(played, words, parts, out):
    """What it has read so far stays."""
    with following(played, *words) as caller:
        conn, _ = played.accept()
        with conn:
            for part in parts:
                conn.sendall(part.encode())
                if part is not parts[-1]:
                    stop_and_go_on(caller, conn)
        said = caller.finish()
    assert said == (0, out, "")


def test_stopped_before_it_is_accepted(full):
    with following(full, "version") as caller:
        stop_asleep(caller.process.pid)
        full.listener.accept()[0].close()
        conn, _ = full.accept()
        with conn:
            conn.sendall(b"ok\nusherd 1\n")
        assert caller.finish() == (0, "usherd 1", "")


# --- too late ---------------------------------------------------------------

def test_never_accepted(full):
    """Patience is 5 s beyond --timeout."""
    with following(full, "wait", "idle", "--timeout", "1s") as caller:
        assert caller.finish() == (4, "", SILENT)


def test_what_is_left_of_the_timeout(played):
    """In whole seconds: usherd refuses less than one."""
    with following(played, "drain", "--wait", "--timeout", "60s",
                   "--settle", "90d") as caller:
        conn, _ = played.accept()
        later = time.monotonic() + 1
        with conn:
            conn.sendall(b"ok\n")
            wait_until(lambda: time.monotonic() > later, "the clock stands")
        conn, words = played.accept()
        with conn:
            conn.sendall(b"ok\ndone\n")
        assert caller.finish() == (0, "", COMES_BACK)
    left = words.pop(3)
    assert words == ["wait", "idle", "--timeout", "--settle", "90d"]
    assert re.fullmatch(r"[1-5]?\ds", left), left


@pytest.mark.parametrize("words, stays", [
    (["drain", "--wait"], "; what was ordered stays in force"),
    (["drain", "--wait", "--volatile"], "; what was ordered ended with it"),
    (["wait", "idle"], "")], ids=["drain", "volatile", "wait"])
def test_nothing_is_left_of_the_timeout(played, words, stays):
    with following(played, *words, "--timeout", "1s") as caller:
        conn, _ = played.accept()
        over = time.monotonic() + 1
        with conn:
            conn.sendall(b"ok\n")
            wait_until(lambda: time.monotonic() > over, "the clock stands")
        assert caller.finish() == (
            6, "", "usherctl: timed out, and usherd has gone%s\n" % stays)
