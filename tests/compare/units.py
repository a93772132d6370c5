"""What systemd runs before it stops Puppet Server, read from the unit that is
shipped: so the proof can't drift from it.
"""

import shlex
from pathlib import Path

UNITS = Path(__file__).resolve().parent.parent.parent / "scripts" / "systemd"


def stop_command(usherctl, socket):
    """The words of ExecStop=; only the path of usherctl is another, and the
    control socket is named.
    """
    found = [line.partition("=")[2].strip()
             for unit in sorted(UNITS.glob("*.service"))
             for line in unit.read_text().replace("\\\n", " ").splitlines()
             if line.startswith("ExecStop=") and "usherctl" in line]
    assert found, "%s: no unit with an ExecStop= of usherctl" % UNITS
    assert len(set(found)) == 1, found
    # systemd's own signs before the path: "-" is "whatever it ends with".
    program, *words = shlex.split(found[0].lstrip("-+!:@"))
    assert Path(program).name == "usherctl", found[0]
    return [usherctl, "-s", str(socket), *words]
