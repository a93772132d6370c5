"""`canary`: a plan given, gone on with, refused, ended, and that it lasts."""

import json

import pytest

import endless
import jruby
import peer as peers
from balanced import UP
from canaries import NEXT, PLAN, STEPS, WHY, percent, plan, wait_objection
from usherd import ME, refused
from waiting import wait_until

FORCE = [*NEXT, "--force"]
UNKNOWN = "the last probe has not seen how busy it is"


def reply(weight):
    return "up ready %d%% # canary by %s: %s" % (weight, ME, WHY)


def said(weight):
    return "puppet1: %s\n" % reply(weight)


@pytest.fixture
def canary(usherd):
    """At the first step, and nothing speaks against the next."""
    usherd.order(*PLAN)
    wait_objection(usherd, None)
    return usherd


# --- step by step -----------------------------------------------------------

def test_steps(site):
    """As HAProxy has them; until `auto`."""
    haproxy = site.haproxy()
    told = "up 5%% # canary by %s: %s" % (ME, WHY)
    assert site.usherd.order(*PLAN) == "puppet1: %s\n" % told
    haproxy.wait_is("puppet1", **{**UP, "weight": 5},
                    last_agt="via agent : up (canary by %s: %s)" % (ME, WHY))
    for weight in STEPS[1:]:
        wait_objection(site.usherd, None)
        assert site.usherd.order(*NEXT) == "puppet1: %s\n" % told.replace(
            "5%", "%d%%" % weight)
        haproxy.wait_is("puppet1", **{**UP, "weight": weight})
    site.usherd.order("auto")
    haproxy.wait_is("puppet1", **UP)
    assert plan(site.usherd) is None


def test_the_last_step(canary, peer):
    for weight in STEPS[1:]:
        assert canary.order(*NEXT) == said(weight)
    for words in (NEXT, FORCE):
        refused(canary.ctl(*words), "canary: puppet1 is at the last step, "
                "50%; `auto` ends the plan")
    peer.wait_more(10)
    assert canary.reply() == reply(50)


def test_one_step_and_eight(usherd):
    usherd.order("canary", "7%")
    assert "the last step: it stays until `auto`" in usherd.order("status")
    assert plan(usherd)["steps"] == [7]
    eight = [1, 2, 3, 5, 8, 13, 21, 100]
    usherd.order("canary", *("%d%%" % n for n in eight))
    assert plan(usherd)["steps"] == eight
    for n in eight[1:]:
        assert usherd.order(*FORCE) == (
            "puppet1: up ready %d%% # canary by %s\n" % (n, ME))


def test_given_again(canary):
    """From the first step."""
    canary.order(*NEXT)
    assert canary.order(*PLAN) == said(5)
    canary.order(*NEXT)
    canary.order("canary", "25%", "30%", "-m", "other")
    assert (percent(canary), plan(canary)["steps"]) == (25, [25, 30])
    assert canary.status()["ceiling"]["reason"] == "other"


def test_who_goes_on_is_not_who_gave_it(canary):
    canary.order(*NEXT, env={"SUDO_USER": "bob"})
    assert canary.status()["ceiling"]["by"] == ME
    canary.wait_fact("order", by="bob", new="25%% canary by %s: %s" % (ME,
                                                                       WHY))


def test_of_several_servers_one(start_peer, start_usherd, config_for):
    usherd = start_usherd(config_for(start_peer(), start_peer()))
    for name in (b"puppet1\n", b"puppet2\n"):
        usherd.wait_reply("up ready 100%", name)
    for words in (PLAN, NEXT):
        refused(usherd.ctl(*words), "canary: there are 2 servers: name one",
                1)
    usherd.order("canary", "5%", "puppet2", "25%", "-m", WHY)
    assert usherd.reply(b"puppet2\n") == reply(5)
    assert usherd.reply(b"puppet1\n") == "up ready 100%"
    refused(usherd.ctl(*NEXT, "puppet1"), "puppet1 has no canary plan")
    wait_objection(usherd, None, "puppet2")
    usherd.order(*NEXT, "puppet2")
    assert usherd.reply(b"puppet2\n") == reply(25)


# --- `--next` refused -------------------------------------------------------

def dead(usherd, peer):
    peer.refuse()
    usherd.wait_reply("fail .*")
    return "the server is not in service"


def starting(usherd, peer):
    peer.behaviour = peers.starting
    usherd.wait_reply("down .*")
    return "the server is not in service"


def stopping(usherd, peer):
    peer.behaviour = peers.stopping
    usherd.wait_reply(".* # stopping")
    return "the server is not in service"


def drained(usherd, peer):
    del peer
    usherd.order("drain")
    return "an order keeps the server out of service"


def held(usherd, peer):
    del peer
    usherd.order("hold")
    return "an order keeps the server out of service"


def without_figures(usherd, peer):
    del usherd
    peer.metrics = jruby.missing
    return UNKNOWN + " (HTTP status 404)"


def with_one_waiting(usherd, peer):
    del usherd
    peer.metrics = jruby.figures(1, borrowed=1, waiting=1)
    return "1 request waits for a JRuby"


def with_two_waiting(usherd, peer):
    del usherd
    peer.metrics = jruby.figures(1, borrowed=1, waiting=2)
    return "2 requests wait for a JRuby"


@pytest.mark.parametrize("trouble", [
    dead, starting, stopping, drained, held, without_figures,
    with_one_waiting, with_two_waiting], ids=lambda f: f.__name__)
def test_refused(canary, peer, trouble):
    """With the sentence that status and explain have; --force goes on."""
    objection = trouble(canary, peer)
    wait_objection(canary, objection)
    refused(canary.ctl(*NEXT), "canary: puppet1 stays at 5%%: %s; --force "
            "goes on all the same" % objection)
    assert percent(canary) == 5
    canary.order(*FORCE)
    assert percent(canary) == 25


def test_refused_while_busy(peer, start_usherd, config_for):
    usherd = start_usherd(config_for(peer, timeout="1s", busy_limit="1h"))
    usherd.wait_reply("up ready 100%")
    usherd.order(*PLAN)
    peer.behaviour = endless.silent_after_tls
    usherd.wait_reply("up ready 5% # busy")
    refused(usherd.ctl(*NEXT), "stays at 5%: the server is busy; --force")
    assert percent(usherd) == 5


def test_all_borrowed_is_no_reason(canary, peer):
    """Nobody waits; more clients would, but that is what a step finds out."""
    with jruby.Stepwise(jruby.figures(2, borrowed=2)) as figures:
        peer.metrics = figures
        figures.step()
        assert canary.order(*NEXT) == said(25)


def test_before_the_next_probe(peer, start_usherd, config_for):
    """Nobody has asked for figures before there was a plan."""
    usherd = start_usherd(config_for(peer, interval="1h"))
    usherd.wait_reply("up ready 100%")
    usherd.order(*PLAN)
    refused(usherd.ctl(*NEXT), "stays at 5%: " + UNKNOWN)
    usherd.order("probe")
    assert usherd.order(*NEXT) == said(25)


@pytest.mark.parametrize("before", [[], ["weight", "5%"], ["drain"]],
                         ids=["nothing", "weight", "drain"])
def test_no_plan(usherd, before):
    if before:
        usherd.order(*before)
    for words in (NEXT, FORCE):
        refused(usherd.ctl(*words), "canary: puppet1 has no canary plan")
    assert plan(usherd) is None


# --- beside other orders ----------------------------------------------------

def test_a_weight_replaces_it(canary):
    canary.order("weight", "30%")
    assert (percent(canary), plan(canary)) == (30, None)
    refused(canary.ctl(*NEXT), "has no canary plan")


def test_it_replaces_a_weight(usherd):
    usherd.order("weight", "30%", "-m", "one DIMM")
    usherd.order(*PLAN)
    assert (usherd.reply(), plan(usherd)["step"]) == (reply(5), 1)
    usherd.order("auto", "--weight")
    assert usherd.reply() == "up ready 100%"


def test_auto(canary):
    """--weight ends it, --state and --hold do not."""
    canary.order("drain")
    assert canary.reply() == "up drain 5% # drain by " + ME
    canary.order("auto", "--state")
    canary.order("auto", "--hold")
    assert canary.reply() == reply(5)
    canary.order("drain")
    canary.order("auto", "--weight")
    assert canary.reply() == "up drain 100% # drain by " + ME
    assert plan(canary) is None


def test_for_ends_it(usherd):
    usherd.order(*PLAN, "--for", "6s")
    wait_objection(usherd, None)
    usherd.order(*NEXT)
    assert usherd.status()["ceiling"]["until"] is not None
    usherd.wait_reply("up ready 100%")
    assert plan(usherd) is None
    fact = usherd.wait_fact("order", by="usherd (it has run out)", new="none")
    assert fact.get("old").startswith("25%% canary by %s: %s (until " % (ME,
                                                                        WHY))


def test_require_reason(peer, start_usherd, config_for):
    """For the plan, not for its steps."""
    usherd = start_usherd(config_for(peer, usher_require_reason="yes"))
    usherd.wait_reply("up ready 100%")
    refused(usherd.ctl("canary", "5%", "25%"), "-m REASON")
    usherd.order(*PLAN)
    wait_objection(usherd, None)
    assert usherd.order(*NEXT) == said(25)


# --- usage ------------------------------------------------------------------

@pytest.mark.parametrize("words, sentence", [
    (["25%", "5%"], "each percentage is above the one before"),
    (["5%", "5%"], "each percentage is above the one before"),
    (["0%", "5%"], "0% tries nothing; `drain` takes it out"),
    (["101%"], "from 0% to 100%"),
    (["%d%%" % n for n in range(1, 10)], "takes at most 8 percentages"),
    ([], "needs percentages, or --next"),
    (["puppet1"], "needs percentages, or --next"),
    (["--every", "1m"], "needs percentages, or --next"),
    (["--next", "25%"], "--next goes on with the steps that were given"),
    (["--next", "--every", "1m"], "--next goes on with"),
    (["--next", "--for", "1m"], "--next goes on with"),
    (["--next", "-m", "why"], "--next goes on with"),
    (["5%", "--every", "999ms"], "--every is a whole number with s, m, h"),
    (["5%", "--every", "0s"], "--every is a whole number with s, m, h"),
    (["5%", "--every", "3651d"], "--every is at most 3650d"),
    (["5%", "--every"], "a value is missing after --every"),
    (["5%", "--force"], "--force goes with --next"),
    (["5%", "puppet1", "puppet2"], "does not take puppet2"),
    (["5%", "--all"], "does not take --all"),
], ids=lambda v: "_".join(v)[:20] or "nothing" if isinstance(v, list) else "")
def test_usage_errors(canary, words, sentence):
    refused(canary.ctl("canary", *words), "canary: ", 2)
    refused(canary.ctl("canary", *words), sentence, 2)
    assert canary.reply() == reply(5)


# --- that it lasts ----------------------------------------------------------

@pytest.mark.parametrize("step", [1, 2, 3])
def test_survives_a_kill(canary, step):
    """At the same step, with the same reason, from the same person; and that
    is said from the first poll on.
    """
    for _ in range(step - 1):
        canary.order(*NEXT)
    before = canary.status()
    assert before["canary"]["step"] == step
    canary.kill()
    canary.start()
    told = reply(STEPS[step - 1])
    assert canary.reply() in (told, told[len("up ready "):])
    canary.wait_reply(told)
    assert canary.status()["ceiling"] == before["ceiling"]
    wait_objection(canary, None)
    assert plan(canary) == before["canary"]


def test_volatile(usherd):
    usherd.order(*PLAN, "--volatile")
    wait_objection(usherd, None)
    assert usherd.order(*NEXT) == said(25)
    assert usherd.status()["ceiling"]["durable"] is False
    usherd.kill()
    usherd.start()
    usherd.wait_reply("up ready 100%")


def test_a_disk_that_cannot_be_written(canary):
    """A step that would be gone after a restart is refused."""
    canary.state.rename(canary.own / "away")
    canary.state.write_text("in the way")
    refused(canary.ctl(*NEXT), "can't be written to disk")
    assert percent(canary) == 5


def test_survives_a_reload(canary):
    canary.order(*NEXT)
    before = canary.status()["ceiling"]
    canary.order("reload")
    assert canary.status()["ceiling"] == before
    assert plan(canary)["step"] == 2


# --- what is shown ----------------------------------------------------------

def test_status(canary):
    row, first, second = canary.order("status").splitlines()[1:4]
    assert row.endswith(reply(5))
    assert first.startswith("    canary 5%% by %s for " % ME)
    assert first.endswith(": " + WHY)
    assert second == "    next step: 25%, with `canary --next`"
    assert plan(canary) == {
        "steps": STEPS, "step": 1, "every_ms": 0, "next_in_ms": None,
        "objection": None}
    assert canary.status()["weight"] == 5
    ceiling = canary.status()["ceiling"]
    assert (ceiling["order"], ceiling["percent"], ceiling["reason"]) == (
        "canary", 5, WHY)


def test_explain(canary):
    told = canary.order("explain")
    assert "weight order: canary 5%% by %s for " % ME in told
    assert "    next step: 25%, with `canary --next`\n" in told
    assert "weight: 5%, the lowest of: weight order 5%, load 100%" in told
    explained, = json.loads(canary.order("explain", "-j"))["servers"]
    assert explained["canary"] == plan(canary)
    assert explained["limits"][0] == {"limit": "order", "percent": 5}


def test_order_as_json(canary):
    assert json.loads(canary.order(*NEXT, "-j")) == {
        "version": 1, "servers": [{"name": "puppet1", "reply": reply(25)}]}


def test_log_and_audit(canary):
    """Each step, who took it, in the log and in the history."""
    canary.order(*NEXT)
    canary.order("auto")
    steps = ["none", *("%d%% canary by %s: %s" % (n, ME, WHY)
                       for n in STEPS[:2]), "none"]
    changes = list(zip(steps, steps[1:]))
    facts = wait_until(
        lambda: (found := canary.facts("order", server="puppet1", by=ME,
                                       level="info"))
        and len(found) >= len(changes) and found, canary.log)
    assert [(f.get("old"), f.get("new")) for f in facts] == changes
    log = json.loads(canary.order("log", "-j"))
    assert [line["text"] for line in log if line["what"] == "order"] == [
        "%s -> %s, by %s" % (*change, ME) for change in changes]
