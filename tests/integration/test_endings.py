"""Every bad peer: its word, one clear line in the log, the right reply, and a
usherd that goes on answering and ends clean.
"""

import os
import re
import ssl

import pytest

import endless
import peer as peers
from pki import FUTURE, PAST, Pki, rsa_key
from waiting import wait_until

# Where usherd has to wait for its deadline; patient elsewhere.
SHORT = {"timeout": "3s"}


def check_one_line(usherd, word):
    """Said once, for a person, however many probes ended so."""
    usherd.wait_fact("probe", word=word)
    lines = usherd.facts("probe", word=word)
    assert len(lines) == 1, usherd.log()
    assert lines[0].level == "warn"
    assert lines[0].get("text") and lines[0].get("detail"), lines[0].line
    assert not usherd.facts("probe", word="internal"), usherd.log()
    return lines[0]


def check_fails(usherd, word):
    """From the first probe on nothing but `word`, which is a `fail`."""
    reply = usherd.wait_reply("fail ready 100% # .+")
    line = check_one_line(usherd, word)
    assert reply == "fail ready 100% # " + line.get("text")
    assert len(usherd.facts("probe")) == 1, usherd.log()
    return line


def check_recovers(peer, usherd, behaviour=peers.running):
    """The same usherd takes a good answer when it comes."""
    peer.behaviour = behaviour
    usherd.wait_reply("up ready 100%")


BAD = {
    "reset-at-accept": (peers.reset_at_accept, "reset", {}),
    "reset-after-tls": (peers.reset_after_tls, "reset", {}),
    "silent-accept": (endless.silent, "busy", SHORT),
    "silent-after-tls": (endless.silent_after_tls, "busy", SHORT),
    "slow-drip": (endless.drip, "busy", SHORT),
    "truncated-body": (peers.truncated, "reset", {}),
    "no-close-notify": (peers.cut_whole, "reset", {}),
    "length-short": (peers.short_length, "http", {}),
    "503-page": (peers.unavailable, "http", {}),
    "500": (peers.server_error, "http", {}),
    "redirect": (peers.redirect, "http", {}),
    "garbage": (peers.garbage, "http", {}),
    "huge-body": (peers.huge_body, "http", {}),
    "huge-header": (peers.huge_header, "http", {}),
    "many-headers": (peers.many_headers, "http", {}),
    "endless-1xx": (endless.interim, "http", {}),
    "plain-http": (peers.plain_http, "tls", {}),
    "says-error": (peers.error, "error", {}),
    "unknown-from-the-start": (peers.unknown, "unknown", {}),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_peer(peer, start_usherd, config_for, name):
    behaviour, word, options = BAD[name]
    peer.behaviour = behaviour
    usherd = start_usherd(config_for(peer, **options))
    check_fails(usherd, word)
    peer.wait_more(3)
    check_one_line(usherd, word)
    check_recovers(peer, usherd)


@pytest.mark.parametrize("name", BAD)
def test_bad_peer_after_good(peer, start_usherd, config_for, name):
    behaviour, word, options = BAD[name]
    usherd = start_usherd(config_for(peer, busy_limit="300ms", **options))
    usherd.wait_reply("up ready 100%")
    peer.behaviour = behaviour
    usherd.wait_reply("fail ready 100% # .+")
    usherd.wait_fact("probe", word=word)
    check_recovers(peer, usherd)


def test_refused(peer, start_usherd, config_for):
    peer.refuse()
    usherd = start_usherd(config_for(peer))
    line = check_fails(usherd, "refused")
    assert peer.address in line.get("detail")


def test_404(peer, start_usherd, config_for):
    peer.behaviour = peers.not_found
    usherd = start_usherd(config_for(peer))
    usherd.wait_reply(r"down ready 100% # starting.*")
    check_one_line(usherd, "notfound")
    check_recovers(peer, usherd)


def test_403(peer, start_usherd, config_for):
    peer.behaviour = peers.forbidden
    usherd = start_usherd(config_for(peer))
    usherd.wait_reply(r"up ready 100%.*")
    check_one_line(usherd, "forbidden")


# --- certificates -----------------------------------------------------------

def bad_certificates(pki, folder):
    """name -> (what the peer presents, options, word)."""
    other = folder / "other"
    other.mkdir()
    revoked, revoking = pki.revoked()
    past = pki.write("crl-past.pem", pki.crl_pem(PAST))
    root = pki.write("crl-root.pem", pki.root_crl_pem())
    name = "puppet.test"
    return {
        "wrong-name": (pki.identity("other.test"), {}, "name"),
        "name-in-cn-only": (pki.identity(name, ["other.test"]), {}, "name"),
        "other-ca": (Pki(other, "Other").good, {}, "cert"),
        "expired": (pki.identity(name, valid=PAST), {}, "expired"),
        "not-yet-valid": (pki.identity(name, valid=FUTURE), {}, "expired"),
        "revoked": (revoked, {"crl_file": revoking}, "revoked"),
        "crl-expired": (pki.good, {"crl_file": past}, "crl"),
        "crl-lacks-issuer": (pki.good, {"crl_file": root}, "crl"),
    }


BAD_CERTIFICATES = ["wrong-name", "name-in-cn-only", "other-ca", "expired",
                    "not-yet-valid", "revoked", "crl-expired",
                    "crl-lacks-issuer"]


@pytest.mark.parametrize("name", BAD_CERTIFICATES)
def test_bad_certificate(own_pki, tmp_path, start_peer, start_usherd,
                         config_for, name):
    bad, options, word = bad_certificates(own_pki, tmp_path)[name]
    peer = start_peer(ctx=peers.session_ids_only(bad))
    files = {"ca_file": own_pki.ca_file, "crl_file": own_pki.crl_file}
    usherd = start_usherd(config_for(peer, **{**files, **options}))
    check_fails(usherd, word)
    assert not peer.requests, "asked a server that it doesn't trust"
    if word == "crl":
        assert usherd.wait_log(r" warn trust .*CRL")
    else:
        peer.context = peers.context(own_pki.good)
        usherd.wait_reply("up ready 100%")


def test_other_ca_of_the_same_name(tmp_path, pki, start_peer, start_usherd,
                                   config_for):
    """As after `puppetserver ca setup` on a host of the same name."""
    peer = start_peer(ctx=peers.context(Pki(tmp_path).good))
    check_fails(start_usherd(config_for(peer)), "cert")


def test_revocation_off(pki, start_peer, start_usherd, config_for):
    revoked, _ = pki.revoked()
    peer = start_peer(ctx=peers.context(revoked))
    usherd = start_usherd(config_for(peer, crl_file="none"))
    usherd.wait_reply("up ready 100%")
    assert usherd.wait_log(r" warn .*crl-file = none")


def test_rsa_certificate(pki, start_peer, start_usherd, config_for):
    identity = pki.identity("puppet.test", key=rsa_key(), form="pkcs1")
    peer = start_peer(ctx=peers.context(identity))
    start_usherd(config_for(peer)).wait_reply("up ready 100%")


def test_rsa_certificate_and_tls12_only(pki, start_peer, start_usherd,
                                        config_for):
    """The server chooses what usherd names first, as Java does."""
    identity = pki.identity("puppet.test", key=rsa_key(), form="pkcs1")
    ctx = peers.session_ids_only(identity)
    ctx.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    peer = start_peer(ctx=ctx)
    start_usherd(config_for(peer)).wait_reply("up ready 100%")


def test_tls11_only(pki, start_peer, start_usherd, config_for):
    peer = start_peer(ctx=peers.tls11_only(pki.good))
    check_fails(start_usherd(config_for(peer)), "tls")


def test_client_certificate_is_missing(pki, start_peer, start_usherd,
                                       config_for):
    peer = start_peer(ctx=peers.demanding_client(pki.good, pki.ca_file))
    check_fails(start_usherd(config_for(peer)), "tls")
    assert not peer.requests


@pytest.mark.parametrize("form, key", [
    ("pkcs8", None), ("sec1", None), ("pkcs1", rsa_key), ("pkcs8", rsa_key)])
def test_client_certificate(pki, start_peer, start_usherd, config_for, form,
                            key):
    peer = start_peer(ctx=peers.demanding_client(pki.good, pki.ca_file))
    mine = pki.identity("prober.test", key=key and key(), form=form)
    usherd = start_usherd(config_for(peer, cert_file=mine.cert,
                                     key_file=mine.key))
    usherd.wait_reply("up ready 100%")
    assert peer.clients[0] == "prober.test"


def test_client_certificate_of_another_ca(pki, tmp_path, start_peer,
                                          start_usherd, config_for):
    peer = start_peer(ctx=peers.demanding_client(pki.good, pki.ca_file))
    stranger = Pki(tmp_path, "Stranger").good
    usherd = start_usherd(config_for(peer, cert_file=stranger.cert,
                                     key_file=stranger.key))
    check_fails(usherd, "tls")


# --- names ------------------------------------------------------------------

def named(config, peer, name):
    config["server puppet1"]["address"] = "%s:%d" % (name, peer.port)
    return config


def test_dns_fails_at_first(peer, names, start_usherd, config_for):
    config = named(config_for(peer), peer, "puppet.invalid")
    usherd = start_usherd(config, wrap=names.wrap)
    check_fails(usherd, "dns")
    names.set("127.0.0.1 puppet.invalid\n")
    usherd.wait_reply("up ready 100%")


def test_dns_fails_later(peer, names, start_usherd, config_for):
    """The last addresses are used, and both changes are said once."""
    names.set("127.0.0.1 puppet.invalid\n")
    config = named(config_for(peer), peer, "puppet.invalid")
    usherd = start_usherd(config, wrap=names.wrap)
    usherd.wait_reply("up ready 100%")
    names.set("")
    usherd.wait_log(r" warn dns .*puppet\.invalid")
    peer.wait_more(5)
    assert usherd.reply() == "up ready 100%"
    assert not usherd.facts("probe", word="dns")
    names.set("127.0.0.1 puppet.invalid\n")
    usherd.wait_log(r" info dns ")


def test_dead_address_first(peer, names, start_usherd, config_for):
    """Where a name has several addresses, one that answers is enough."""
    names.set("127.0.0.9 puppet.invalid\n127.0.0.1 puppet.invalid\n")
    config = named(config_for(peer), peer, "puppet.invalid")
    usherd = start_usherd(config, wrap=names.wrap)
    usherd.wait_reply("up ready 100%")


# --- files ------------------------------------------------------------------

def replace(path, data):
    """As a careful program does it: the name changes over at once."""
    new = path + ".new"
    with open(new, "wb") as f:
        f.write(data)
    os.rename(new, path)


@pytest.fixture
def trusting(own_pki, start_peer, start_usherd, config_for):
    """A peer and usherd whose CA and CRL files the test may change."""
    def start(**options):
        peer = start_peer(ctx=peers.session_ids_only(own_pki.good))
        files = {"ca_file": own_pki.ca_file, "crl_file": own_pki.crl_file}
        usherd = start_usherd(config_for(peer, **{**files, **options}))
        return peer, usherd
    return start


@pytest.mark.parametrize("file", ["ca_file", "crl_file"])
def test_file_absent_then_there(own_pki, trusting, tmp_path, file):
    path = str(tmp_path / "later.pem")
    peer, usherd = trusting(**{file: path})
    usherd.wait_log(r" (warn|error) trust .*" + re.escape(path))
    assert usherd.reply() == "# no verdict yet"
    assert not peer.counts["connections"]
    assert len(usherd.facts("trust")) == 1, usherd.log()
    with open(getattr(own_pki, file), "rb") as f:
        replace(path, f.read())
    usherd.wait_reply("up ready 100%")


@pytest.mark.parametrize("file", ["ca_file", "crl_file"])
def test_file_half_written(own_pki, trusting, file):
    """What was read before stays in use, and that is said loudly, once."""
    peer, usherd = trusting()
    usherd.wait_reply("up ready 100%")
    path = getattr(own_pki, file)
    with open(path, "rb") as f:
        whole = f.read()
    with open(path, "wb") as f:
        f.write(whole[:len(whole) * 3 // 4])
    usherd.wait_log(r" error trust .*" + re.escape(path))
    peer.wait_more(20)
    assert usherd.reply() == "up ready 100%"
    assert len(usherd.facts("trust", level="error")) == 1, usherd.log()
    mark = usherd.mark()
    replace(path, whole)
    usherd.wait_log(r" info trust ", after=mark)
    peer.wait_more(2)
    assert usherd.reply() == "up ready 100%"


@pytest.mark.parametrize("data", [
    b"", b"no PEM at all\n",
    b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"],
    ids=["empty", "text", "nonsense"])
def test_ca_file_is_no_ca(own_pki, trusting, data):
    peer, usherd = trusting()
    usherd.wait_reply("up ready 100%")
    replace(own_pki.ca_file, data)
    usherd.wait_log(r" error trust .*" + re.escape(own_pki.ca_file))
    peer.wait_more(5)
    assert usherd.reply() == "up ready 100%"


def test_file_vanishes(own_pki, trusting):
    peer, usherd = trusting()
    usherd.wait_reply("up ready 100%")
    os.unlink(own_pki.crl_file)
    usherd.wait_log(r" error trust .*" + re.escape(own_pki.crl_file))
    peer.wait_more(5)
    assert usherd.reply() == "up ready 100%"


def test_sessions_go_when_the_ca_changes(own_pki, trusting, tmp_path):
    """A resumed session checks nothing, so it must not outlive its CA."""
    other = tmp_path / "other"
    other.mkdir()
    peer, usherd = trusting()
    peer.wait_more(3, "resumed")
    assert peer.counts["full"] == 1
    replace(own_pki.ca_file, own_pki.ca_pem() + Pki(other, "New").ca_pem())
    peer.wait_more(1, "full")
    replace(own_pki.ca_file, Pki(other, "New").ca_pem())
    usherd.wait_reply("fail ready 100% # certificate not trusted|"
                      "fail ready 100% # no valid CRL for the certificate")


def test_revoked_while_running(own_pki, trusting):
    peer, usherd = trusting()
    peer.wait_more(3, "resumed")
    own_pki.intermediate.revoked.append(own_pki.good.serial)
    replace(own_pki.crl_file, own_pki.crl_pem())
    usherd.wait_reply("fail ready 100% # certificate revoked")


def test_client_certificate_renewed(own_pki, start_peer, start_usherd,
                                    config_for):
    ctx = peers.demanding_client(own_pki.good, own_pki.ca_file)
    peer = start_peer(ctx=ctx)
    old, new = own_pki.identity("old.test"), own_pki.identity("new.test")
    usherd = start_usherd(config_for(
        peer, ca_file=own_pki.ca_file, crl_file=own_pki.crl_file,
        cert_file=old.cert, key_file=old.key))
    usherd.wait_reply("up ready 100%")
    for mine, theirs in ((old.key, new.key), (old.cert, new.cert)):
        with open(theirs, "rb") as f:
            replace(mine, f.read())
    peer.wait_more(1, "full")
    assert peer.clients == ["old.test", "new.test"]
    assert usherd.reply() == "up ready 100%"


def test_many_bad_endings_leave_nothing_open(peer, start_usherd, config_for):
    usherd = start_usherd(config_for(peer, **SHORT))
    usherd.wait_reply("up ready 100%")
    before = usherd.fds()
    for behaviour, word, _ in BAD.values():
        peer.behaviour = behaviour
        peer.wait_more(2)
    check_recovers(peer, usherd)
    wait_until(lambda: usherd.fds() <= before, "all sockets are closed")
