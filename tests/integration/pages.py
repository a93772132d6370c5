"""The examples of the manual pages: what lies in a literal block, or in a line
set off, as a reader sees it.
"""

import re
from typing import NamedTuple

from usherd import ROOT

SRC = ROOT / "src"
PAGES = ("usherd.8", "usherctl.8", "usher.conf.5", "usher-protocol.7")
BLOCK = re.compile(r"^\.S[hs] (.*)$|^\.Dl (.*)$|"
                   r"^\.Bd -literal.*\n((?:.*\n)*?)\.Ed$", re.M)
ESCAPES = {r"\(dq": '"', r"\e": "\\", r"\`": "`"}


class Example(NamedTuple):
    """Where it stands, and its text."""

    page: str
    text: str


def shown(text):
    """Without mdoc's escapes; one that is not known here is an error."""
    return re.sub(r"\\(?:\(..|.)", lambda found: ESCAPES[found.group()], text)


EXAMPLES = [Example(page, shown(line or block)) for page in PAGES
            for title, line, block in BLOCK.findall((SRC / page).read_text())
            if not title]


def example(page, start):
    """The only one of this page that begins so."""
    found, = [e for e in EXAMPLES
              if e.page == page and e.text.startswith(start)]
    return found.text
