"""`usherctl doctor` at a socket that is not HAProxy's, or of one that means
harm.
"""

import contextlib
import json
import re
import shutil
import socket
import tempfile
import threading
from pathlib import Path

import pytest

from doctor import fails, run

ESCAPE = "\033]0;owned\007\033[2J"


class Fake:
    """Answers each connection with what `answers` has for its first line;
    bytes, or None for no answer.  Not started, it does not even accept.
    """

    def __init__(self, answers):
        self.folder = Path(tempfile.mkdtemp(prefix="usher-"))
        self.where = self.folder / "stats"
        self.answers = answers
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.bind(str(self.where))
        self.sock.listen(0)
        self.held = []

    def start(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                conn = self.sock.accept()[0]
                self.held.append(conn)
                command = conn.makefile().readline().strip()
                answer = self.answers.get(command)
                if answer is not None:
                    conn.sendall(answer)
                    conn.shutdown(socket.SHUT_RDWR)

    def stop(self):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
        for conn in self.held:
            conn.close()
        shutil.rmtree(self.folder)


@pytest.fixture
def fake(cleanup):
    def make(answers):
        made = Fake(answers)
        cleanup.callback(made.stop)
        return made
    return make


def test_not_there(tmp_path, port):
    fails(tmp_path / "nosuch", "there is no such socket")
    plain = tmp_path / "plain"
    plain.write_text("")
    fails(plain, "nobody answers there")
    fails("127.0.0.1:%d" % port.number, "nobody answers there")
    fails("[::1]:x", "there is no such socket")  # then it is a path
    fails(":1", "no HOST:PORT")
    fails("/" + "x" * 107, "1 to 107 bytes")
    said = run("")
    assert (said.code, said.out) == (2, "") and "--haproxy" in said.err


def test_a_socket_that_is_gone(fake):
    """Its file is there still."""
    closed = fake({})
    closed.sock.close()
    closed.sock = socket.socket(socket.AF_UNIX)
    closed.sock.bind("")
    closed.sock.listen(0)
    fails(closed.where, "nobody answers there")


@pytest.mark.parametrize("state, stat, sentence", [
    (b"", b"", "closed without an answer"),
    (b"\0\0\0", b"x", 'no answer to `show servers state`: "???"'),
    (b"Permission denied\n\n", b"x", "`level operator`"),
    (b"HTTP/1.1 400 Bad\033[2J\r\n", b"x", '"HTTP/1.1 400 Bad?[2J?"'),
    (b"x" * 300000, b"x", '"%s"' % ("x" * 60)),
    (b"1\n# be_name\n", b"x", "has no srv_name"),
    (b"GOOD", b"", "closed without an answer"),
    (b"GOOD", b"Unknown command\n", 'no answer to `show stat`: "Unknown'),
], ids=["nothing", "nul", "level", "http", "long", "columns", "half",
        "no-stat"])
def test_not_haproxys(fake, state, stat, sentence):
    good = (b"1\n# be_name srv_name srv_addr srv_admin_state srv_uweight "
            b"srv_iweight srv_check_state srv_agent_state\n")
    fails(fake({"show servers state": state.replace(b"GOOD", good),
                "show stat": stat}).start().where, sentence)


def test_one_that_never_answers(fake):
    """Neither keeps usherctl: it took the connection; its queue is full."""
    silent = fake({}).start()
    full = fake({})
    waiting = []
    try:
        with contextlib.suppress(BlockingIOError):
            while True:
                sock = socket.socket(socket.AF_UNIX)
                waiting.append(sock)
                sock.setblocking(False)
                sock.connect(str(full.where))
        for where in (silent.where, full.where):
            said = run(where)
            assert (said.code, said.out) == (4, "")
            assert "no answer in time" in said.err
    finally:
        for sock in waiting:
            sock.close()


def test_nothing_reaches_the_terminal(fake):
    """Neither names nor texts of HAProxy's are commands to it."""
    name = "a" + ESCAPE.replace(" ", "") + "\x9b\"\\<"
    state = ("1\n# be_name srv_name srv_addr srv_admin_state srv_uweight "
             "srv_iweight srv_check_state srv_agent_state srv_agent_port\n"
             "%s %s %s 2 1 1 6 22 %s\n" % ((name.replace('"', ""),) * 4))
    csv_name = name.replace('"', "")
    stat = ("# pxname,svname,type,status,tracked,check_status,last_chk,"
            "agent_status,last_agt,algo\n%s,%s,2,UP%s,%s,L4OK%s,\"%s\"\"\","
            "XX%s,\"%s\n\"\"\",\n%s,BACKEND,1,,,,,,,hdr%s\n" % (
                csv_name, csv_name, ESCAPE, csv_name, ESCAPE, ESCAPE, ESCAPE,
                ESCAPE, csv_name, ESCAPE))
    where = fake({"show servers state": state.encode("latin-1"),
                  "show stat": stat.encode("latin-1")}).start().where
    for words in ([], ["-j"]):
        said = run(where, *words)
        assert (said.code, said.err) == (1, "")
        assert not re.search(r"[^\n\x20-\x7e]", said.out), said.out
        assert "]0;owned?" in said.out
    assert len(json.loads(said.out)["servers"]) == 1
