"""The version that a package gets from git."""

import os
import re
import shutil

import pytest
from nspawn import run
from usherd import ROOT

WHO = {"GIT_%s_%s" % (who, what): value for who in ("AUTHOR", "COMMITTER")
       for what, value in (("NAME", "test"), ("EMAIL", "test@example.com"),
                           ("DATE", "2026-01-02T03:04:05+01:00"))}


class Checkout:
    """A repository with package-source and a file in it."""

    def __init__(self, folder):
        self.folder = folder / "checkout"
        self.copies = folder / "copies"
        (self.folder / "scripts").mkdir(parents=True)
        shutil.copy(ROOT / "scripts/package-source", self.folder / "scripts")
        self.git("init", "-q")
        self.commit("first")

    def git(self, *words):
        run("git", *words, cwd=self.folder, env={**os.environ, **WHO})

    def commit(self, text):
        (self.folder / "file").write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", text)

    def version(self):
        version = run(self.folder / "scripts/package-source",
                      self.copies).strip()
        run("dpkg", "--validate-version", version)
        assert "-" not in version, "rpm takes none"
        return version

    def copied(self):
        """What the last of the copies holds."""
        copy, = self.copies.iterdir()
        return {p.name: p.read_text() for p in copy.iterdir() if p.is_file()}


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path)


def test_without_a_tag(checkout):
    assert re.fullmatch(r"0\.0~git20260102\.020405\.[0-9a-f]{7}",
                        checkout.version())


def test_of_a_tag_and_later(checkout):
    versions = [checkout.version()]
    checkout.git("tag", "v1.2-rc1")
    versions.append(checkout.version())
    checkout.commit("second")
    versions.append(checkout.version())
    checkout.git("tag", "v1.2")
    versions.append(checkout.version())
    checkout.commit("third")
    versions.append(checkout.version())
    (checkout.folder / "file").write_text("fourth")
    versions.append(checkout.version())
    assert versions[1] == "1.2~rc1" and versions[3] == "1.2"
    assert re.fullmatch(r"1\.2~rc1\+1\.[0-9a-f]+", versions[2])
    assert re.fullmatch(r"1\.2\+1\.[0-9a-f]+", versions[4])
    assert versions[5] == versions[4] + "+dirty"
    for old, new in zip(versions, versions[1:]):
        run("dpkg", "--compare-versions", old, "lt", new)


def test_what_lies_here(checkout):
    """As it lies here, with what git does not know yet, without what it is
    told to ignore.
    """
    (checkout.folder / ".gitignore").write_text("ignored\n")
    (checkout.folder / "ignored").write_text("")
    (checkout.folder / "new").write_text("new")
    (checkout.folder / "file").write_text("changed")
    assert checkout.version().endswith("+dirty")
    assert checkout.copied() == {".gitignore": "ignored\n", "new": "new",
                                 "file": "changed"}
    (checkout.folder / "file").unlink()
    checkout.version()
    assert "file" not in checkout.copied()
