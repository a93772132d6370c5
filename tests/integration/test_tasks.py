"""The tasks of the Puppet module, run as Bolt runs them."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from follower import BUSY
from usherd import ME, ROOT, binary, environment

TASKS = ROOT / "scripts" / "puppet" / "usher" / "tasks"
NAMES = ["drain", "restore", "status", "wait_serving"]
KINDS = {1: "failed", 2: "usage", 4: "no-usherd", 5: "refused", 6: "timeout",
         127: "no-usherctl"}
MINUTE = 60  # also with sanitizers on a busy machine


def metadata(name):
    return json.loads((TASKS / (name + ".json")).read_text())


class Bolt:
    """What Bolt does on a host: a copy of the task, and JSON to its stdin."""

    def __init__(self, folder, socket):
        self.folder = folder
        self.socket = str(socket)

    def start(self, data, **env):
        """The task that `data` names, with these bytes as its input."""
        path = shutil.copy(TASKS / "usherctl.rb", self.folder)
        tools = Path(binary("usherctl")).parent
        path_there = "%s:%s" % (env.pop("first", tools), os.environ["PATH"])
        process = subprocess.Popen(
            [path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=environment(PATH=path_there, **env))
        process.stdin.write(data)
        process.stdin.close()
        process.stdin = None
        return process

    def finish(self, process):
        """Exit status and what it printed, which must be one JSON object."""
        try:
            out, err = process.communicate(timeout=MINUTE)
        finally:
            process.kill()
        assert err == b"", err
        return process.returncode, json.loads(out)

    def input(self, name, params):
        spec = metadata(name)["parameters"]
        assert params.keys() <= spec.keys()
        given = {k: p["default"] for k, p in spec.items() if "default" in p}
        given.update({"socket": self.socket, **params,
                      "_task": "usher::" + name})
        return json.dumps(given, ensure_ascii=False).encode()

    def run(self, name, env=None, **params):
        return self.finish(self.start(self.input(name, params), **env or {}))

    def done(self, name, **params):
        """What a task says that goes well."""
        code, said = self.run(name, **params)
        assert code == 0 and "_error" not in said, said
        return said

    def failed(self, code, name, **params):
        """The sentence of one that fails with this status, and all it says."""
        ended = self.run(name, **params)
        return failure(ended, code), ended[1]


def failure(ended, code):
    """The sentence of what has ended with this status."""
    error = ended[1]["_error"]
    assert ended[0] == code, ended
    assert error["kind"] == "usher/" + KINDS[code]
    assert error["details"] == {"exit_code": code}
    assert "\n" not in error["msg"] and "usherctl: " not in error["msg"][:10]
    return error["msg"]


@pytest.fixture
def bolt(usherd, tmp_path):
    return Bolt(tmp_path, usherd.socket)


@pytest.fixture
def two(start_peer, start_usherd, config_for, tmp_path):
    """One usherd for two servers."""
    usherd = start_usherd(config_for(start_peer(), start_peer()))
    usherd.order("wait", "serving", "--all")
    return usherd, Bolt(tmp_path, usherd.socket)


def test_drain_and_restore(usherd, bolt):
    said = bolt.done("drain", reason="new heap size")
    reply = "up drain 100%% # drain by %s: new heap size" % ME
    assert said["servers"] == [{"name": "puppet1", "reply": reply}]
    assert "0 requests running, 0 waiting" in said["steps"]
    assert usherd.status()["state"]["order"] == "drain"
    usherd.order("weight", "50%")
    said = bolt.done("restore")
    reply = "up ready 50% # weight by " + ME
    assert said["servers"] == [{"name": "puppet1", "reply": reply}]
    assert said["steps"]
    assert usherd.status()["state"] is None
    assert usherd.status()["ceiling"]["percent"] == 50


def test_status(usherd, bolt):
    said = bolt.done("status")
    shown = json.loads(usherd.order("status", "-j"))
    assert said.keys() == shown.keys()
    assert said["servers"][0].keys() == shown["servers"][0].keys()
    assert said["servers"][0]["in_service"] is True


@pytest.mark.parametrize("reason", [
    'the "new" heap\\size', "$(reboot) `reboot` ; 'x' %s", "größer, 更大 😀",
    "two\nlines\tand\amore", "--force", "x" * 255, "ü" * 127])
@pytest.mark.parametrize("env", [{}, {"LC_ALL": "C"}], ids=["", "C"])
def test_reasons(usherd, bolt, reason, env):
    """Nothing to wait for, so that it ends at once."""
    bolt.run("drain", env, reason=reason, timeout="1s")
    kept = usherd.status()["state"]["reason"]
    assert kept == re.sub("[\t\a]", "?", reason.replace("\n", " "))


def test_drain_takes_too_long(usherd, bolt, peer):
    peer.metrics = BUSY
    sentence, said = bolt.failed(6, "drain", timeout="1s")
    assert "timed out after 1s" in sentence and "stays in force" in sentence
    assert said["servers"][0]["name"] == "puppet1" and said["steps"]
    assert usherd.status()["state"]["order"] == "drain"


def test_drain_that_ends_by_itself(usherd, bolt):
    bolt.done("drain", **{"for": "1h", "settle": "1s", "force": True})
    assert usherd.status()["state"]["until"]


def test_drain_of_the_last_server(two):
    usherd, bolt = two
    usherd.order("drain", "puppet1")
    sentence, _ = bolt.failed(5, "drain", server="puppet2")
    assert "no server would be left in service" in sentence
    assert usherd.status("puppet2")["in_service"]
    bolt.failed(6, "drain", server="puppet2", force=True, timeout="1s")
    assert not usherd.status("puppet2")["in_service"]


@pytest.mark.parametrize("name", ["drain", "restore", "wait_serving"])
def test_which_server(two, name):
    sentence, _ = two[1].failed(1, name, server="puppet3")
    assert "puppet3" in sentence
    sentence, _ = two[1].failed(1, name)
    assert "there are 2 servers: name one" in sentence
    servers = two[1].done("status")["servers"]
    assert [s["in_service"] for s in servers] == [True, True]


def test_sentences_without_a_locale(bolt):
    ended = bolt.run("status", {"LC_ALL": "C"}, server="größe")
    assert "größe" in failure(ended, 1)


def test_restore_of_a_dead_server(usherd, bolt, peer):
    usherd.order("drain")
    peer.refuse()
    sentence, said = bolt.failed(6, "restore", timeout="1s")
    assert sentence == "puppet1: connection refused; nothing has changed"
    assert said.keys() == {"_error"}
    assert usherd.status()["state"]["order"] == "drain"


def test_restore_waits_for_an_answer(usherd, bolt, peer):
    """The verdict is still that of before."""
    usherd.configure(usherd.path.read_text().replace(
        "100ms", "1h").replace("fall = 2", "fall = 9"))
    usherd.order("reload")
    usherd.order("drain")
    peer.refuse()
    process = bolt.start(bolt.input("restore", {"timeout": "1m"}))
    usherd.wait_fact("probe", word="refused")
    assert usherd.status()["verdict"] == "up" and process.poll() is None
    assert usherd.status()["state"]["order"] == "drain"
    peer.listen()
    assert bolt.finish(process)[0] == 0
    assert usherd.status()["in_service"]


def test_wait_serving(usherd, bolt):
    assert bolt.done("wait_serving")["steps"]
    usherd.order("drain")
    sentence, said = bolt.failed(6, "wait_serving", timeout="1s")
    assert "timed out" in sentence and "servers" not in said
    assert usherd.status()["state"]["order"] == "drain"


@pytest.mark.parametrize("name", NAMES)
def test_no_usherd(usherd, bolt, name):
    usherd.wait_open()
    usherd.end()
    sentence, _ = bolt.failed(4, name)
    assert "is usherd running" in sentence


@pytest.mark.parametrize("name", NAMES)
def test_no_usherctl(bolt, tmp_path, name):
    """One that is, but can't be run: no other is then looked for."""
    broken = tmp_path / "usherctl"
    broken.write_text("#!/there/is/no/such/shell\n")
    broken.chmod(0o755)
    ended = bolt.run(name, {"first": str(tmp_path)})
    assert "No such file or directory - usherctl, with PATH=" in failure(ended, 127)


@pytest.mark.parametrize("data", [
    b"", b"server=puppet1", b"[]", b"null", b'"usher::drain"', b"{",
    b"{}", b'{"_task": "usher::nosuch"}', b'{"_task": ["usher::drain"]}',
    b'{"_task": "usher::drain", "reason": "\xff"}',
], ids=repr)
def test_bad_input(usherd, bolt, data):
    failure(bolt.finish(bolt.start(data)), 2)
    assert usherd.status()["in_service"]


@pytest.mark.parametrize("params", [
    {"server": "--force"}, {"server": "-m"}, {"server": 7}, {"server": ""},
    {"server": ["puppet1"]}, {"reason": "nul\0"}, {"reason": "x" * 256},
    {"reason": {}}, {"force": "true"}, {"force": 1}, {"timeout": "soon"},
    {"timeout": 30}, {"timeout": "--force"}, {"settle": "-1s"},
    {"for": "1y"},
], ids=repr)
def test_bad_parameters(usherd, bolt, params):
    bolt.failed(2, "drain", **params)
    assert usherd.status()["in_service"]


def test_undef(usherd, bolt):
    bolt.done("wait_serving", server=None, timeout=None)


def test_metadata():
    names = sorted(p.stem for p in TASKS.glob("*.json"))
    assert names == sorted([*NAMES, "usherctl"])
    assert metadata("usherctl")["private"]
    for name in NAMES:
        told = metadata(name)
        assert told["description"] and told["input_method"] == "stdin"
        assert [i["name"] for i in told["implementations"]] == ["usherctl.rb"]
        assert all(p["description"] for p in told["parameters"].values())


def test_ruby_has_no_doubts():
    done = subprocess.run(["ruby", "-wc", TASKS / "usherctl.rb"], text=True,
                          capture_output=True, timeout=MINUTE)
    assert (done.returncode, done.stderr) == (0, ""), done
