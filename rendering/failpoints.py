"""Points in the code at which a test may kill the process: `LIKENESS_FAILPOINT=name` or `name@3` for the third time.

`LIKENESS_FAILSIGNAL=STOP` makes it stand still instead, until it gets SIGCONT. Without the variable a point costs one
look-up. In production (SECRET_KEY is set) both variables are ignored.
"""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter

_passed: Counter[str] = Counter()


def reach(name: str) -> None:
    """Kills this process with SIGKILL if the environment names this point, after saying so on stderr."""
    wanted, _, turn = os.environ.get("LIKENESS_FAILPOINT", "").partition("@")
    if wanted != name or os.environ.get("SECRET_KEY"):
        return
    _passed[name] += 1
    if _passed[name] == int(turn or 1):
        print(f"failpoint {name}", file=sys.stderr, flush=True)
        stops = os.environ.get("LIKENESS_FAILSIGNAL") == "STOP"
        os.kill(os.getpid(), signal.SIGSTOP if stops else signal.SIGKILL)
