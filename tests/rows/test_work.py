"""Work that a row stands for: claimed by one worker, taken over when that worker falls silent, ended once."""

import threading
import time
from datetime import timedelta

import pytest
from django.db.models import Q
from django.utils import timezone

from rows import work
from rows.work import MOST_CLAIMS, Kind, Over
from studio.models import Clip

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

SENTENCE = {"code": "internal", "sentence": "It could not be finished; send it again."}


@pytest.fixture
def clip(alice):
    return Clip.objects.create(workspace=alice.workspace, name="Sea", kind="video", state="making")


def kind_of(do, **changed):
    return Kind(
        model=Clip,
        state="making",
        only=Q(removed_at=None),
        task="tests.nobody",
        do=do,
        failed=lambda: {"state": "failed", "findings": [SENTENCE]},
        **changed,
    )


def expect_soon(true):
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def finish(attempt):
    assert attempt.end(state="ready", fraction=1.0)


def test_one_of_many_workers_claims_a_row_and_ends_it_once(clip):
    ended, start = [], threading.Barrier(8)
    kind = kind_of(finish, ended=lambda row: ended.append(row.pk))

    def worker():
        from django.db import connection

        start.wait()
        kind.work(clip.pk)
        connection.close()

    threads = [threading.Thread(target=worker) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    clip.refresh_from_db()
    assert (clip.state, clip.claims, ended) == ("ready", 1, [clip.pk])


def test_work_that_reports_nothing_keeps_its_claim(clip, monkeypatch):
    monkeypatch.setattr(work, "BEAT", 0.02)
    monkeypatch.setattr(work, "LEASE", timedelta(seconds=0.5))

    def long(attempt):
        begun = timezone.now()
        expect_soon(lambda: timezone.now() - begun > 2 * work.LEASE)
        assert kind.claim(clip.pk) is None
        finish(attempt)

    kind = kind_of(long)
    kind.work(clip.pk)
    clip.refresh_from_db()
    assert (clip.state, clip.claims) == ("ready", 1)


def test_work_that_hangs_loses_its_claim_to_another_worker(clip, monkeypatch):
    monkeypatch.setattr(work, "BEAT", 0.02)
    monkeypatch.setattr(work, "LEASE", timedelta(seconds=0.2))
    monkeypatch.setattr(work, "PATIENCE", 0.1)
    late = []

    def hangs(attempt):
        expect_soon(lambda: kind.waiting().exists())
        kind_of(finish).work(clip.pk)  # another worker takes it up
        late.append(attempt.end(state="failed"))
        attempt.tell(0.5)

    kind = kind_of(hangs)
    kind.work(clip.pk)
    clip.refresh_from_db()
    assert (clip.state, clip.claims, late) == ("ready", 2, [False])


def test_work_that_is_no_longer_wanted_stops_at_its_next_report(clip, monkeypatch):
    monkeypatch.setattr(work, "BEAT", 0.02)
    reached = []

    def removed(attempt):
        attempt.tell(0.1)
        Clip.objects.update(removed_at=timezone.now())
        expect_soon(attempt._over.is_set)
        with pytest.raises(Over):
            attempt.tell(0.2)  # within the second in which nothing more is written
        reached.append(True)
        raise Over

    kind_of(removed).work(clip.pk)
    clip.refresh_from_db()
    assert (clip.state, reached) == ("making", [True])


def test_progress_never_falls(clip):
    def back_and_forth(attempt):
        attempt.tell(0.5)
        attempt._reported = (0.0, {})
        attempt.tell(0.2)

    kind_of(back_and_forth).work(clip.pk)
    clip.refresh_from_db()
    assert clip.fraction == 0.5


def test_a_failure_gets_its_sentence_and_is_logged(clip, caplog):
    kind_of(lambda attempt: 1 / 0).work(clip.pk)
    clip.refresh_from_db()
    assert (clip.state, clip.findings) == ("failed", [SENTENCE])
    assert "ZeroDivisionError" in caplog.text


def test_unusable_input_is_refused_and_not_logged(clip, caplog):
    refused = {"state": "refused", "findings": [{"code": "dark", "sentence": "It is too dark."}]}
    kind = kind_of(
        lambda attempt: 1 / 0,
        refused=lambda error: refused if isinstance(error, ZeroDivisionError) else None,
    )
    kind.work(clip.pk)
    clip.refresh_from_db()
    assert (clip.state, clip.findings) == ("refused", refused["findings"])
    assert "ZeroDivisionError" not in caplog.text


def test_work_that_waits_for_a_store_does_not_count_its_claims(clip):
    kind = kind_of(lambda attempt: 1 / 0, is_away=lambda error: True)
    for _ in range(MOST_CLAIMS + 2):
        kind.work(clip.pk)
        clip.refresh_from_db()
        assert (clip.state, clip.claims, clip.claimed_at) == ("making", 0, None)


def test_the_sweep_asks_again_and_gives_up_with_a_sentence(clip, monkeypatch):
    sent = []
    monkeypatch.setattr(work, "send", lambda task, pk, **options: sent.append((task, pk)))
    kind = kind_of(finish)
    kind.sweep()
    assert sent == [("tests.nobody", clip.pk)]
    monkeypatch.setattr(work, "LEASE", timedelta(0))
    for _ in range(MOST_CLAIMS):
        assert kind.claim(clip.pk)  # and the worker is killed
    assert kind.claim(clip.pk) is None
    kind.sweep()
    clip.refresh_from_db()
    assert (clip.state, clip.findings, len(sent)) == ("failed", [SENTENCE], 1)


def test_without_a_broker_the_message_waits_for_the_sweep(clip, monkeypatch):
    from kombu.exceptions import OperationalError

    from rows import messages

    def away(*args, **options):
        raise OperationalError("away")

    monkeypatch.setattr(messages.current_app, "send_task", away, raising=False)
    assert kind_of(finish).ask(clip.pk) is False
