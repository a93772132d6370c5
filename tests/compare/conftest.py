"""Where the tests find their helpers."""

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path += [str(TESTS / "puppet"), str(TESTS / "integration")]
