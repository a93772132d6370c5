"""What a Puppet Server, a balancer or an operator sends never reaches a
terminal, the log or HAProxy as more than printable text.
"""

import json
import unicodedata

import pytest
from peer import context, raw, simple, sized
from pki import NAME

EVIL = "\033]0;title\a\033[2J\r\033[31m\u009b31m\x7f"
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
    assert_plain(usherd)
