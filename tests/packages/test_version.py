"""The version that a package gets from git."""

import os
import re
import shutil
import subprocess

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

    def source(self, **env):
        return subprocess.run(
            [self.folder / "scripts/package-source", self.copies], text=True,
            capture_output=True, env={**os.environ, "LC_ALL": "C", **env},
            timeout=60)

    def version(self):
        done = self.source()
        assert (done.returncode, done.stderr) == (0, ""), done
        version = done.stdout.strip()
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


def test_other_tags_are_no_versions(checkout):
    for tag in "reviewed", "vagrant", "1.2":
        checkout.git("tag", tag)
    assert checkout.version().startswith("0.0~git2026")


def stops(checkout, sentence):
    """With one line, and nothing is copied."""
    done = checkout.source()
    assert (done.returncode, done.stdout) == (1, ""), done
    assert re.fullmatch("package-source: git doesn't say which version this "
                        "is: .*(%s).*\n" % sentence, done.stderr), done
    assert list(checkout.copies.iterdir()) == []


def test_without_git_it_stops(checkout):
    shutil.rmtree(checkout.folder / ".git")
    stops(checkout, "not a git repository")
    run("git", "init", "-q", checkout.folder.parent)
    stops(checkout, "not have any commits|bad default revision")
    # As where somebody has put the sources into a repository of theirs.
    run("git", "-c", "user.name=test", "-c", "user.email=test@example.com",
        "commit", "-q", "--allow-empty", "-m", "theirs",
        cwd=checkout.folder.parent)
    stops(checkout, "it knows only")


def test_without_history_it_stops(checkout):
    shutil.rmtree(checkout.folder / ".git/objects")
    (checkout.folder / ".git/objects").mkdir()
    stops(checkout, "HEAD|object")


def test_a_git_that_fails_later_stops_it(checkout):
    """At what its version is made of."""
    broken = checkout.folder.parent / "bin"
    broken.mkdir()
    (broken / "git").write_text(
        '#!/bin/sh\n[ "$1" != status ] || exit 128\nPATH=${PATH#*:} exec git'
        ' "$@"\n')
    (broken / "git").chmod(0o755)
    done = checkout.source(PATH="%s:%s" % (broken, os.environ["PATH"]))
    assert done.returncode != 0 and done.stdout == "", done


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
