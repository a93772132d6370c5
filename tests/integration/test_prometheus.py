"""Alert rules and dashboard: promtool runs the rules' own tests, and every
figure that they name is one that a real usherd says.
"""

import json
import re
import shutil
import subprocess
import urllib.request

import pytest

from usherd import ROOT
from waiting import DEADLINE

FOLDER = ROOT / "scripts" / "prometheus"
FIGURE = re.compile(r"\busher_[a-z_]+")
# Made of the name of a histogram.
SUFFIX = re.compile(r"_(bucket|sum|count)$")


def promtool(*words):
    path = shutil.which("promtool")
    assert path, "promtool: not installed; run scripts/install-deps"
    done = subprocess.run([path, *map(str, words)], cwd=FOLDER, text=True,
                          capture_output=True, timeout=DEADLINE)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def expressions():
    """Of all panels; what stands for the user's choice is filled in."""
    board = json.loads((FOLDER / "usher-dashboard.json").read_text())
    for panel in board["panels"]:
        for target in panel["targets"]:
            yield target["expr"].replace("$job", ".*").replace("$server", ".*")


@pytest.fixture
def figures(peer, start_usherd, config_for):
    """The families of /metrics."""
    usherd = start_usherd(config_for(peer, usher_http_listen="127.0.0.1:0"))
    usherd.wait_reply("up ready 100%")
    address = usherd.wait_log(r"listening http=(\S+)")[1]
    with urllib.request.urlopen("http://%s/metrics" % address,
                                timeout=DEADLINE) as reply:
        text = reply.read().decode()
    return set(re.findall(r"^# TYPE (\S+) ", text, re.M))


def test_rules():
    promtool("check", "rules", "usher.rules.yml")
    assert "SUCCESS" in promtool("test", "rules", "usher.rules.test.yml")


def test_each_alert_is_tested():
    alerts = set(re.findall(r"alert: (\w+)",
                            (FOLDER / "usher.rules.yml").read_text()))
    tested = (FOLDER / "usher.rules.test.yml").read_text()
    assert alerts and all('alertname="%s"' % a in tested for a in alerts)


def test_expressions_of_the_dashboard(tmp_path):
    rules = [{"record": "a:%d" % n, "expr": expr}
             for n, expr in enumerate(expressions())]
    assert rules
    path = tmp_path / "rules.yml"
    path.write_text(json.dumps({"groups": [{"name": "a", "rules": rules}]}))
    promtool("check", "rules", path)


def test_figures_are_there(figures):
    named = set(FIGURE.findall((FOLDER / "usher.rules.yml").read_text()))
    for expr in expressions():
        named |= set(FIGURE.findall(expr))
    named = {SUFFIX.sub("", name) for name in named}
    assert len(named) > 10 and named <= figures, named - figures
