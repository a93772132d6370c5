"""All ways, all scenarios, one table.

compare.py FOLDER [WAY...]    writes table.txt, table.json, one recording for
                              each run and the picture to FOLDER
"""

import contextlib
import json
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / name) for name in ("puppet", "integration")]

import plot  # noqa: E402
from drawing import dump  # noqa: E402
from scenarios import (  # noqa: E402
    Site, freeze, kill, real_agents, rolling_restart)
from table import table  # noqa: E402
from ways import OldWay, OldWayStopped, OwnCheck, Usher  # noqa: E402

# Usher goes first: how long its hold takes is how long the operator of the
# old way waits after stopping xinetd.
PLAN = (
    (Usher, (rolling_restart, kill, freeze)),
    (OldWay, (rolling_restart, kill, freeze)),
    (OldWayStopped, (rolling_restart,)),
    (OwnCheck, (rolling_restart, kill, freeze)),
)


def agents_summary(run):
    runs = run.agent_runs
    codes = sorted(r.code for r in runs)
    return {"way": run.way.key, "name": run.way.name, "what": run.what,
            "runs": len(runs), "failed": sum(not r.good for r in runs),
            "codes": {str(c): codes.count(c) for c in sorted(set(codes))},
            "errors": sorted({e for r in runs for e in r.errors})}


class Report:
    """What is written, after each run anew."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.rows = []
        self.agents = []

    def add(self, run):
        self.rows.append(run.summary())
        self.save(run, run.recording())
        print("%s\n%s" % (run.why(), json.dumps(run.summary())), flush=True)
        self.write()

    def save(self, run, recording):
        name = "%s-%s" % (run.way.key, run.what.partition(" ")[0])
        (self.folder / (name + ".json")).write_text(dump(recording))
        for log, text in run.way.logs().items():
            (self.folder / ("%s-%s" % (name, log))).write_text(text)

    def add_agents(self, run):
        self.agents.append(agents_summary(run))
        print(json.dumps(self.agents[-1]), flush=True)
        self.write()

    def write(self):
        (self.folder / "table.json").write_text(json.dumps(
            {"runs": self.rows, "agents": self.agents}, indent=1) + "\n")
        (self.folder / "table.txt").write_text(table(self.rows, self.agents))


def one_way(kind, scenarios, site, folder, report):
    with contextlib.ExitStack() as cleanup:
        folder.mkdir()
        way = kind(folder, site.servers, cleanup)
        for scenario in scenarios:
            report.add(scenario(site, way))
        if kind is Usher:
            report.add_agents(real_agents(site, way, folder / "agents"))
            OldWayStopped.settle_seconds = max(way.hold_seconds)


def main(folder, *keys):
    report = Report(folder)
    with contextlib.ExitStack() as cleanup:
        own = Path(cleanup.enter_context(tempfile.TemporaryDirectory()))
        site = Site(own, cleanup)
        for kind, scenarios in PLAN:
            if not keys or kind.key in keys:
                one_way(kind, scenarios, site, own / kind.key, report)
    plot.draw_all(report.folder)
    print("\n" + (report.folder / "table.txt").read_text())
    assert not any(r["failed"] for r in report.rows + report.agents
                   if r["way"] == Usher.key), "usher has lost requests"


if __name__ == "__main__":
    main(*sys.argv[1:])
