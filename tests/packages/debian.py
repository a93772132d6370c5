"""A small Debian of this host's release, in which a package is installed."""

import fcntl
import re
import shutil
import subprocess
from pathlib import Path

from nspawn import Nspawn, run
from usherd import ROOT

CACHE = ROOT / "build" / "packages"
# Beside what the package needs: what boots, and a journal that lasts.
MORE = ["systemd", "systemd-sysv"]
FETCH_SECONDS = 1200
# What dpkg, systemd and useradd write for themselves.
NOT_OURS = re.compile(
    r"^(var/(log|cache|tmp|lib/(dpkg|rpm|systemd|apt|private|pam|ucf)/?)|run/"
    r"|tmp/|dev/|proc/|sys/|etc/[^/]*-$|etc/\.pwd\.lock$)")


def hidden():
    """What usherd.service hides from usherd."""
    unit = (ROOT / "scripts/systemd/usherd.service").read_text()
    lines = re.findall("^InaccessiblePaths=(.*)", unit, re.M)
    return [path.lstrip("-+") for path in " ".join(lines).split()]


def rpm_at(root):
    """The command; what is needed is there, from Debian's packages."""
    return ["rpm", "--root=%s" % root, "--dbpath=/var/lib/rpm",
            "--force-debian", "--nodeps", "--nosignature"]


def source():
    """The mirror and the release that this host's apt names first."""
    said = run("apt-get", "indextargets", "--format",
               "$(REPO_URI) $(CODENAME)", "Created-By: Packages",
               "Origin: Debian").split("\n")
    assert said[0], "apt names no mirror of Debian"
    return said[0].split()


def needed(deb):
    """The names in its Depends, of alternatives the first."""
    said = run("dpkg-deb", "-f", deb, "Depends")
    return sorted(re.match(r"[^ (|:]+", d)[0] for d in said.split(", "))


def fetched(deb):
    """A folder with such a Debian, which is fetched once."""
    mirror, release = source()
    packages = sorted({*MORE, *needed(deb)})
    folder = CACHE / ("%s-%s" % (release, "-".join(packages)))
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            new = folder.with_name("new")
            shutil.rmtree(new, ignore_errors=True)
            new.mkdir()
            debootstrap(new, packages, release, mirror)
            new.rename(folder)
    return folder


def copied(deb, root):
    run("cp", "-a", "--reflink=auto", fetched(deb), root)


def debootstrap(folder, packages, release, mirror):
    done = subprocess.run(
        ["debootstrap", "--variant=minbase",
         "--include=" + ",".join(packages), release, str(folder), mirror],
        text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=FETCH_SECONDS)
    assert done.returncode == 0, done.stdout[-2000:]
    for path in (folder / "var/cache/apt/archives").glob("*.deb"):
        path.unlink()


def files(root):
    """All that a package could have left behind."""
    paths = (str(p.relative_to(root)) for p in root.rglob("*"))
    return {p for p in paths if not NOT_OURS.search(p)}


class Debian(Nspawn):
    """It is up, and has never seen Puppet."""

    def __init__(self, folder, deb):
        root = Path(folder) / "root"
        copied(deb, root)
        (root / "etc/hostname").write_text("test\n")
        (root / "etc/hosts").write_text("127.0.0.1 localhost test\n")
        for name in ("var/log/journal", "srv"):
            (root / name).mkdir(exist_ok=True)
        super().__init__(root, "debian")

    def dpkg(self, *words):
        return self.run("env", "DEBIAN_FRONTEND=noninteractive", "dpkg",
                        *words)

    def install(self, deb):
        shutil.copy(deb, self.root / "srv/usher.deb")
        said = self.dpkg("-i", "/srv/usher.deb")
        (self.root / "srv/usher.deb").unlink()
        return said

    def rpm(self, *words):
        """This host's, at work in there: the machine has none."""
        return run("nsenter", "-t", self.leader, "-u", "-i", "-n", "-p",
                   *rpm_at("/proc/%s/root" % self.leader), *words)

    def files(self):
        return files(self.root)

    def close(self):
        super().close()
        shutil.rmtree(self.root)
