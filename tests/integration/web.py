"""Asks usherd over HTTP, byte by byte: no library mends anything."""

import re
import subprocess
from typing import NamedTuple

from usherd import read_all
from waiting import DEADLINE

RUNNING = b"Puppetmaster is running.\r\n"
FAILED = b"Puppetmaster has failed.\r\n"
BROWSER = "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n"
SAMPLE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")


class Answer(NamedTuple):
    """One reply, whole."""

    code: int
    headers: dict
    body: bytes


def parse(data):
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("ascii").split("\r\n")
    version, code, _ = lines[0].split(" ", 2)
    headers = dict(line.split(": ", 1) for line in lines[1:])
    assert version == "HTTP/1.1" and len(headers) == len(lines) - 1, data
    return Answer(int(code), {k.lower(): v for k, v in headers.items()}, body)


def say(usherd, data, **more):
    """What comes for these bytes, to the end; b"" for nothing."""
    with usherd.connect(usherd.ports("http")[0], **more) as sock:
        sock.sendall(data)
        return read_all(sock)


def ask(usherd, path="/", method="GET", headers="", version="1.1"):
    """One request that must be answered well, whatever the answer is."""
    request = "%s %s HTTP/%s\r\n%s\r\n" % (method, path, version, headers)
    answer = parse(say(usherd, request.encode()))
    length = int(answer.headers["content-length"])
    assert len(answer.body) == (0 if method == "HEAD" else length), answer
    assert answer.headers["connection"] == "close"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    return answer


def samples(usherd):
    """{"name{labels}": value} of /metrics, as promtool finds it good."""
    answer = ask(usherd, "/metrics")
    assert answer.code == 200
    assert answer.headers["content-type"].startswith(
        "text/plain; version=0.0.4")
    done = subprocess.run(["promtool", "check", "metrics"], input=answer.body,
                          capture_output=True, timeout=DEADLINE)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b""), done
    found = {}
    for line in answer.body.decode().splitlines():
        if line.startswith("#"):
            continue
        name, labels, value = SAMPLE.fullmatch(line).groups()
        key = "%s{%s}" % (name, labels) if labels else name
        assert key not in found, line
        found[key] = float(value)
    return found
