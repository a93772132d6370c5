"""What usherd does to the host, and what it is built with.

strace(1) records every system call of a whole life, outside of a machine; the
filter of the unit is systemd's own list of names.  That the unit runs under it
is what all other tests here show.
"""

import contextlib
import os
import re
import shutil
import subprocess
from typing import NamedTuple

import pytest
from nspawn import run
from peer import Peer, context, running
from pki import NAME, Pki

from usherd import ROOT, Usherd, binary

CALL = re.compile(r"^\d+ +(\w+)\((.*)$")
RESUMED = re.compile(r"^\d+ +<\.\.\. (\w+) resumed>")
# A folder, by `strace -y`, and a name in there.
AT = re.compile(r'(?:AT_FDCWD|\d+)<([^>]*)>, "([^"]*)", (\S+)')
# All that it may open, besides what Life says of its own.
SYSTEM = re.compile("|".join((
    # its libraries, and those that look up hosts, users and groups
    r"/etc/ld\.so\.cache", r"(/usr)?/lib/([^/]+/)*lib[^/]+\.so(\.\d+)*",
    # hosts
    r"/etc/(nsswitch|host|resolv|gai)\.conf", r"/etc/hosts",
    # who gives an order, and the group that may; nss-systemd looks there too
    r"/etc/(passwd|group)",
    r"(/etc|/run|/run/host|/run/systemd|(/usr(/local)?)?/lib)/userdb(/[^/]+)?",
    # this host's name in Puppet, where its CA lies
    r"/etc/(puppet|puppetlabs/puppet)/puppet\.conf",
    # local time, random numbers, standard streams, its own figures
    r"/etc/localtime", r"/usr/share/zoneinfo/.+", r"/dev/(urandom|null)",
    r"/proc/self/(stat|fd)")))
MAY_NOT_IMPORT = {"execl", "execle", "execlp", "execv", "execve", "execveat",
                  "execvp", "execvpe", "fexecve", "fork", "vfork", "popen",
                  "posix_spawn", "posix_spawnp", "system", "uv_spawn",
                  "dlopen"}


class Life(NamedTuple):
    """Its state folder; what it may read there and elsewhere because it is
    told to; the names of its calls; and (name, arguments) of each.
    """

    state: str
    ours: set
    names: set
    calls: list


def read_trace(path):
    names, calls = set(), []
    for line in path.read_text(errors="replace").splitlines():
        call = CALL.match(line)
        name = call or RESUMED.match(line)
        if name:
            names.add(name.group(1))
        if call:
            calls.append(call.groups())
    return names, calls


@pytest.fixture(scope="module")
def life(tmp_path_factory):
    """Probes by name, polls, orders, a page, a reload and the end."""
    need("strace")
    folder = tmp_path_factory.mktemp("life")
    trace = folder / "trace"
    with contextlib.ExitStack() as stack:
        pki = Pki(folder)
        peer = Peer(context(pki.good), running)
        stack.callback(peer.stop)
        usherd = Usherd(folder, {
            "usher": {"agent-listen": "127.0.0.1:0",
                      "http-listen": "127.0.0.1:0"},
            "server puppet": {
                "address": "localhost:%d" % peer.port, "tls-name": NAME,
                "ca-file": pki.ca_file, "crl-file": pki.crl_file,
                "timeout": "10s"}},
            ["strace", "-D", "-f", "-y", "-qq", "-o", trace])
        stack.callback(usherd.stop)
        live(usherd)
    state = str(usherd.state)
    ours = {str(usherd.path), str(pki.ca_file), str(pki.crl_file), state,
            state + "/state.json", state + "/state.json.new"}
    return Life(state, ours, *read_trace(trace))


def live(usherd):
    usherd.wait_reply("up ready 100%")
    usherd.order("drain", "-m", "a day in its life")
    usherd.wait_reply("up drain 100%.*")
    usherd.order("probe")
    run("curl", "-s", "http://127.0.0.1:%d/metrics" % usherd.ports("http")[0])
    usherd.sighup()
    usherd.wait_fact("reload", text="done")
    usherd.order("auto")
    usherd.end()


def need(program):
    assert shutil.which(program), (
        "%s: not installed; run scripts/install-deps systemd" % program)


def allowed(group):
    """All names in one of systemd's groups of system calls."""
    names = set()
    for line in run("systemd-analyze", "syscall-filter",
                    group).splitlines()[1:]:
        word = line.strip()
        if word.startswith("@"):
            names |= allowed(word)
        elif word and not word.startswith("#"):
            names.add(word)
    return names


def test_the_filter_lacks_nothing(life):
    """The unit's filter answers EPERM, which a library may hide."""
    unit = (ROOT / "scripts/systemd/usherd.service").read_text()
    may = set()
    for line in re.findall(r"^SystemCallFilter=(.*)", unit, re.M):
        named = set().union(*map(allowed, line.lstrip("~").split()))
        may = may - named if line.startswith("~") else may | named
    used = life.names
    print("\nusherd makes %d different system calls, may make %d"
          % (len(used), len(may)))
    assert {"accept4", "fsync", "openat"} <= used
    assert used <= may, used - may


def opened(life):
    """(path, flags) of each call that opens a file, whether it could or not."""
    for name, args in life.calls:
        if "open" in name or name == "creat":
            at = AT.match(args)
            assert name == "openat" and at, (name, args)
            folder, file, flags = at.groups()
            yield os.path.normpath(os.path.join(folder, file)), flags


def test_it_opens_what_it_needs(life):
    """O_PATH opens nothing: a library finds its way to what follows."""
    for path, flags in opened(life):
        if "O_PATH" not in flags:
            assert path in life.ours or SYSTEM.fullmatch(path), path
        if re.search("O_WRONLY|O_RDWR|O_CREAT", flags):
            assert path == life.state + "/state.json.new", path
    assert any("O_CREAT" in flags for _, flags in opened(life))


def test_it_starts_nothing(life):
    """One execve(): the one that started it."""
    started = [name for name, _ in life.calls
               if re.match("(execve|fork|vfork)", name)]
    assert started == ["execve"], started
    for program in ("usherd", "usherctl"):
        imports = set(re.findall(
            r" U (\w+)", run("nm", "-D", "--undefined-only", binary(program))))
        assert "write" in imports or "uv_write" in imports, imports
        assert not imports & MAY_NOT_IMPORT, imports & MAY_NOT_IMPORT


@pytest.mark.parametrize("program", ["usherd", "usherctl"])
def test_hardening(program):
    """PIE, stack protector, fortified functions, full RELRO; x86's CET by its
    instruction: Debian 12's own start files lack the mark.
    """
    need("hardening-check")
    said = run("hardening-check", "--nocfprotection", binary(program))
    print("\n" + said.strip())
    for line in ("Position Independent Executable: yes", "Stack protected: yes",
                 "Fortify Source functions: yes", "Read-only relocations: yes",
                 "Immediate binding: yes"):
        assert line in said, said
    if "x86-64" in run("readelf", "-h", binary(program)):
        main = run("objdump", "-d", "--disassemble=main", binary(program))
        assert re.search(r"<main>:\n.*\bendbr64\b", main), main


def test_hardening_is_asked_of_the_compiler():
    """What no tool reads off a program that needs it nowhere."""
    done = subprocess.run(["make", "-n", "-B", "-C", ROOT, "V=1",
                           "B=build/none", "all"], text=True,
                          capture_output=True, timeout=60, check=True)
    compiled = [line for line in done.stdout.splitlines() if " -c " in line]
    assert compiled
    for line in compiled:
        assert "-fstack-clash-protection" in line, line
