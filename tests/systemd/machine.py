"""A machine of its own, with systemd as its first process: this host's /usr,
everything else in a folder.  systemd-nspawn(1) boots it, without a network.
"""

import json
import os
import shutil
from pathlib import Path

from nspawn import PATIENCE, Nspawn, run
from pki import NAME, Pki
from usherd import ROOT, binary
from waiting import wait_until

HERE = Path(__file__).resolve().parent
SSL = "var/lib/puppet/ssl"
MACHINE_ID = "8b3f7d0c51f94c0aa3f5f7f1d1a6c0de\n"
FILES = {
    "etc/os-release": "ID=test\nPRETTY_NAME=test\n",
    # Without it this would be a first boot, which enables all there is.
    "etc/machine-id": MACHINE_ID,
    "etc/hostname": "test\n",
    "etc/hosts": "127.0.0.1 localhost %s\n" % NAME,
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "etc/default/puppetserver": "JAVA_ARGS=\n",
    "etc/puppet/puppet.conf": "[main]\ncertname = %s\n" % NAME,
    "etc/sysusers.d/puppet.conf": "u puppet - - /var/lib/puppet\n",
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
    "etc/group": "root:x:0:\n",
    "srv/site/borrowed": "0",
    "srv/site/events": "",
}


def make_install(*variables, target="install"):
    """What is built, as it is: `-o all` builds nothing again."""
    run("make", "-s", "-C", ROOT, "-o", "all", target,
        "B=" + os.path.relpath(Path(binary()).parent, ROOT), *variables)


def install(root):
    """As a user does: programs, units, and the user, into /opt and /etc."""
    make_install("PREFIX=/opt", "DESTDIR=%s" % root,
                 "UNITDIR=/etc/systemd/system", "SYSUSERSDIR=/etc/sysusers.d")
    run("systemd-sysusers", "--root=%s" % root)


class Machine(Nspawn):
    """`unit` is a file here, which the machine has as the service `name`."""

    def __init__(self, folder, unit, name):
        self.root = Path(folder) / "root"
        self.name = name
        self.lay_out(unit)
        super().__init__(self.root, name, "--bind-ro=/usr",
                         "--bind-ro=%s:/srv/tests" % (ROOT / "tests"))

    # --- the folder ---

    def lay_out(self, unit):
        for path, text in FILES.items():
            file = self.root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        for name in ("usr", "proc", "sys", "dev", "run", "tmp", "root",
                     "var/log/journal", "srv/tests"):
            (self.root / name).mkdir(parents=True)
        for name in ("bin", "sbin", "lib", "lib64"):
            if Path("/" + name).exists():
                (self.root / name).symlink_to("usr/" + name)
        install(self.root)
        self.lay_out_puppet()
        units = self.root / "etc/systemd/system"
        shutil.copy(HERE / unit, units / ("%s.service" % self.name))
        shutil.copy(HERE / "balancer.service", units)
        (units / "default.target").symlink_to(
            "/usr/lib/systemd/system/multi-user.target")
        run("systemctl", "--root=%s" % self.root, "-q", "enable",
            "usherd.service", "usher-hold.service", "balancer.service",
            "%s.service" % self.name)

    def lay_out_puppet(self):
        """Certificates, owners and modes as Debian's packages have them."""
        ssl = self.root / SSL
        keys = ssl / "private_keys"
        ca = self.root / "etc/puppet/puppetserver/ca"
        for folder in (ssl / "certs", keys, ca):
            folder.mkdir(parents=True)
        pki = Pki(ssl)
        (ssl / "ca.pem").rename(ssl / "certs" / "ca.pem")
        (ca / "ca_key.pem").write_text("secret")
        (ssl / "ca").symlink_to("/etc/puppet/puppetserver/ca")
        shutil.copy(pki.good.cert, self.root / "srv/site/cert.pem")
        shutil.copy(pki.good.key, self.root / "srv/site/key.pem")
        Path(pki.good.key).rename(keys / (NAME + ".pem"))
        self.give_to_puppet(self.root / "var/lib/puppet")
        self.give_to_puppet(self.root / "etc/puppet/puppetserver")
        self.give_to_puppet(self.root / "srv/site")
        (self.root / "srv/site/events").chmod(0o666)

    def give_to_puppet(self, top):
        entries = (self.root / "etc/passwd").read_text().split()
        uid, gid = next(map(int, e.split(":")[2:4]) for e in entries
                        if e.startswith("puppet:"))
        for path in [top, *top.rglob("*")]:
            if not path.is_symlink():
                os.chown(path, uid, gid)
                path.chmod(0o750 if path.is_dir() else 0o640)

    def usherctl(self, *words, ok=0):
        return self.run("/opt/sbin/usherctl", *words, ok=ok)

    def drop_in(self, unit, text):
        """What `systemctl edit` does."""
        folder = self.root / "etc/systemd/system" / (unit + ".d")
        folder.mkdir(exist_ok=True)
        (folder / "test.conf").write_text(text)
        self.ctl("daemon-reload")

    # --- what has happened ---

    def show(self):
        return "%s\n%s" % (super().show(), self.events())

    def events(self):
        return (self.root / "srv/site/events").read_text()

    def mark(self):
        return len(self.events())

    def since(self, mark):
        return self.events()[mark:].splitlines()

    def wait_event(self, begin, mark):
        """Until there is one that begins so, after the mark."""
        wait_until(lambda: any(e.startswith(begin) for e in self.since(mark)),
                   lambda: "%s\n%s" % (begin, self.show()), PATIENCE)

    def borrow(self, count):
        """So many JRubies are at work."""
        new = self.root / "srv/site/borrowed.new"
        new.write_text(str(count))
        new.chmod(0o644)
        new.rename(self.root / "srv/site/borrowed")

    def journal(self):
        """Its entries, the oldest first; also when it is down."""
        if self.nspawn.poll() is None:
            self.run("journalctl", "--sync")
        lines = run("journalctl", "-q", "-o", "json", "--all", "-D",
                    self.root / "var/log/journal").splitlines()
        return [json.loads(line) for line in lines]

    def said(self, unit, after=0):
        """The lines of a unit's processes, and of systemd about it."""
        unit += ".service"
        return [e["MESSAGE"] for e in self.journal()[after:]
                if unit in (e.get("_SYSTEMD_UNIT"), e.get("UNIT"))]

    def ended(self):
        """Units, in the order in which their stop was done."""
        return [e["UNIT"] for e in self.journal()
                if e.get("JOB_TYPE") == "stop" and "JOB_RESULT" in e]
