"""A folder booted with systemd as its first process, by systemd-nspawn(1),
without a network.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

from waiting import wait_until

CGROUPS = Path("/sys/fs/cgroup")
PATIENCE = 240  # seconds; far beyond what anything takes


def require():
    """What is missing is an error that says how to get it."""
    missing = [p for p in ("systemctl", "systemd-nspawn", "nsenter")
               if not shutil.which(p)]
    assert not missing, ("%s: not installed; run scripts/install-deps systemd"
                         % ", ".join(missing))
    assert os.geteuid() == 0, "a machine can be booted by root only"


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=PATIENCE, **options)
    assert done.returncode == 0, "%s: %s" % (command, done.stdout)
    return done.stdout


def own_group(name):
    """A cgroup for the machine in each hierarchy that systemd uses, so that
    several can be up side by side.
    """
    unified = (CGROUPS / "cgroup.procs").exists()
    bases = [CGROUPS] if unified else [CGROUPS / "systemd",
                                       CGROUPS / "unified"]
    own = [b / name for b in bases if b.is_dir()]
    for folder in own:
        folder.mkdir()
    return unified, own


def remove_group(folder):
    """It is empty; its folders go from the inside out."""
    for path, _, _ in os.walk(folder, topdown=False):
        wait_until(lambda p=path: removed(p), "cgroup %s empty" % path)


def removed(path):
    try:
        os.rmdir(path)
    except FileNotFoundError:
        pass
    except OSError:
        return False
    return True


class Nspawn:
    """The machine in `root`; `options` are more of systemd-nspawn's."""

    def __init__(self, root, name, *options):
        self.root = Path(root)
        self.console = self.root.parent / "console"
        self.options = options
        self.children = []
        self.leader = None
        self.unified, self.groups = own_group(
            "usher-test-%d-%s" % (os.getpid(), name))
        self.nspawn = self.boot()

    def boot(self):
        """Its output goes to a file, which a failure shows."""
        command = ["systemd-nspawn", "-q", "--register=no", "--keep-unit",
                   "--private-network", "--link-journal=no",
                   "--directory=%s" % self.root, *self.options]
        env = dict(os.environ)
        more = []
        if not self.unified:
            # Newer ones want to be told twice that an old kernel API will do.
            env["UNIFIED_CGROUP_HIERARCHY"] = "0"
            command.append("--setenv=SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1")
            more.append("systemd.legacy_systemd_cgroup_controller=1")
        groups = " ".join(str(g / "cgroup.procs") for g in self.groups)
        enter = ("for f in %s; do echo $$ >$f || exit; done; exec \"$@\""
                 % groups)
        with open(self.console, "wb") as console:
            return subprocess.Popen(
                ["sh", "-c", enter, "sh", *command, "--boot", *more], env=env,
                stdin=subprocess.DEVNULL, stdout=console, stderr=console)

    def wait_up(self):
        self.leader = wait_until(self.find_leader, self.show)
        wait_until(lambda: self.ctl("is-system-running", ok=None).strip()
                   in ("running", "degraded"), self.show, PATIENCE, 0.2)

    def find_leader(self):
        """The machine's first process, which is number 1 in there; a helper
        of nspawn's comes before it.
        """
        assert self.nspawn.poll() is None, self.show()
        path = "/proc/%d/task/%d/children" % ((self.nspawn.pid,) * 2)
        for pid in Path(path).read_text().split():
            with contextlib.suppress(OSError):
                status = Path("/proc/%s/status" % pid).read_text()
                if re.search(r"^NSpid:\t\d+\t1$", status, re.M):
                    return pid
        return None

    def show(self):
        text = self.console.read_text(errors="replace")
        journal = self.root / "var/log/journal"
        shown = subprocess.run(
            ["journalctl", "-q", "-D", str(journal), "-n", "60"], text=True,
            capture_output=True).stdout
        return "%s\n%s" % (text[-2000:], shown)

    def inside(self, *command):
        return ["nsenter", "-t", self.leader, "-m", "-u", "-i", "-n", "-p",
                *command]

    def start(self, *command):
        child = subprocess.Popen(self.inside(*command), text=True,
                                 stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT)
        self.children.append(child)
        return child

    def run(self, *command, ok=0):
        """What it prints; `ok` None: however it ends."""
        child = self.start(*command)
        out, _ = child.communicate(timeout=PATIENCE)
        self.children.remove(child)
        assert ok is None or child.returncode == ok, (
            "%s: %s\n%s" % (command, out, self.show()))
        return out

    def ctl(self, *words, ok=0):
        return self.run("systemctl", *words, ok=ok)

    def property(self, unit, name):
        return self.ctl("show", "-P", name, unit).strip()

    def pid(self, unit):
        return int(self.property(unit, "MainPID"))

    def kill(self, unit, number):
        self.run("kill", "-%d" % number, str(self.pid(unit)))

    def wait_state(self, unit, state):
        wait_until(lambda: self.property(unit, "ActiveState") == state,
                   lambda: "%s %s\n%s" % (unit, state, self.show()), PATIENCE)

    def wait_down(self):
        self.nspawn.wait(PATIENCE)

    def close(self):
        if self.nspawn.poll() is None:
            os.kill(int(self.leader or self.nspawn.pid), signal.SIGKILL)
        self.nspawn.wait(60)
        for child in self.children:
            child.kill()
            child.communicate(timeout=60)
        for group in self.groups:
            remove_group(group)
