"""The examples in the manual pages, taken out of the pages as mandoc shows
them to a reader, and claimed by the tests that run them.

    @manual.shown("usherctl.8", "EXAMPLES", "usherctl weight 50%")
    def test_half(text, shell): ...

test_manual.py fails when an example is claimed by nobody.
"""

import os
import re
import signal
import subprocess
from functools import lru_cache
from html.parser import HTMLParser
from typing import NamedTuple

import pytest

import jruby
from peer import session_ids_only
from usherd import ROOT, SANITIZER, Said, binary, environment
from waiting import DEADLINE, wait_until

PAGES = ("usherd.8", "usherctl.8", "usher.conf.5", "usher-protocol.7")
P1, P2 = "puppet1.example.com", "puppet2.example.com"
IDLE = jruby.figures(4)
BUSY = jruby.figures(4, borrowed=2)
CLAIMED = []
ACT = """\
echo %(name)s "$@" >%(folder)s/acts.new
mv %(folder)s/acts.new %(folder)s/acts
until mv %(folder)s/let %(folder)s/gone 2>/dev/null; do sleep 0.02; done
exit "$(cat %(folder)s/gone)"
"""


class Example(NamedTuple):
    """What stands in one display: `.Bd -literal` or `.Dl`."""

    page: str
    heading: str  # the nearest above it
    text: str

    def __str__(self):
        return "%s: %s: %s" % (self.page, self.heading,
                               self.text.split("\n")[0])


class Reader(HTMLParser):
    """Displays, what is quoted in running text, and the rows of lists and
    tables: mandoc -T html has each in an element of its own.
    """

    def __init__(self, page):
        super().__init__()
        self.page, self.heading = page, ""
        self.examples, self.quoted, self.rows = [], [], []
        self.open = []  # (tag, kind, pieces of text, row)
        source = ROOT / "src" / page
        self.feed(subprocess.run(
            ["mandoc", "-T", "html", "-O", "fragment", source], check=True,
            text=True, capture_output=True, timeout=DEADLINE).stdout)
        written = re.findall(r"^\.(?:Bd -literal|Dl )", source.read_text(),
                             re.M)
        assert len(written) == len(self.examples), page

    def kind(self, tag, classes):
        if tag == "code" and "Li" in classes:
            inside = self.open[-1][1] == "display"
            return "line" if inside else "quoted"
        if tag == "div" and "Bd" in classes:
            return "display"
        return {"pre": "lines", "h1": "heading", "h2": "heading",
                "tr": "row", "td": "cell", "dt": "term", "dd": "text"}.get(tag)

    def handle_starttag(self, tag, attrs):
        classes = (dict(attrs).get("class") or "").split()
        if tag in ("tr", "dt"):
            self.rows.append((self.heading, []))
        if tag not in ("br", "col"):
            self.open.append((tag, self.kind(tag, classes), [], self.row()))

    def row(self):
        """That began last: a list item's own may have lists in it."""
        return self.rows[-1][1] if self.rows else []

    def handle_data(self, data):
        for _, _, pieces, _ in self.open:
            pieces.append(data)

    def handle_endtag(self, tag):
        name, kind, pieces, row = self.open.pop()
        assert name == tag, "%s: </%s> after <%s>" % (self.page, tag, name)
        whole = "".join(pieces)
        text = " ".join(whole.split())
        if kind == "heading":
            self.heading = text
        elif kind in ("lines", "line"):
            self.examples.append(Example(self.page, self.heading,
                                         text if kind == "line" else whole))
        elif kind == "quoted":
            self.quoted.append(text)
        elif kind in ("cell", "term", "text"):
            row.append(text)


@lru_cache(maxsize=None)
def read(page):
    return Reader(page)


def rows(page, heading):
    """Of the lists and tables below it, term or cells and text."""
    return [row for above, row in read(page).rows if above == heading]


def example(page, heading, begin=""):
    """The text of the example below a heading that begins so."""
    found = [e for e in read(page).examples
             if e.heading == heading and e.text.startswith(begin)]
    assert len(found) == 1, "%s: %s: %d examples that begin with %r" % (
        page, heading, len(found), begin)
    CLAIMED.append(found[0])
    return found[0].text


def shown(page, heading, begin=""):
    """Gives it to a test, as `text`."""
    return pytest.mark.parametrize("text", [example(page, heading, begin)],
                                   ids=[page + " " + heading])


def context(pki, name):
    """TLS as the pages show it, for a server with this name."""
    return session_ids_only(pki.identity(name))


def put(text, places):
    """The text with this host's places instead; each must be in there."""
    for page, here in places.items():
        assert page in text, "%s is not in:\n%s" % (page, text)
        text = text.replace(page, here)
    return text


class Shell:
    """Runs command lines of the pages as they are, in a folder of their own.

    usherd and usherctl are those under test; each other command that `acts`
    is the test's own: it waits until the test has seen it and lets it go on.
    By `sudo`, from alice.
    """

    def __init__(self, folder, usherd, *acts):
        self.folder = folder
        self.process = None
        self.env = environment(PATH="%s:%s" % (folder, os.environ["PATH"]),
                               SUDO_USER="alice")
        self.add("usherd", 'exec %s "$@"' % binary())
        self.add("usherctl", 'exec %s -s %s "$@"' % (
            binary("usherctl"), usherd.socket))
        for name in acts:
            self.add(name, ACT % {"name": name, "folder": folder})

    def add(self, name, script):
        path = self.folder / name
        path.write_text("#!/bin/sh\n%s\n" % script)
        path.chmod(0o755)

    def start(self, text, program="sh"):
        with open(self.folder / "out", "w") as out, \
                open(self.folder / "err", "w") as err:
            self.process = subprocess.Popen(
                [program, "-c", text], cwd=self.folder, env=self.env,
                stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                start_new_session=True)

    def lines(self):
        return (self.folder / "out").read_text().splitlines()

    def wait_line(self, line):
        wait_until(lambda: line in self.lines(),
                   lambda: "%s, but %s" % (line, self.said()))

    def wait_act(self, *words):
        """Until it runs this command, which goes on with let()."""
        path = self.folder / "acts"
        wait_until(path.exists, lambda: "%s, but %s" % (words, self.said()))
        assert path.read_text() == " ".join(words) + "\n"
        path.unlink()

    def let(self, code=0):
        """What it runs ends, with this exit status."""
        (self.folder / "let.new").write_text(str(code))
        (self.folder / "let.new").rename(self.folder / "let")

    def said(self):
        return Said(self.process.returncode, (self.folder / "out").read_text(),
                    (self.folder / "err").read_text())

    def finish(self, deadline=60):
        wait_until(lambda: self.process.poll() is not None, self.said,
                   deadline)
        said = self.said()
        assert not SANITIZER.search(said.err), said.err
        return said

    def run(self, text, program="sh"):
        self.start(text, program)
        return self.finish()

    def stop(self):
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
