"""Whatever is sent or saved, nothing answers 5xx and every page opens. `make fuzz` tries it for ten minutes."""

import logging
import os
import random

import pytest

from tests.fuzz import Fuzz, rounds

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

SECONDS = float(os.environ.get("FUZZ_SECONDS", "0"))
SEED = int(os.environ.get("FUZZ_SEED") or (random.randrange(2**32) if SECONDS else 1))
ROUNDS = 2


@pytest.mark.filterwarnings("default")
def test_nothing_that_is_sent_or_saved_breaks_a_page(request):
    print(f"FUZZ_SEED={SEED}")
    logging.disable(logging.CRITICAL)  # each refusal would be a line
    request.addfinalizer(lambda: logging.disable(logging.NOTSET))
    fuzz = Fuzz(random.Random(SEED))
    for _ in rounds(SECONDS) if SECONDS else range(ROUNDS):
        fuzz.round(requests=30)
        if SECONDS and len(fuzz.failures) > 40:
            break
    print(f"{fuzz.requests} requests")
    assert not fuzz.failures, "\n".join([f"FUZZ_SEED={SEED}", *fuzz.failures])
