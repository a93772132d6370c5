"""Planned work loses nothing: `make compare` in small, usher's way only.

One after the other, on the same servers, since a start takes long.
"""

import contextlib

import pytest

from scenarios import Run, Site, agent_names, freeze, kill, restart_all
from ways import Usher

# In the small size; `make compare` has more.
REQUESTS = 100
AGENTS = agent_names()[:2]
AGENT_RUNS = 10


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with contextlib.ExitStack() as cleanup:
        yield Site(tmp_path_factory.mktemp("site"), cleanup)


@pytest.fixture
def way(site, tmp_path):
    with contextlib.ExitStack() as cleanup:
        yield Usher(tmp_path, site.servers, cleanup)


def told(run):
    return "%s\n%s" % (run.why(), "\n\n".join(
        "%s\n%s" % log for log in run.way.logs().items()))


def test_a_rolling_restart_loses_nothing(site, way, tmp_path):
    """Neither requests of the load nor runs of real agents beside it."""
    run = Run(site, way, "rolling restart")
    with run.loaded(), run.agents(tmp_path / "agents", AGENTS, AGENT_RUNS):
        restart_all(run)
    print("%s\n%s" % (run.summary(), run.agent_runs))
    assert not any(r.error for r in run.requests), told(run)
    assert all(r.good for r in run.agent_runs), run.agent_runs
    assert len(run.requests) >= REQUESTS
    assert len(run.agent_runs) >= AGENT_RUNS
    assert run.in_flight >= 4


@pytest.mark.parametrize("trouble", [kill, freeze])
def test_a_lost_server_costs_nothing_once_it_is_known(site, way, trouble):
    run = trouble(site, way)
    print(run.summary())
    assert run.counted()
    assert not run.failed(), told(run)
