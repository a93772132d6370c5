"""What a test that has passed has measured is printed, as `make test` runs
them, and nothing else of what it says.
"""

import subprocess
import sys
from pathlib import Path

from usherd import environment

MEASURES = """
def test_it(figure):
    print("chatter")
    figure("three fish")
    figure("two birds")
"""


def test_figures(tmp_path):
    (tmp_path / "test_sea.py").write_text(MEASURES)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "1", "-p",
         "no:cacheprovider", "-p", "conftest", "test_sea.py"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120,
        env=environment(PYTHONPATH=str(Path(__file__).parent)))
    assert done.returncode == 0, done
    lines = done.stdout.splitlines()
    assert [line for line in lines if line.startswith("test_sea.py")] == [
        "test_sea.py::test_it: three fish", "test_sea.py::test_it: two birds"]
    assert "chatter" not in done.stdout
