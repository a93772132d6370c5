"""Runs xinetd, which runs a script for each connection: the old way."""

import subprocess
from pathlib import Path

from ports import HOST
from waiting import DEADLINE, wait_until

CONFIG = """\
defaults
{{
    log_type = FILE {folder}/xinetd.log
    instances = UNLIMITED
    per_source = UNLIMITED
    cps = 0 0
}}
service check
{{
    type = UNLISTED
    socket_type = stream
    protocol = tcp
    wait = no
    user = {user}
    bind = {host}
    port = {port}
    server = {script}
    server_args = {args}
    disable = no
}}
"""


class Xinetd:
    """At a port that the caller has reserved; its files are in `folder`."""

    def __init__(self, folder, port, script, *args):
        self.port = port
        folder = Path(folder)
        folder.mkdir(exist_ok=True)
        path = folder / "xinetd.conf"
        path.write_text(CONFIG.format(
            folder=folder, user=Path("/proc/self").owner(), host=HOST,
            port=port, script=script, args=" ".join(map(str, args))))
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "xinetd", "-dontfork", "-f",
             path, "-pidfile", folder / "pid"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)

    def wait_idle(self):
        """Until none of its scripts runs."""
        assert self.process.poll() is None, "xinetd has ended by itself"
        pid = self.process.pid
        children = Path("/proc/%d/task/%d/children" % (pid, pid))
        wait_until(lambda: not children.read_text(), "xinetd's scripts", 60)

    def stop(self):
        """Harmless when it has ended."""
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(DEADLINE)
