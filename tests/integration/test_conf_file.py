"""scripts/usher.conf, which the packages install: it has every option with its
default, and says nothing.
"""

import re

from usherd import ROOT, check

SHIPPED = ROOT / "scripts/usher.conf"
OPTION = re.compile(r'\b(USHER|SERVER)\("([^"]+)",.*?,\s*((?:"[^"]*"\s*)+)\),',
                    re.S)
SECTIONS = {"USHER": "[usher]", "SERVER": "[defaults]"}


def options():
    """(section, name, default), as src/option.c has them, in its order."""
    source = (ROOT / "src/option.c").read_text()
    table = source[source.index("options[] = {"):]
    table = table[:table.index("\n};")]
    found = [(SECTIONS[kind], name, "".join(re.findall('"([^"]*)"', default)))
             for kind, name, default in OPTION.findall(table)]
    assert len(found) == len(re.findall(r"^\t(USHER|SERVER)\(", table, re.M))
    return found


def shipped():
    """The same of the file, up to the example at its end."""
    found, section = [], ""
    for line in SHIPPED.read_text().splitlines():
        if line.startswith("#[server "):
            break
        if line.startswith("["):
            section = line
        option = re.fullmatch(r"#([a-z-]+) =(?: (.*))?", line)
        if option:
            found.append((section, option[1], option[2] or ""))
    return found


def test_every_option_with_its_default():
    assert shipped() == options()


def test_it_says_nothing():
    """Untouched it is as good as no file."""
    lines = SHIPPED.read_text().splitlines()
    assert {line for line in lines if line and not line.startswith("#")} == {
        "[usher]", "[defaults]"}
    assert check(SHIPPED) == (0, "")


def test_with_every_line_in_force(tmp_path):
    """The example is one, and the defaults are values that usherd takes."""
    text = re.sub(r"^#(?=[a-z-]+ =|\[)", "", SHIPPED.read_text(), flags=re.M)
    path = tmp_path / "usher.conf"
    path.write_text(text)
    assert "\n[server " in text and "\nramp = 0s\n" in text
    assert check(path) == (0, "")
