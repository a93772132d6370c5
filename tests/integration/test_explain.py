"""`explain`, `probe`, and the shape of what each command says with -j."""

import json
import re

import pytest
from cryptography import x509

import endless
import jruby
import peer as peers
from balanced import DRAIN, ONE, TWO
from usherd import ME, ROOT
from waiting import wait_until

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
TIMES = {"time", "since", "until", "last_poll", "not_after"}
ORDER = {"order", "percent", "by", "reason", "since", "until", "durable"}
CERTIFICATE = {"subject", "issuer", "not_after"}
PROBE = {"time", "word", "text", "detail", "http_status", "peer", "tls",
         "resumed", "resolve_ms", "connect_ms", "handshake_ms", "answer_ms",
         "total_ms", "certificate", "jruby"}
POLLERS = {"name", "ready", "pollers"}
EXPLAINED = POLLERS | {
    "address", "tls_name", "probe", "last_probes", "verdict",
    "verdict_age_ms", "state", "ceiling", "hold", "weight", "limits", "canary",
    "reply",
    "reply_with_ready"}
TOP = {"version", "time", "servers"}
WIDTH = 100
REASON = "x" * 30 + " " + "a reason of many words, " * 8


def as_json(usherd, *words):
    shown = json.loads(usherd.order(*words, "-j"))
    check_times(shown)
    return shown


def check_times(value):
    """Every time is one of RFC 3339, or null."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in TIMES:
                assert inner is None or TIME.fullmatch(inner), (key, inner)
            check_times(inner)
    elif isinstance(value, list):
        for inner in value:
            check_times(inner)


def only(usherd, *words):
    """What a command says with -j of the only server."""
    server, = as_json(usherd, *words)["servers"]
    return server


def probe(usherd):
    return only(usherd, "probe")["probe"]


# --- explain: text ----------------------------------------------------------

@pytest.mark.parametrize("words", [
    [], ["drain", "-m", 'a "quoted" reason; # and more'], ["maint"], ["down"],
    ["weight", "10%", "-m", "new manifests"], ["hold"],
    ["up", "--for", "1h"]], ids=lambda words: words[0] if words else "none")
def test_the_reply_is_that_of_a_poll(start_site, words):
    """With each policy, byte for byte; `ready` where it is owed."""
    for ready in ("auto", "always", "never"):
        site = start_site(ready)
        if words:
            site.usherd.order(*words)
        reply = site.usherd.poll()
        assert reply.endswith(b"\n")
        lines = site.usherd.order("explain").encode().split(b"\n")
        which = b"always" if ready == "always" else b"usually"
        line, = [line for line in lines if line.startswith(b"    " + which)]
        assert line.split(b"  ")[-1].strip() == reply.rstrip(b"\n")
        shown = only(site.usherd, "explain")
        assert shown["reply"].encode() + b"\n" == reply
        site.usherd.end()


def test_the_reply_where_ready_is_owed(site):
    site.usherd.order("drain")
    assert site.usherd.poll().startswith(b"up drain 100% ")
    site.usherd.order("auto")
    reply = site.usherd.poll().decode()
    assert reply == "up ready 100%\n"
    assert re.search(r"^ +where ready is owed +up ready 100%$",
                     site.usherd.order("explain"), re.M)
    shown = only(site.usherd, "explain")
    assert shown["reply_with_ready"].rstrip("\n") + "\n" == reply
    assert shown["reply"] == "up 100%"


def test_each_order_and_the_weight(site):
    text = site.usherd.order("explain")
    for line in ("  verdict: up for ", "  state order: none\n",
                 "  weight order: none\n", "  hold: none\n",
                 "  weight: 100%, the lowest of: weight order 100%, "
                 "load 100%, ramp 100%, JRubies 100%\n", "  HAProxies: none yet\n"):
        assert line in text, text
    site.usherd.order("drain", "--for", "2h", "-m", "kernel")
    site.usherd.order("weight", "10%", "--volatile")
    site.usherd.order("hold")
    text = site.usherd.order("explain")
    for line in (
            r"  state order: drain by %s for \ds, ends in (2h 0m|1h 59m): "
            r"kernel\n", r"  weight order: weight 10%% by %s for \ds, not on "
            r"disk\n", r"  hold: hold by %s for \ds, ends in 1[45]m\n"):
        assert re.search(line % ME, text), text
    assert "  weight: 10%, the lowest of: weight order 10%, load 100%, " \
        "ramp 100%, JRubies 100%\n" in text


def test_what_each_haproxy_was_told(site):
    one, two = site.haproxy(), site.haproxy(source=TWO)
    one.pause()
    site.usherd.order("drain")
    two.wait_is("puppet1", **DRAIN)
    text = site.usherd.order("explain")
    assert re.search(r"^    %s was told in, \d+s ago" % ONE, text, re.M), text
    assert re.search(r"^    %s was told drain, \d+s ago$" % TWO, text, re.M)
    site.usherd.order("auto")
    assert re.search(r"^    %s was told \w+, \d+s ago, ready is owed$" % TWO,
                     site.usherd.order("explain"), re.M)
    site.usherd.wait_poller(ONE, lambda p: not p["live"])
    wait_until(lambda: re.search(
        r"^    %s was told in, .*, polls no more$" % ONE,
        site.usherd.order("explain"), re.M), site.usherd.log)


def test_the_last_probes(peer, start_usherd, config_for):
    """Those that failed too, the latest first."""
    usherd = start_usherd(config_for(peer, interval="1s", fast_interval="1s"))
    peer.wait_more(3)
    peer.refuse()
    usherd.wait_fact("probe", word="refused")
    text = usherd.order("explain")
    assert re.search(r"^  probes: refused \(\d+s ago, \d+ ms\)", text, re.M)
    assert "result" in text and "refused: connection refused" in text
    words = [p["word"] for p in only(usherd, "explain")["last_probes"]]
    assert words[0] == "refused" and words[-1] == "ok" and len(words) <= 8


# --- probe ------------------------------------------------------------------

def test_probe_shakes_hands_in_full(usherd, peer):
    """Each time, though usherd's own probes resume their session."""
    peer.wait_more(3, "resumed")
    for _ in range(5):
        before = peer.counts["full"]
        assert probe(usherd)["resumed"] is False
        assert peer.counts["full"] == before + 1
    assert ", full\n" in usherd.order("probe")


def test_steps(usherd, pki, peer):
    shown = probe(usherd)
    assert shown.keys() == PROBE
    assert (shown["word"], shown["text"]) == ("ok", "in service")
    assert (shown["http_status"], shown["peer"]) == (200, peer.address)
    assert shown["tls"] in ("TLSv1.2", "TLSv1.3")
    steps = [shown[step + "_ms"] for step in ("connect", "handshake",
                                              "answer")]
    assert 0 <= sum(steps) <= shown["total_ms"]
    with open(pki.good.cert, "rb") as file:
        cert = x509.load_pem_x509_certificate(file.read())
    assert shown["certificate"] == {
        "subject": cert.subject.rfc4514_string(),
        "issuer": cert.issuer.rfc4514_string(),
        "not_after": cert.not_valid_after.isoformat() + "Z"}
    text = usherd.order("probe")
    assert text.startswith("puppet1 (%s)\n" % peer.address)
    assert "valid until %s\n" % cert.not_valid_after.date() in text
    for step in ("resolve", "connect", "handshake", "certificate", "answer",
                 "result"):
        assert re.search(r"^    %s +" % step, text, re.M), text


def test_probe_with_jrubies(usherd, peer):
    assert probe(usherd)["jruby"] is None
    usherd.order("drain")
    peer.metrics = jruby.figures(4, borrowed=3, waiting=2)
    assert probe(usherd)["jruby"] == {
        "jrubies": 4, "free": 1, "running": 3, "waiting": 2}
    assert "    JRubies     4, 1 free; requests: 3 running, 2 waiting\n" \
        in usherd.order("probe")
    peer.metrics = jruby.forbidden
    assert probe(usherd)["jruby"] is None
    assert "    JRubies     not seen: HTTP status 403\n" \
        in usherd.order("probe")


def test_probe_refused(usherd, peer):
    """What it found is the answer, not an error."""
    peer.refuse()
    shown = probe(usherd)
    assert (shown["word"], shown["http_status"]) == ("refused", 0)
    assert (shown["peer"], shown["tls"], shown["certificate"]) == (
        None, None, None)
    text = usherd.order("probe")
    assert "refused: connection refused (%s: " % peer.address in text
    assert "handshake" not in text and "answer" not in text


def test_probe_without_an_address(peer, names, start_usherd, config_for):
    config = config_for(peer)
    config["server puppet1"]["address"] = "puppet.invalid:%d" % peer.port
    usherd = start_usherd(config, wrap=names.wrap)
    shown = probe(usherd)
    assert shown["word"] == "dns" and "puppet.invalid" in shown["detail"]
    text = usherd.order("probe")
    assert "resolve" in text and "dns: host name not found" in text
    assert "connect " not in text
    names.set("127.0.0.1 puppet.invalid\n")
    assert probe(usherd)["word"] == "ok"


def test_probe_of_another_name(peer, pki, start_usherd, config_for):
    """The certificate is shown, since it is what is wrong."""
    other = pki.identity("other.test")
    peer.context = peers.context(other)
    usherd = start_usherd(config_for(peer))
    shown = probe(usherd)
    assert (shown["word"], shown["http_status"]) == ("name", 0)
    assert shown["certificate"].keys() == CERTIFICATE
    assert shown["certificate"]["subject"] == "CN=other.test"
    text = usherd.order("probe")
    assert "CN=other.test" in text and "answer" not in text
    assert "name: certificate is for another name" in text


def test_probe_that_gets_no_answer(peer, start_usherd, config_for):
    usherd = start_usherd(config_for(peer, timeout="3s"))
    usherd.wait_reply("up ready 100%")
    peer.behaviour = endless.silent_after_tls
    shown = probe(usherd)
    assert (shown["word"], shown["http_status"]) == ("busy", 0)
    assert shown["certificate"]["subject"] == "CN=puppet.test"


def test_probe_without_a_ca_file(peer, start_usherd, config_for, tmp_path):
    """None begins, and it says so instead of hanging."""
    usherd = start_usherd(config_for(
        peer, timeout="200ms", ca_file=str(tmp_path / "not-there.pem")))
    said = usherd.ctl("probe")
    assert said.code == 6 and "CA file" in said.err


# --- JSON -------------------------------------------------------------------

def busy_site(site):
    """With something in every place."""
    site.haproxy()
    site.usherd.order("drain", "--for", "1h", "-m", "why")
    site.usherd.order("weight", "5%")
    site.usherd.order("hold")
    return site.usherd


@pytest.mark.parametrize("command, top, server", [
    ("status", TOP | {"problem", "warnings"},
     {"name", "in_service", "verdict", "verdict_age_ms", "probe",
      "probe_text", "probe_detail", "reply", "state", "ceiling", "hold",
      "last_poll", "warnings", "weight", "canary"}),
    ("explain", TOP, EXPLAINED),
    ("pollers", TOP | {"refused_polls", "refused_last"}, POLLERS),
    ("probe", TOP, {"name", "address", "probe"}),
])
def test_shape(site, command, top, server):
    usherd = busy_site(site)
    shown = as_json(usherd, command)
    assert shown["version"] == 1 and TIME.fullmatch(shown["time"])
    assert shown.keys() == top
    one, = shown["servers"]
    assert one.keys() == server and one["name"] == "puppet1"
    for slot in {"state", "ceiling", "hold"} & server:
        assert one[slot].keys() == ORDER
    if command in ("explain", "probe"):
        assert one["probe"].keys() == PROBE
        certificate = one["probe"]["certificate"]
        assert certificate is None or certificate.keys() == CERTIFICATE


def test_explain_json(site):
    usherd = busy_site(site)
    site.usherd.wait_poller(ONE, lambda p: p["told"] == "drain")
    shown = only(usherd, "explain")
    assert shown["pollers"][0]["address"] == ONE
    assert shown["pollers"][0]["told"] == "drain"
    assert (shown["tls_name"], shown["verdict"]) == ("puppet.test", "up")
    assert shown["weight"] == 5 and shown["limits"] == [
        {"limit": "order", "percent": 5}, {"limit": "load", "percent": 100},
        {"limit": "ramp", "percent": 100}, {"limit": "JRubies", "percent": 100}]
    assert [shown[slot]["order"] for slot in ("state", "ceiling", "hold")] == [
        "drain", "weight", "hold"]
    for ending in shown["last_probes"]:
        assert ending.keys() == {"time", "word", "total_ms"}


@pytest.mark.parametrize("words, text", [
    (["version"], "usherd "), (["reload"], "reloaded"),
    (["log-level", "info"], "info")], ids=lambda words: words[0])
def test_sentences(usherd, words, text):
    shown = json.loads(usherd.order(*words, "-j"))
    assert shown.keys() == {"version", "text"} and shown["version"] == 1
    assert shown["text"].startswith(text)


def test_log_json(usherd):
    usherd.order("drain", "-m", "why")
    entries = json.loads(usherd.order("log", "-j"))
    check_times(entries)
    for entry in entries:
        assert entry.keys() == {"version", "time", "server", "what", "text"}
        assert entry["version"] == 1


def test_orders_json(usherd):
    told = json.loads(usherd.order("drain", "-j"))
    assert told == {"version": 1, "servers": [
        {"name": "puppet1", "reply": "up drain 100% # drain by " + ME}]}


def test_the_manual_shows_these(site):
    """Its examples have the keys that there are."""
    manual = (ROOT / "src" / "usherctl.8").read_text()
    examples = [json.loads(text) for text in re.findall(
        r"^\.Bd -literal\n(\{\n.*?^\})$", manual, re.M | re.S)
        if "findings" not in text]  # the doctor's
    usherd = busy_site(site)
    shapes = [shape(as_json(usherd, command))
              for command in ("status", "pollers", "probe")]
    for example in examples:
        assert shape(example) in shapes, example


def shape(shown):
    """The keys of the document and of its first server."""
    return sorted(shown), sorted(shown["servers"][0])


def test_one_server_of_two(start_peer, start_usherd, config_for):
    usherd = start_usherd(config_for(start_peer(), start_peer()))
    usherd.wait_reply("up ready 100%", b"puppet2\n")
    for command in ("status", "explain", "pollers", "probe"):
        assert only(usherd, command, "puppet2")["name"] == "puppet2"
        assert "puppet1" not in usherd.order(command, "puppet2")
        said = usherd.ctl(command, "pupet2")
        assert said.code == 1 and "did you mean puppet2?" in said.err
    for command in ("status", "explain", "pollers"):
        assert len(as_json(usherd, command)["servers"]) == 2


# --- width ------------------------------------------------------------------

@pytest.mark.parametrize("name", [
    "p", "puppet1.example.com", "p" * 36, "p" * 37, "p" * 150], ids=len)
def test_no_line_is_too_wide(peer, start_usherd, config_for, name):
    """But a name that is, and a reply, which explain shows as it is."""
    config = config_for(peer, usher_ready=None)
    config["server " + name] = config.pop("server puppet1")
    usherd = start_usherd(config)
    usherd.wait_fact("verdict", **{"is": "up"})
    for words in (["drain", "--for", "99d"], ["weight", "10%"], ["hold"]):
        usherd.order(*words, "-m", REASON[:255])
    usherd.poll()
    peer.refuse()
    usherd.wait_fact("verdict", **{"is": "fail"})
    replies = {only(usherd, "explain")[key].rstrip("\n")
               for key in ("reply", "reply_with_ready")}
    for command in ("status", "explain", "pollers", "probe"):
        for line in usherd.order(command).splitlines():
            shown = line.strip().endswith(tuple(replies))
            assert len(line) <= WIDTH or line == name or (
                command == "explain" and shown), line


def test_nothing_is_lost(usherd):
    """A reason that is too long for a line goes on below."""
    usherd.order("drain", "-m", REASON[:255])
    for command in ("status", "explain"):
        text = " ".join(usherd.order(command).split())
        assert " ".join(REASON[:255].split()) in text
