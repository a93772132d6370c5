"""How the weight followed the JRubies: a thread that asks Puppet Server, its
usherd and the HAProxys all the time, and writes down what has changed.
"""

import http.client
import threading
import time

from drawing import dump
from puppetserver import DEADLINE
from waiting import wait_until

EVERY = 0.3
LIMITS = ("load", "ramp", "JRubies")
COLUMNS = ("at", "exist", "lent", "wait", "rule", *LIMITS, "told")


def worth(lent, wait, jrubies):
    """What the rule gives for this demand, before it is smoothed."""
    demand = (lent + wait) / jrubies
    return 100 - 50 * demand if demand <= 1 else 50 / demand


def jrubies_of(puppet):
    """All 0 while it does not say: it refuses, or it starts or stops."""
    try:
        pool = puppet.pool()
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        return {"exist": 0, "lent": 0, "wait": 0, "rule": 0}
    lent = len(pool["borrowed-instances"])
    wait = len(pool["requested-instances"])
    return {"exist": pool["num-free-jrubies"] + lent, "lent": lent,
            "wait": wait, "rule": round(worth(lent, wait, puppet.jrubies), 1)}


def told_by(usherd):
    """The weight, which is 0 where no work is to come; and its limits."""
    told = usherd.explained()
    limits = {v["limit"]: v["percent"] for v in told["limits"]}
    return {**{name: limits[name] for name in LIMITS},
            "told": told["weight"] if told["reply"].startswith("up") else 0}


def weight_in(haproxy, server):
    """Likewise."""
    stat = haproxy.stat(server)
    return int(stat["weight"]) if "DOWN" not in stat["status"] else 0


class Timeline:
    """`rows` has a row for each change: `at` in seconds, the JRubies that
    `exist` and are `lent`, the requests that `wait`, what the `rule` gives
    for them, the limits of the weight, by name, the weight `told`, and that in
    each of `haproxys`, by name.

    What follows from something else is asked before it: what HAProxy shows was
    told by then, and is due to JRubies that were there by then.
    """

    def __init__(self, puppet, usherd, haproxys, server):
        self.puppet = puppet
        self.usherd = usherd
        self.haproxys = haproxys
        self.server = server
        self.rows = []
        self.events = []
        self.failed = None
        self.began = time.monotonic()
        self.stopping = threading.Event()
        self.look()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            while not self.stopping.wait(EVERY):
                self.look()
        except Exception as e:  # told by wait() and stop()
            self.failed = e

    def now(self):
        return round(time.monotonic() - self.began, 1)

    def look(self):
        row = {"at": self.now()}
        for name, haproxy in self.haproxys.items():
            row[name] = weight_in(haproxy, self.server)
        row.update(told_by(self.usherd))
        row.update(jrubies_of(self.puppet))
        if not self.rows or {**self.rows[-1], "at": row["at"]} != row:
            self.rows.append(row)

    def note(self, what):
        """What the test does; returns where in `rows` this is."""
        self.events.append({"at": self.now(), "what": what})
        return len(self.rows)

    def wait(self, what, predicate):
        """Until it holds for how things are; returns where this is."""
        def holds():
            if self.failed:
                raise self.failed
            return predicate(self.rows[-1])
        wait_until(holds, lambda: "%s\n%s" % (what, self), DEADLINE)
        return len(self.rows) - 1

    def stop(self):
        self.stopping.set()
        self.thread.join()
        if self.failed:
            raise self.failed

    def write(self, path, **more):
        path.write_text(dump({
            **more, "haproxys": list(self.haproxys), "seconds": self.now(),
            "events": self.events, "rows": self.rows}))

    def __str__(self):
        """A table, with what the test did between its rows."""
        columns = [*COLUMNS, *self.haproxys]
        lines = [(0, "".join("%11s" % c for c in columns))]
        lines += [(e["at"], "%11.1f   -- %s" % (e["at"], e["what"]))
                  for e in self.events]
        lines += [(row["at"], "".join("%11s" % row[c] for c in columns))
                  for row in self.rows]
        lines[1:] = sorted(lines[1:], key=lambda line: line[0])
        return "\n".join(text for _, text in lines)
