"""Before Django reads its settings: a scratch folder, a broker, and the requested database.

`DATABASE=postgres pytest …` runs on a real Postgres; without it the embedded SQLite is used.
Servers come from the environment, else PATH, else wheels, and die with this process.
"""

import os
import tempfile
import warnings
from pathlib import Path

from tests.embedded import broker_url, postgres_url

warnings.filterwarnings("error")

if "PYTEST_XDIST_WORKER" not in os.environ:
    os.environ["LIKENESS_TEST_BROKER"] = broker_url()
    if os.environ.get("DATABASE") == "postgres":
        os.environ["DATABASE_URL"] = postgres_url()

_worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
_number = int(_worker.removeprefix("gw") or 0) % 16
os.environ["BROKER_URL"] = os.environ["LIKENESS_TEST_BROKER"].rsplit("/", 1)[0] + f"/{_number}"

# The assembled voice model and prepared faces are reused in later runs: they depend on packages only.
_root = Path(__file__).resolve().parent.parent
os.environ.setdefault("LIKENESS_CACHE", str(_root / ".data" / "cache"))
os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix=f"likeness-test-{_worker}-")
