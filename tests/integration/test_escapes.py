"""What a Puppet Server, a balancer or an operator sends, what stands in a
configuration, and what answers in usherd's place never reaches a terminal, the
log or HAProxy as more than printable text.
"""

import json
import os
import pty
import subprocess
import unicodedata

import pytest
from peer import context, raw, simple, sized
from pki import NAME
from usherd import SANITIZER, binary, environment
from waiting import DEADLINE

EVIL = "\033]0;title\a\033[2J\r\033[31m\u009b31m\x7f\u202e"
JSON = json.dumps({"state": EVIL, "status": {"version": EVIL}}).encode()
ANSWERS = {
    "body": simple("200 OK", EVIL.encode()),
    "words": simple("200 OK", b"running\033[2J"),
    "status": raw(sized("503 " + EVIL.replace("\r", ""), b"starting")),
    "headers": raw(sized("200 OK", b"running", "X-\033[2J: " + EVIL)),
    "line": raw(b"HTTP/1.1 \033[2J OK\r\n\r\n"),
    "no http": raw(EVIL.encode() * 3),
}
COMMANDS = [("status",), ("explain",), ("pollers",), ("log",), ("probe",),
            ("haproxy-config",), ("-j", "status"), ("-j", "explain"),
            ("-j", "pollers"), ("-j", "log"), ("-j", "probe")]


def raw_characters(text):
    """Those that a terminal would obey."""
    return {c for c in text if unicodedata.category(c) in ("Cc", "Cf")
            and c != "\n"}


def assert_plain(usherd):
    for command in COMMANDS:
        said = usherd.ctl(*command)
        shown = said.out + said.err
        assert shown and not raw_characters(shown), (command, shown)
    assert not raw_characters("".join(usherd.lines)), usherd.log()
    assert usherd.reply(EVIL.encode() + b"\n").isprintable()


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_what_a_server_says(start_peer, start_usherd, config_for, answer):
    usherd = start_usherd(config_for(start_peer(answer)))
    usherd.wait_fact("verdict")
    assert_plain(usherd)


def test_a_certificate(start_peer, start_usherd, config_for, pki):
    """Its subject and its other names are shown by `probe`."""
    names = [NAME, "\033[2J.test"]
    peer = start_peer(ctx=context(pki.identity(EVIL.replace("\0", ""), names)))
    usherd = start_usherd(config_for(peer))
    usherd.wait_fact("verdict")
    assert_plain(usherd)


def test_an_operator(usherd):
    usherd.order("drain", "-m", EVIL, "--by", EVIL)
    usherd.wait_reply("up drain 100%.*")
    usherd.say(b"drain " + EVIL.encode() + b"\n")
    usherd.say(EVIL.encode() + b"\n")
    usherd.say(b"log-level " + EVIL.encode() + b"\n")
    usherd.say(b"probe " + EVIL.encode() + b"\n")
    assert_plain(usherd)


# --- what a program is called with ------------------------------------------

def run(program, *words):
    """It refuses these words: all that it writes, with every '\\r'."""
    done = subprocess.run([binary(program), *words], capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=DEADLINE,
                          env=environment())
    shown = (done.stdout + done.stderr).decode()
    assert done.returncode in (1, 2, 4), (done.returncode, shown)
    assert not SANITIZER.search(shown), shown
    return shown


def assert_shown(shown, *parts):
    """Not left out, but replaced."""
    assert not raw_characters(shown), shown
    for part in parts:
        assert part in shown, shown


SHOWN = "?]0;title??[2J??[31m??31m????"  # one for each byte
WORDS = {
    "command": [EVIL],
    "help": ["help", EVIL],
    "option": ["status", "--" + EVIL],
    "time": ["drain", "--for", EVIL],
    "percentage": ["weight", EVIL + "%"],
    "word too many": ["drain", "a", EVIL],
    "width": ["status", "--width", EVIL],
    "what to wait for": ["drain", "--all", EVIL],
    "server": ["-S", "drain", EVIL],
    "socket": ["-s", "/tmp/" + EVIL, "status"],
    "HAProxy's socket": ["doctor", "--haproxy", "/tmp/" + EVIL],
    "HAProxy's host": ["doctor", "--haproxy", EVIL + ":1"],
    "no HAProxy's": ["doctor", "--haproxy", "/tmp/" + EVIL * 9],
}


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_usherctls_words(usherd, words):
    if words[0] == "-S":  # usherd refuses them
        usherd.wait_open()
        words = ["-s", str(usherd.socket), *words[1:]]
    assert_shown(run("usherctl", *words), "usherctl: ", "[2J")
    assert_plain(usherd)


@pytest.mark.parametrize("words, shown", [
    (["-n", "-c", "/tmp/" + EVIL], "/tmp/%s: can't be read" % SHOWN),
    (["-c", "/tmp/" + EVIL], "/tmp/%s: can't be read" % SHOWN),
    ([EVIL], "usherd: `%s`: no argument" % SHOWN),
    (["-" + EVIL], "usherd: `-?`: no such option"),
    ([b"-\x9b"], "usherd: `-?`: no such option"),
    (["-c"], "usherd: -c: a path is missing"),
], ids=["check", "start", "argument", "option", "c1", "no path"])
def test_usherds_words(words, shown):
    assert_shown(run("usherd", *words), shown)


def test_who_calls(usherd):
    """$SUDO_USER, which root's usherctl tells."""
    usherd.order("drain", env={"SUDO_USER": EVIL})
    usherd.wait_reply("up drain 100%.*")
    assert_shown(usherd.order("status"), "?]0;title")
    assert_plain(usherd)


# --- what stands in usher.conf ----------------------------------------------

CONFIGS = {
    "section": "[\033[2J%.0s]\n",
    "name": "[server \033[2J%.0s]\n",
    "option": "[usher]\n%s = 1\n",
    "no section": "%s = 1\n",
    "time": "[defaults]\ntimeout = %s\n",
    "number": "[defaults]\nfall = %s\n",
    "choice": "[usher]\nready = %s\n",
    "port": "[usher]\nagent-listen = %s\n",
    "net": "[usher]\nallow = %s\n",
    "address": "[server a]\naddress = a %s\n",
    "name in a certificate": "[server a]\ntls-name = a/%s\n",
    "path": "[server a]\nca-file = %s\n",
}


@pytest.mark.parametrize("text", CONFIGS.values(), ids=CONFIGS)
def test_a_configuration(usherd, text):
    """Checked, started with, and read again while usherd runs."""
    text %= EVIL.replace("\r", "")
    path = usherd.path.with_suffix(".evil")
    path.write_text(text + "[usher\n")
    for task in [["-n"], []]:
        shown = run("usherd", *task, "-c", str(path))
        assert_shown(shown, "%s:" % path)
        assert shown.count("\n") == 2  # mistakes, each on a line of its own
    usherd.configure(text)
    assert_shown(run("usherctl", "-s", str(usherd.socket), "reload"),
                 "%s:" % usherd.path, "stays in use")
    said = usherd.say(b"reload\n").decode()
    assert said.startswith("error 1 ") and not raw_characters(said), said
    usherd.wait_fact("config", file=str(usherd.path))
    assert_plain(usherd)


# --- what answers in usherd's place -----------------------------------------

RED = "\033[31mred\033[0m"


def played_to(played, answer, *words, out=subprocess.PIPE):
    """What usherctl writes when this is all that it is answered."""
    with subprocess.Popen([binary("usherctl"), "-s", str(played.socket),
                           *words], stdin=subprocess.DEVNULL, stdout=out,
                          stderr=subprocess.PIPE, env=environment()) as ctl:
        conn, _ = played.accept()
        with conn:
            conn.sendall(answer.encode())
        written = ctl.communicate(timeout=DEADLINE)
    return "".join(part.decode() for part in written if part)


@pytest.mark.parametrize("words, answer, shown", [
    (["status"], "ok\nUmlaute: äöü €\n", "Umlaute: äöü €\n"),
    (["status"], "ok\n%s\n" % EVIL, SHOWN + "\n"),
    (["status"], "ok\n\0\033[2J\n", "??[2J\n"),
    (["status", "-j"], 'ok\n["%s"]\n' % EVIL, '["%s"]\n' % SHOWN),
    (["status"], "ok\n%s\n" % RED, "?[31mred?[0m\n"),
    (["status"], "error 1 %s\n" % EVIL, "usherctl: %s\n" % SHOWN),
    (["status"], EVIL + "\n", "usherctl: this is no usherd's answer\n"),
    (["drain", "--wait"], "ok\n%s\nerror 6 %s\n" % (EVIL, EVIL),
     "%s\nusherctl: %s\n" % (SHOWN, SHOWN)),
    (["status"], "ok\n%s\n" % (";" + "\033€" * 2000),
     ";" + "?€" * 2000 + "\n"),
], ids=["good", "body", "nul", "json", "colour", "error", "none", "wait",
        "long"])
def test_another_answers(played, words, answer, shown):
    assert played_to(played, answer, *words) == shown


def test_another_answers_a_terminal(played):
    """Which obeys colours of usherd's, and nothing else."""
    ours, theirs = pty.openpty()
    try:
        assert played_to(played, "ok\n%s\033[8m%s\n" % (RED, EVIL), "status",
                         out=theirs) == ""
        shown = os.read(ours, 65536).decode()
    finally:
        os.close(theirs)
        os.close(ours)
    assert shown == "%s?[8m%s\r\n" % (
        RED, SHOWN.replace("?[31m", "\033[31m"))
