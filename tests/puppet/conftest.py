"""What the tests with a real Puppet Server share."""

import contextlib
import sys
from pathlib import Path

import pytest

# usherd.py, haproxy.py and what they need.
sys.path.append(str(Path(__file__).resolve().parent.parent / "integration"))

from farm import CATALOG_SECONDS, NAMES, Farm  # noqa: E402
from puppetserver import PuppetServer, require  # noqa: E402


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """A server that is never started: what was made for it serves all."""
    require()
    server = PuppetServer(tmp_path_factory.mktemp("model") / "server")
    server.setup(NAMES, ["slow%d.test" % CATALOG_SECONDS])
    yield server
    server.stop()


@pytest.fixture(scope="module")
def farm(model, tmp_path_factory):
    """Two Puppet Servers that are not started yet, an usherd beside each, and
    HAProxy; its history is printed at the end.
    """
    with contextlib.ExitStack() as stack:
        yield Farm(model, tmp_path_factory.mktemp("farm"), stack)
