"""The table of what came out, as text.

table.py TABLE.json    prints it
"""

import json
import sys
from pathlib import Path

# Title, and the value of a row.
COLUMNS = (
    ("", lambda r: r["way"]),
    ("way", lambda r: r["name"]),
    ("requests", lambda r: str(r["requests"])),
    ("failed", lambda r: str(r["failed"])),
    ("delayed over 5 s", lambda r: str(r["delayed"])),
    ("p99", lambda r: "%.1f s" % r["p99"]),
    ("longest", lambda r: "%.1f s" % r["longest"]),
)
# Of those that began too early for anybody to know.
EARLIER = ("failed earlier", lambda r: str(r["failed_before"]))
PLANNED = "rolling restart"


def table(rows, agents):
    """One part for each scenario."""
    text = ""
    for what in dict.fromkeys(row["what"] for row in rows):
        found = [row for row in rows if row["what"] == what]
        if what == PLANNED:
            text += what + " of both servers, one after the other\n"
            text += part(found, COLUMNS)
        else:
            text += what + (": one of two busy servers; requests that began "
                            "4.5 s or more after it\n")
            text += part(found, (*COLUMNS, EARLIER))
    for row in agents:
        text += "%s, %s: %d runs of `puppet agent`, %d failed; %s\n" % (
            row["what"], row["name"], row["runs"], row["failed"],
            ", ".join("%d ended with %s" % (n, code)
                      for code, n in row["codes"].items()))
    return text


def part(rows, columns):
    cells = [[title for title, _ in columns]]
    for row in sorted(rows, key=lambda r: r["way"]):
        cells.append([value(row) for _, value in columns])
    widths = [max(len(row[i]) for row in cells) for i in range(len(columns))]
    text = ""
    for row in cells:
        text += "  %s  %s" % (row[0].ljust(widths[0]), row[1].ljust(widths[1]))
        text += "".join("  " + cell.rjust(width) for cell, width in zip(
            row[2:], widths[2:])) + "\n"
    return text + "\n"


def main(path):
    found = json.loads(Path(path).read_text())
    print(table(found["runs"], found["agents"]), end="")


if __name__ == "__main__":
    main(sys.argv[1])
