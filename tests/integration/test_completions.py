"""What bash and zsh offer after `usherctl`, with a real usherd to ask."""

import os
import subprocess

import pytest

from usherd import ROOT, binary, environment
from waiting import DEADLINE

FOLDER = ROOT / "scripts" / "completions"
BASH = """\
. "$1"; shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_usherctl
printf '%s\\n' "${COMPREPLY[@]}"
"""
# compadd shows what it is given in place of zsh's own.
ZSH = """\
file=$1; shift
compadd() { shift; print -l -- "$@" }
_files() { print -l -- *(N) }
words=("$@") CURRENT=$#
complete_it() { . "$file" }
complete_it
"""


def bash(words, folder):
    return run(["bash", "-c", BASH, "-", FOLDER / "usherctl.bash", *words],
               folder)


def zsh(words, folder):
    """All that may stand there: zsh itself drops what does not fit."""
    shown = run(["zsh", "-f", "-c", ZSH, "-", FOLDER / "_usherctl", *words],
                folder)
    return {word for word in shown if word.startswith(words[-1])}


def run(command, folder):
    path = "%s:%s" % (os.path.dirname(binary("usherctl")), os.environ["PATH"])
    done = subprocess.run(command, cwd=folder, env=environment(PATH=path),
                          capture_output=True, text=True, timeout=DEADLINE)
    assert done.stderr == "", done.stderr
    return set(done.stdout.split())


@pytest.fixture(params=[bash, zsh])
def offered(request, usherd, tmp_path):
    """What is offered for the last word, asking the usherd."""
    (tmp_path / "stats").touch()

    def ask(*words):
        usherd.wait_open()
        return request.param(["usherctl", "-s", str(usherd.socket), *words],
                             tmp_path)
    return ask


def test_commands(offered):
    assert offered("dr") == {"drain"}
    everything = offered("")
    assert {"status", "drain", "canary", "haproxy-config", "-j"} <= everything
    assert "puppet1" not in everything
    assert offered("help", "ma") == {"maint"}


def test_options_of_a_command(offered):
    assert offered("drain", "--f") == {"--for", "--force"}
    assert "--next" not in offered("drain", "-")
    assert offered("canary", "--n") == {"--next"}


def test_names_of_servers(offered):
    assert offered("drain", "p") == {"puppet1"}
    assert offered("--for", "2h", "weight", "10%", "pup") == {"puppet1"}
    assert offered("reload", "p") == set()


def test_words_of_a_command(offered):
    assert offered("wait", "i") == {"idle"}
    assert offered("log-level", "") >= {"error", "warn", "info", "debug"}


def test_values(offered):
    assert offered("drain", "--for", "") == set()
    assert "stats" in offered("doctor", "--haproxy", "st")


def test_without_an_usherd(tmp_path):
    for shell in bash, zsh:
        words = ["usherctl", "-s", str(tmp_path / "none"), "drain", ""]
        shown = shell(words, tmp_path)
        assert "--force" in shown and "puppet1" not in shown
