"""What bash and zsh offer after `usherctl`, with a real usherd to ask."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios

import pytest

from usherd import ROOT, binary, environment
from waiting import DEADLINE, wait_until

FOLDER = ROOT / "scripts" / "completions"
BASH = """\
. "$1"; shift
COMP_LINE="$*" COMP_POINT=${#COMP_LINE} COMP_WORDS=("$@")
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


# --- a terminal, and somebody who presses TAB ---------------------------------

SHELLS = {
    "bash": (["bash", "--rcfile", "rc", "-i"],
             "PS1='ready> '\nbind 'set bell-style none'\n. '%s'\n"
             % (FOLDER / "usherctl.bash")),
    "zsh": (["zsh", "-d", "-i"],
            "PS1='ready> '\nunsetopt beep prompt_sp\n"
            "fpath=('%s' $fpath)\nautoload -U compinit\ncompinit -u -D\n"
            % FOLDER),
}
CONTROL = re.compile(r"\r|.\x08|\x1b\[[?\d;]*[A-Za-z]")
WIDE = struct.pack("HHHH", 50, 1000, 0, 0)  # rows, columns, and no pixels


class Terminal:
    """A shell at work, and all that it has shown."""

    def __init__(self, shell, folder, path):
        command, setup = SHELLS[shell]
        for name in "rc", ".zshrc":
            (folder / name).write_text(setup)
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, WIDE)
            os.chdir(folder)
            os.execvpe(command[0], command, environment(
                PATH=path, TERM="dumb", HOME=str(folder), ZDOTDIR=str(folder),
                INPUTRC="/dev/null"))
        self.shown = ""
        self.wait("ready> $")

    def type(self, text):
        os.write(self.fd, text.encode())

    def wait(self, regex):
        """Until what was shown last is this."""
        def shows():
            while select.select([self.fd], [], [], 0)[0]:
                self.shown += os.read(self.fd, 4096).decode()
            return re.search(regex, CONTROL.sub("", self.shown))
        wait_until(shows, lambda: "%s in %r" % (regex, self.shown))

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


@pytest.fixture(params=SHELLS)
def start_terminal(request, tmp_path, cleanup):
    def start(path):
        (tmp_path / "a folder").mkdir()
        terminal = Terminal(request.param, tmp_path, path)
        cleanup.callback(terminal.close)
        return terminal
    return start


SBIN = os.path.dirname(binary("usherctl"))


def test_tab(usherd, start_terminal):
    usherd.wait_open()
    terminal = start_terminal("%s:%s" % (SBIN, os.environ["PATH"]))
    terminal.type("usherctl -s %s dra\tpupp\t--forc\t" % usherd.socket)
    terminal.wait(r"usherctl -s \S+ drain puppet1 --force $")


def test_tab_with_a_path(usherd, start_terminal):
    """It need not be in the PATH; and paths are completed as paths."""
    usherd.wait_open()
    terminal = start_terminal("/usr/bin:/bin")
    terminal.type("%s -s %s wai\ti\t" % (binary("usherctl"), usherd.socket))
    terminal.wait(r"/usherctl -s \S+ wait idle $")
    terminal.type("\x15%s -s a\t" % binary("usherctl"))
    terminal.wait(r"/usherctl -s a\\ folder/$")


def test_tab_in_a_name_with_colons(peer, start_usherd, config_for,
                                   start_terminal):
    config = config_for(peer)
    config["server fe80::1:2"] = config.pop("server puppet1")
    usherd = start_usherd(config)
    usherd.wait_open()
    terminal = start_terminal("%s:%s" % (SBIN, os.environ["PATH"]))
    terminal.type("usherctl -s %s drain fe80::\t--forc\t" % usherd.socket)
    terminal.wait(r" drain fe80(\\?:){2}1\\?:2 --force $")


def test_tab_while_usherd_hangs(usherd, start_terminal):
    usherd.wait_open()
    terminal = start_terminal("%s:%s" % (SBIN, os.environ["PATH"]))
    usherd.pause()
    terminal.type("usherctl -s %s drain --forc\t" % usherd.socket)
    terminal.wait(r" drain --force $")
    usherd.resume()
