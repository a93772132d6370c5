"""The life of a real Puppet Server: what usherd says at each moment, and what
HAProxy does with it.

Each test goes on where the one before it ended, because a start takes long:
they run in the order of this file, and all of them.
"""

import pytest

from farm import CATALOG_SECONDS
from puppetserver import ANYONE, DEADLINE, NOBODY
from usherd import Usherd
from waiting import wait_until

UP = "up 100%"
BUSY = "up 100% # busy"
REFUSED = "fail 100% # connection refused"


@pytest.fixture
def history(farm):
    return farm.history


@pytest.fixture
def first(farm):
    return farm.nodes[0]


@pytest.fixture
def second(farm):
    return farm.nodes[1]


def test_cold_start(farm, history):
    for node in farm.nodes:
        node.wait_reply(REFUSED)
        history.wait(node.name, "DOWN (agent)", agent="(connection refused)")
    began = history.note("both", "start")
    for node in farm.nodes:
        node.puppet.start()
    for node in farm.nodes:
        node.puppet.wait_running()
        history.note(node.name, "has answered `running` to the test")
    for node in farm.nodes:
        history.wait(node.name, "UP", began)
        assert node.usherd.reply() == UP
        replies = node.replies(0)
        assert replies[:2] == [REFUSED, UP]
        assert replies.index(UP) == len(replies) - 1
        assert node.usherd.facts("probe", word="ok")


def test_sessions_are_resumed(first, tmp_path):
    """Of a steady server, probed often here to have many probes soon."""
    config = first.config(**{"interval": "100ms", "fast-interval": "100ms"})
    usherd = Usherd(tmp_path, config)
    try:
        wait_until(lambda: len(handshakes(usherd)) > 100, usherd.log, DEADLINE)
    finally:
        usherd.stop()
    sessions = handshakes(usherd)
    resumed = sessions.count("resumed")
    print("\n%d of %d sessions resumed" % (resumed, len(sessions)))
    assert sessions[0] == "full"
    assert resumed >= 0.95 * len(sessions)


def handshakes(usherd):
    """How each good probe came to its TLS session."""
    return [f.get("session") for f in usherd.facts("probe", word="ok")
            if f.level == "debug"]


def reload(node, history, who):
    """SIGHUP, and who may read the status page; usherd.mark() from before."""
    node.puppet.status_access(who)
    mark = node.usherd.mark()
    history.note(node.name, "SIGHUP, auth.conf: " + who)
    node.puppet.hup()
    node.puppet.wait_closed()
    return mark


def test_auth_conf_that_forbids_the_status_page(first, history):
    mark = reload(first, history, NOBODY)
    wait_until(lambda: first.facts(mark, "probe", word="forbidden"),
               first.usherd.log, DEADLINE)
    first.wait_reply(UP)
    answered = history.note(first.name, "usherd has seen the 403")
    wait_until(lambda: "403" in history.seen(first.name, answered)[-1].check,
               lambda: str(history), DEADLINE)
    # The check must not fail for it, either.
    assert history.seen(first.name, answered)[-1].check == "L7OK 403"
    history.wait(first.name, "UP", answered)
    told = [f for f in first.facts(mark, "probe", word="forbidden")
            if f.level != "debug"]
    assert len(told) == 1, told
    assert all(f.get("is") == "up"
               for f in first.facts(mark, "verdict", word="forbidden"))


def test_reload(first, history):
    mark = reload(first, history, ANYONE)
    first.puppet.wait_running()
    opened = history.note(first.name, "has answered `running` to the test")
    wait_until(lambda: first.facts(mark, "probe", word="ok"),
               first.usherd.log, DEADLINE)
    first.wait_reply(UP)
    history.wait(first.name, "UP", opened, check="L7OK 200")
    # Whether it is "fail" for a moment depends on how long a reload takes.
    assert set(first.replies(mark)) <= {REFUSED, UP}


def test_frozen(first, history):
    mark = first.usherd.mark()
    when = history.note(first.name, "SIGSTOP")
    first.puppet.freeze()
    first.wait_reply(BUSY)
    history.wait(first.name, "UP", when, agent="(busy)")
    wait_until(lambda: len(first.replies(mark)) > 1, first.usherd.log,
               DEADLINE)
    history.wait(first.name, "DOWN (agent)", when)
    assert first.replies(mark) == [
        BUSY, "fail 100% # connected, but no answer in time"]
    # The check was not quicker: busy is usherd's to judge.
    states = history.seen(first.name, when)
    assert [s.status for s in states if not s.status.startswith("UP")] == [
        "DOWN (agent)"]

    thawed = history.note(first.name, "SIGCONT")
    first.puppet.thaw()
    first.wait_reply(UP)
    history.wait(first.name, "UP", thawed)


def test_idle_stop(first, second, history):
    mark = second.usherd.mark()
    when = history.note(second.name, "SIGTERM, idle")
    second.puppet.term()
    second.puppet.wait_exit()
    history.note(second.name, "has ended")
    wait_until(lambda: second.replies(mark), second.usherd.log, DEADLINE)
    history.wait(second.name, "DOWN (agent)", when)
    assert second.replies(mark)[0].startswith("fail 100% # connection ")
    assert all(s.status.startswith("UP")
               for s in history.seen(first.name, when))


def test_stop_while_catalogs_are_compiled(first, history):
    """It says `running` until the last JRuby is back; so usherd says `up`
    while it takes requests that it will refuse: why a stop is to be announced.
    """
    running = first.puppet.catalog(CATALOG_SECONDS)
    wait_until(lambda: first.puppet.requests() == (1, 0), "no compile")
    queued = first.puppet.catalog(CATALOG_SECONDS)
    wait_until(lambda: first.puppet.requests() == (1, 1), "no queue")
    mark = first.usherd.mark()
    history.note(first.name, "SIGTERM, one catalog compiled, one queued")
    first.puppet.term()
    wait_until(lambda: len(first.facts(mark, "probe", word="ok")) > 1,
               first.usherd.log)
    assert running.is_alive(), running
    assert first.usherd.reply() == UP
    assert first.puppet.status() == (200, b"running")
    history.note(first.name, "status page still says `running`")
    late = first.puppet.catalog(CATALOG_SECONDS)

    running.join(DEADLINE)
    assert running.status == 200, running
    assert first.replies(mark) == []
    closed = history.note(first.name, "has finished the running catalog")
    first.puppet.wait_closed()
    history.note(first.name, "has closed its port")
    history.wait(first.name, "DOWN (agent)", closed)
    assert first.replies(mark)[0].startswith("fail 100% # connection ")
    assert UP not in first.replies(mark)
    # One of them may hang for as long as Jetty waits for it: 45 s.
    history.note(first.name, "the one that was queued: %s" % queued)
    history.note(first.name, "one asked for after SIGTERM: %s" % late)
    assert 200 not in (queued.status, late.status)
