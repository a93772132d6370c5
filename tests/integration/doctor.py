"""Runs `usherctl doctor`, and the HAProxys that it looks at."""

import json
import subprocess

from haproxy import HAProxy
from usherd import SANITIZER, Said, binary, environment
from waiting import DEADLINE, wait_until

CONFIG = """\
global
    stats socket {folder}/stats mode 600 level admin
    stats socket {folder}/user mode 600 level user
    {tcp}
defaults
    mode tcp
    timeout connect 5s
    timeout client  10s
    timeout server  10s
frontend puppet
    bind unix@{folder}/front
    default_backend puppet
backend puppet
    {balance}
    default-server {defaults} agent-inter 100ms
{servers}
"""
DEFAULTS = "weight 100 agent-check check inter 100ms"


def run(where, *words, program=None, **more):
    """usherctl alone, with no usherd at its socket."""
    done = subprocess.run(
        [program or binary("usherctl"), "-s", "/nonexistent", "doctor",
         "--haproxy", str(where), *words],
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=DEADLINE, env=environment(), **more)
    assert not SANITIZER.search(done.stderr), done.stderr
    return Said(done.returncode, done.stdout, done.stderr)


def fails(where, sentence, **more):
    for words in ([], ["-j"], ["-q"]):
        said = run(where, *words, **more)
        assert (said.code, said.out) == (4, "")
        assert said.err.startswith("usherctl: %s: " % where), said
        assert sentence in said.err and said.err.count("\n") == 1, said


class Balancer(HAProxy):
    """An HAProxy that the doctor looks at."""

    def __init__(self, *servers, balance="balance roundrobin", tcp="",
                 defaults=DEFAULTS):
        text = CONFIG
        for key, value in (("balance", balance), ("defaults", defaults),
                           ("tcp", tcp), ("servers", "\n".join(servers))):
            text = text.replace("{%s}" % key, value)
        super().__init__(text)
        self.where = self.folder / "stats"

    def doctor(self):
        """(exit status, level and code of each finding of puppet1, and of
        HAProxy as a whole).
        """
        said = run(self.where, "-j")
        assert said.err == ""
        root = json.loads(said.out)
        found = {s["server"]: s["findings"] for s in root["servers"]}
        for server in root["servers"]:
            levels = [f["level"] for f in server["findings"]]
            assert server["backend"] == self.backend
            assert server["ok"] == ("error" not in levels)
        return said.code, codes(found.get("puppet1", [])), codes(
            root["findings"])

    def wait_doctor(self, *expected, whole=("note agent-inter",)):
        """Until this is found, and the exit status fits."""
        code = any(f.startswith("error") for f in [*expected, *whole])
        last = [None]

        def found():
            last[0] = self.doctor()
            return last[0] == (int(code), list(expected), list(whole))

        wait_until(found, lambda: "%s, but %s" % (expected, last[0]))

    def text_of(self, code):
        """The text of a finding of puppet1, once it is found."""
        def text():
            root = json.loads(run(self.where, "-j").out)
            return [f["text"] for s in root["servers"] for f in s["findings"]
                    if (s["server"], f["code"]) == ("puppet1", code)]

        return wait_until(text, code)[0]


def codes(findings):
    return ["%s %s" % (f["level"], f["code"]) for f in findings]


def as_text(root):
    lines = []
    for server in root["servers"]:
        lines.append("%s/%s: %s" % (server["backend"], server["server"],
                                    "ok" if server["ok"] else "not ok"))
        lines += ["    %s: %s" % (f["level"], f["text"])
                  for f in server["findings"]]
    lines += ["%s: %s" % (f["level"], f["text"]) for f in root["findings"]]
    return "".join(line + "\n" for line in lines)
