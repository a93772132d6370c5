"""The table that `make bench` ends with: each row is a value, what it stands
beside, and how many times that it is.

A part's rows(bench) makes its own, from all that has been measured.
"""

from typing import NamedTuple, Optional


class Ask(NamedTuple):
    """What is asked of a row's value, or of its ratio.  A bar that is missed
    fails the run; an aim does not: it hangs on what else the machine does.
    """

    kind: str  # aim or bar
    of: str    # value or ratio
    sign: str  # <= or >=
    limit: float


class Row(NamedTuple):
    """`ratio` is the median of those of each round, where both were measured in
    each; else that of the two, as beside() makes it.  What stands beside was
    measured in the same breath, but where `beside` says that it is set, or
    asked for.
    """

    what: str
    value: float
    unit: str
    beside: str
    other: float
    ratio: Optional[float]  # there is none to nothing
    ask: Optional[Ask] = None

    def held(self):
        if self.ask is None:
            return "-"
        got = getattr(self, self.ask.of)
        if got is None:
            return "MISSED"
        good = (got <= self.ask.limit if self.ask.sign == "<="
                else got >= self.ask.limit)
        return "ok" if good else "MISSED"


def times(value, other):
    """How many times the other it is."""
    return float("%.4g" % (value / other)) if other else None


def beside(what, value, unit, companion, other, ask=None):
    """A row whose ratio is simply that of the two."""
    return Row(what, value, unit, companion, other, times(value, other), ask)


def aim(of, sign, limit):
    return Ask("aim", of, sign, limit)


def bar(of, sign, limit):
    return Ask("bar", of, sign, limit)


def none_of(what, bad, total):
    """Of so many, not one may be so."""
    return beside(what, bad, "", "all of them", total, bar("value", "<=", 0))


def of_part(name, rows):
    """As they are written down."""
    def plain(row):
        return {"part": name, **row._asdict(),
                "ask": row.ask and row.ask._asdict(), "held": row.held()}
    return [plain(row) for row in rows]


def is_failed(row):
    return row["held"] == "MISSED" and row["ask"]["kind"] == "bar"


# --- as text ---

def number(value):
    """Three digits, or all of those before the point."""
    if abs(value) >= 100 or value == int(value):
        return "{:,.0f}".format(value)
    return "%.3g" % value


def figure(value, unit):
    return (number(value) + " " + unit).strip()


def ratio(row):
    return "-" if row["ratio"] is None else number(row["ratio"])


def asked(row):
    ask = row["ask"]
    if ask is None:
        return ""
    unit = row["unit"] if ask["of"] == "value" else ""
    return "%s: %s %s" % (ask["kind"], ask["sign"],
                          figure(ask["limit"], unit))


def cells(row):
    return (row["what"], figure(row["value"], row["unit"]), row["beside"],
            figure(row["other"], row["unit"]),
            ratio(row), asked(row), row["held"])


def show(table):
    """On standard output, a headline for each part."""
    head = ("", "", "beside", "", "ratio", "asked for", "")
    wide = [max(len(c) for c in column)
            for column in zip(head, *map(cells, table))]
    line = "  ".join("%%%s%ds" % ("-" if i in (0, 2, 5, 6) else "", w)
                     for i, w in enumerate(wide))
    print((line % head).rstrip())
    part = None
    for row in table:
        if row["part"] != part:
            part = row["part"]
            print(part)
        print((line % cells(row)).rstrip())
