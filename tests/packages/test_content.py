"""What the packages say of themselves, and that both hold the same."""

import re
import subprocess

import pytest

from nspawn import run
from usherd import ROOT

# Where Debian keeps what others keep elsewhere.
PLACES = [("lib/systemd/system/", "usr/lib/systemd/system/"),
          ("usr/share/zsh/vendor-completions/",
           "usr/share/zsh/site-functions/")]
# Each has its own way with the licence, the changelog and the rest of this.
OWN = re.compile(r"^usr/(lib/\.build-id/|share/(licenses|lintian)/"
                 r"|share/doc/usher/[^/]+$)")


def test_lintian():
    changes, = (ROOT / "build/deb").glob("*.changes")
    assert run("lintian", "--allow-root", "--fail-on", "error,warning",
               changes) == ""


def test_rpmlint(rpm):
    """The package, its source, and the spec in there."""
    both = sorted(rpm.parent.glob("*.rpm"))
    assert len(both) == 2, both
    said = run("rpmlint", "-c", ROOT / "scripts/rpm/rpmlint.toml", *both)
    assert "2 packages" in said and "0 errors, 0 warnings" in said, said


def in_deb(deb):
    """path -> (mode, owner) of the files."""
    found = {}
    for line in run("dpkg-deb", "-c", deb).splitlines():
        mode, owner, _, _, _, path = line.split(maxsplit=5)
        if not mode.startswith("d"):
            path = path[2:]
            for here, there in PLACES:
                if path.startswith(here):
                    path = path.replace(here, there)
            found[path] = mode, owner
    return found


def in_rpm(rpm):
    """The same."""
    said = run("rpm", "-qp", "--nosignature", "--qf",
               r"[%{FILEMODES:perms} %{FILEUSERNAME}/%{FILEGROUPNAME} "
               r"%{FILENAMES}\n]", rpm)
    lines = (line.split(maxsplit=2) for line in said.splitlines())
    return {path[1:]: (mode, owner) for mode, owner, path in lines
            if not mode.startswith("d")}


def test_alike(deb, rpm):
    ours, theirs = ({k: v for k, v in files.items() if not OWN.match(k)}
                    for files in (in_deb(deb), in_rpm(rpm)))
    assert ours == theirs
    for path in ("usr/sbin/usherd", "usr/sbin/usherctl",
                 "etc/usher/usher.conf", "usr/lib/sysusers.d/usher.conf",
                 "usr/share/man/man7/usher-protocol.7.gz",
                 "usr/share/doc/usher/examples/haproxy/tcp.cfg",
                 "usr/share/doc/usher/examples/puppet/usher/metadata.json"):
        assert path in ours
    assert {owner for _, owner in ours.values()} == {"root/root"}


def test_configuration_is_kept(deb, rpm):
    kept = "/etc/usher/usher.conf"
    assert run("dpkg-deb", "-I", deb, "conffiles").split() == [kept]
    assert run("rpm", "-qp", "--nosignature", "--configfiles",
               rpm).split() == [kept]
    # 16: noreplace.
    flags = run("rpm", "-qp", "--nosignature", "--qf",
                r"[%{FILENAMES} %{FILEFLAGS}\n]", rpm)
    assert int(dict(line.split() for line in flags.splitlines())[kept]) & 16


def test_version_of_the_rpm(rpm, tmp_path):
    """Its program says the same; the deb's is asked where it is installed."""
    version = run("rpm", "-qp", "--nosignature", "--qf", "%{VERSION}", rpm)
    run("sh", "-c", "rpm2cpio %s | cpio -id --quiet ./usr/sbin/usherd" % rpm,
        cwd=tmp_path)
    said = run(tmp_path / "usr/sbin/usherd", "-v")
    assert said.strip() == "usherd " + version


USHERCTL = """#!/bin/sh
echo "$*" >>"$CALLS"
case $1 in release) exit 6 ;; esac
"""


@pytest.mark.parametrize("kind", ["deb", "rpm"])
def test_removal_while_an_haproxy_is_gone(kind, request, tmp_path):
    """Who is not told in time: weights end all the same."""
    package = request.getfixturevalue(kind)
    if kind == "deb":
        script, word = run("dpkg-deb", "-I", package, "prerm"), "remove"
    else:
        script, word = run("rpm", "-qp", "--nosignature", "--qf", "%{PREUN}",
                           package), "0"
    calls = tmp_path / "calls"
    for name in ("usherctl", "systemctl", "deb-systemd-invoke"):
        stand_in = tmp_path / name
        stand_in.write_text(USHERCTL if name == "usherctl" else "#!/bin/sh\n")
        stand_in.chmod(0o755)
    done = subprocess.run(
        ["sh", "-s", word], input=script, text=True, capture_output=True,
        env={"PATH": "%s:/usr/bin:/bin" % tmp_path, "CALLS": str(calls)})
    assert done.returncode == 0, done.stderr
    assert "HAProxy may keep what it was told last" in done.stderr
    release, weights = calls.read_text().splitlines()
    assert release.startswith("release --all --wait")
    assert weights == "auto --all --weight"
