"""The plan of the Puppet module, run by Debian's Puppet with bolt.rb in place of
Bolt; tasks, servers and usherds are real.
"""

import json
import signal
import subprocess
from pathlib import Path

import pytest

from peer import running, starting
from usherd import ROOT, Usherd, binary, environment

MODULES = ROOT / "scripts" / "puppet"
PLAN = MODULES / "usher" / "plans" / "rolling.pp"
MINUTE = 60  # also with sanitizers on a busy machine


class Farm:
    """Three hosts, each with a Puppet Server and an usherd of its own.

    A command may call `hostname`, and keep files in $FARM.
    """

    NAMES = ["one", "two", "three"]

    def __init__(self, folder, start_peer, config_for, cleanup):
        self.folder = folder
        self.hosts = {}
        self.scratch = folder / "scratch"
        self.scratch.mkdir()
        for name in self.NAMES:
            (folder / name).mkdir()
            peer = start_peer(self.behaviour(name))
            usherd = Usherd(folder / name, config_for(peer))
            cleanup.callback(usherd.stop)
            self.hosts[name] = usherd
            self.install(name, "usherctl", "exec %s -s %s \"$@\"" % (
                binary("usherctl"), usherd.socket))
            self.install(name, "hostname", "echo " + name)
        for usherd in self.hosts.values():
            usherd.wait_fact("verdict", **{"is": "up"})

    def behaviour(self, name):
        """Starts for ever, once there is a file that says so."""
        broken = self.folder / ("broken-" + name)
        return lambda conn: (starting if broken.exists() else running)(conn)

    def install(self, name, program, line):
        script = self.folder / name / program
        script.write_text("#!/bin/sh\n%s\n" % line)
        script.chmod(0o755)

    def run(self, command, **params):
        """What bolt.rb says."""
        given = {"targets": self.NAMES, "command": command, **params}
        done = subprocess.run(
            ["ruby", Path(__file__).with_name("bolt.rb")], text=True,
            capture_output=True, timeout=3 * MINUTE, input=json.dumps({
                "modules": str(MODULES), "plan": "usher::rolling",
                "params": given, "scratch": str(self.scratch), "targets":
                {n: str(self.folder / n) for n in self.NAMES}}),
            env=environment(FARM=str(self.folder)))
        assert (done.returncode, done.stderr) == (0, ""), done
        return json.loads(done.stdout)

    def stopped(self, kind, command, **params):
        """The sentence that the plan ends with, its details, its calls."""
        said = self.run(command, **params)
        assert said["error"]["kind"] == kind, said
        return said["error"]["msg"], said["error"]["details"], said["calls"]

    def serving(self):
        return [n for n, u in self.hosts.items() if u.status()["in_service"]]

    def drained(self):
        return [n for n, u in self.hosts.items() if u.status()["state"]]


@pytest.fixture
def farm(tmp_path, start_peer, config_for, cleanup):
    return Farm(tmp_path, start_peer, config_for, cleanup)


def calls(command, *batches):
    """Of a plan in which nothing fails."""
    every = [["usher::status", Farm.NAMES]]
    for batch in batches:
        every += [["usher::drain", batch], [command, batch],
                  ["usher::restore", batch]]
    return every


def test_the_plan_is_valid(tmp_path):
    done = subprocess.run(
        ["puppet", "parser", "validate", "--tasks", PLAN, "--confdir",
         tmp_path], capture_output=True, text=True, timeout=MINUTE)
    assert (done.returncode, done.stderr) == (0, ""), done


def test_rolling(farm):
    """Out of service while the command runs, and only then."""
    command = ("{ hostname; usherctl status -q; echo $?; } >>$FARM/log;"
               "usherctl status >>$FARM/log")
    said = farm.run(command, reason="new \"heap\", größer")
    assert said["result"] == {"done": Farm.NAMES}
    assert said["calls"] == calls(command, ["one"], ["two"], ["three"])
    log = (farm.folder / "log").read_text().splitlines()
    assert [line for line in log if line in Farm.NAMES] == Farm.NAMES
    assert log.count("3") == 3
    assert sum('new "heap", größer' in line for line in log) == 3, log
    assert farm.serving() == Farm.NAMES and not farm.drained()


def test_in_batches(farm):
    said = farm.run("true", batch=2)
    assert said["calls"] == calls("true", ["one", "two"], ["three"])
    assert farm.serving() == Farm.NAMES


def test_one_server(farm):
    assert farm.run("true", targets="two")["result"] == {"done": ["two"]}


def test_ends_where_the_command_fails(farm):
    """Of its batch the others go back; after it nothing begins."""
    command = '[ "$(hostname)" = one ]'
    sentence, details, made = farm.stopped("usher/stopped", command, batch=2)
    assert details == {"failed": ["two"], "left": ["three"]}
    assert made[1:] == [
        ["usher::drain", ["one", "two"]], [command, ["one", "two"]],
        ["usher::restore", ["one"]], ["usher::status", ["two"]]]
    assert "two: The command failed with exit code 1" in sentence
    assert "told: up drain 100% # drain by" in sentence
    assert "usher::restore --targets two;" in sentence
    assert sentence.endswith("the rest: --targets three")
    assert farm.serving() == ["one", "three"] and farm.drained() == ["two"]


def test_ends_where_a_server_does_not_come_back(farm):
    sentence, details, made = farm.stopped(
        "usher/stopped", "touch $FARM/broken-$(hostname)",
        serving_timeout="1s")
    assert details == {"failed": ["one"], "left": ["two", "three"]}
    assert made[-2:] == [["usher::restore", ["one"]],
                         ["usher::status", ["one"]]]
    assert "starting; nothing has changed" in sentence
    assert farm.serving() == ["two", "three"] and farm.drained() == ["one"]


def test_ends_where_an_usherd_has_gone(farm):
    """It was there when the plan began."""
    victim = farm.hosts["three"]
    sentence, details, made = farm.stopped(
        "usher/stopped", "[ $(hostname) = one ] || kill -9 %d"
        % victim.process.pid, targets=["one", "two", "three"])
    assert victim.finish() == -signal.SIGKILL
    assert details == {"failed": ["three"], "left": []}
    assert made[-2:] == [["usher::drain", ["three"]],
                         ["usher::status", ["three"]]]
    assert "is usherd running" in sentence and "state unknown" in sentence
    assert sentence.endswith("that is all")


def test_after_a_failure(farm):
    """A server that is out of service already is one too few."""
    farm.hosts["two"].order("drain")
    sentence, details, made = farm.stopped("usher/out-of-service", "false")
    assert sentence == "not begun: out of service: two"
    assert details == {"out_of_service": ["two"]} and len(made) == 1
    assert farm.drained() == ["two"]
    said = farm.run("true", targets=["two", "one"], force=True)
    assert said["result"] == {"done": ["two", "one"]}
    assert farm.serving() == Farm.NAMES


def test_is_not_all_at_once(farm):
    sentence, _, made = farm.stopped("usher/all-at-once", "false", batch=3)
    assert sentence == "not begun: a batch of 3 is all 3 servers"
    assert not made


def test_without_an_usherd(farm):
    """Nothing has been done to the others."""
    farm.hosts["three"].kill()
    _, details, made = farm.stopped("bolt/run-failure", "false")
    assert len(made) == 1
    assert [v["_error"]["kind"] for v in details] == ["usher/no-usherd"]
    assert not farm.hosts["one"].status()["state"]


def test_nobody(farm):
    farm.stopped("usher/no-targets", "false", targets=[])
