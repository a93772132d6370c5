"""The manual pages as a whole: each example is run by a test, each address of
usherd(8) is asked with curl, and the pages have what the sources have.
"""

import importlib
import json
import subprocess
from pathlib import Path

import pytest

import manual
from manual import P1, PAGES
from ports import HOST
from usherd import ROOT
from waiting import DEADLINE

pytest_plugins = ["manual_site"]  # start_pages
HERE = Path(__file__).resolve().parent


def test_each_example_is_run():
    """By a test beside this one that has claimed it, see manual.py."""
    for path in HERE.glob("test_manual*.py"):
        importlib.import_module(path.stem)
    examples = [e for page in PAGES for e in manual.read(page).examples]
    assert len(examples) > 20
    forgotten = [str(e) for e in examples if e not in manual.CLAIMED]
    assert not forgotten, "no test runs:\n" + "\n".join(forgotten)


def test_pages_and_sources_have_the_same():
    """Options, ranges, defaults, commands, endings and figures."""
    done = subprocess.run([ROOT / "scripts/check-manual"], text=True,
                          capture_output=True, timeout=DEADLINE)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# --- usherd(8), HTTP --------------------------------------------------------

@pytest.fixture
def curl(start_pages):
    site = start_pages(P1, usher_http_listen=HOST + ":0")
    port = site.usherd.ports("http")[0]

    def ask(path, *more):
        """(status, body)"""
        done = subprocess.run(
            ["curl", "-sS", "-m", str(DEADLINE), "--noproxy", "*",
             "-w", "%{http_code}", *more, "http://%s:%d%s" % (
                 HOST, port, path.replace("NAME", P1))],
            text=True, capture_output=True, timeout=2 * DEADLINE, check=True)
        return int(done.stdout[-3:]), done.stdout[:-3].strip()
    ask.usherd = site.usherd
    return ask


def quoted(begin):
    """Of usherd(8), in running text."""
    found, = {q for q in manual.read("usherd.8").quoted if q.startswith(begin)}
    return found


def the_old_check(curl, path, when_drained):
    assert "%d %s" % curl(path) == quoted("200 ")
    curl.usherd.order("drain")
    assert "%d %s" % curl(path) == when_drained


def plain(curl, path):
    the_old_check(curl, path, quoted("503 "))
    code, page = curl("/", "-H", quoted("Accept: "))
    assert code == 200 and "<html" in page


def drainable(curl, path):
    the_old_check(curl, path, "404 Puppetmaster is drained.")


def of_a_server(curl, path):
    the_old_check(curl, path, quoted("503 "))


def status(curl, path):
    code, body = curl(path)
    got = json.loads(body)
    shown = json.loads(curl.usherd.order("status", "-j"))
    server, same = got["servers"][0], shown["servers"][0]
    assert code == 200 and got.keys() == shown.keys()
    assert (server.keys(), server["reply"]) == (same.keys(), same["reply"])


def metrics(curl, path):
    code, body = curl(path)
    assert code == 200
    assert 'usher_server_in_service{server="%s"} 1\n' % P1 in body


PATHS = {"/": plain, "/drainable": drainable, "/server/NAME": of_a_server,
         "/server/NAME/drainable": drainable, "/status": status,
         "/metrics": metrics}


@pytest.mark.parametrize("path", [
    path for row in manual.rows("usherd.8", "HTTP")
    for path in row[0].split(", ")])
def test_each_path(path, curl):
    PATHS[path](curl, path)


def test_all_paths_are_there(curl):
    """What usherd names itself where there is no such page."""
    code, sentence = curl("/nonexistent")
    assert code == 404
    assert set(sentence.replace(",", "").strip(".").split()) & set(PATHS) == \
        set(PATHS) == {path for row in manual.rows("usherd.8", "HTTP")
                       for path in row[0].split(", ")}
