"""A small Debian of this host's release, in which a package is installed."""

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
    r"^(var/(log|cache|tmp|lib/(dpkg|systemd|apt|private|pam|ucf)/?)|run/|tmp/"
    r"|dev/|proc/|sys/|etc/[^/]*-$|etc/\.pwd\.lock$)")


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
    if not folder.exists():
        new = folder.with_name("new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        debootstrap(new, packages, release, mirror)
        new.rename(folder)
    return folder


def debootstrap(folder, packages, release, mirror):
    done = subprocess.run(
        ["debootstrap", "--variant=minbase",
         "--include=" + ",".join(packages), release, str(folder), mirror],
        text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=FETCH_SECONDS)
    assert done.returncode == 0, done.stdout[-2000:]
    for path in (folder / "var/cache/apt/archives").glob("*.deb"):
        path.unlink()


class Debian(Nspawn):
    """It is up, and has never seen Puppet."""

    def __init__(self, folder, deb):
        root = Path(folder) / "root"
        run("cp", "-a", "--reflink=auto", fetched(deb), root)
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

    def files(self):
        """All that a package could have left behind."""
        paths = (str(p.relative_to(self.root)) for p in
                 self.root.rglob("*"))
        return {p for p in paths if not NOT_OURS.search(p)}

    def close(self):
        super().close()
        shutil.rmtree(self.root)
