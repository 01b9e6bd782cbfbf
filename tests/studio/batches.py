"""Batches for tests: a table is sent, checked, and worked through turn by turn."""

import codecs
import csv
import io

from django.core.files.uploadedfile import SimpleUploadedFile

from studio.batches import plan, run

TABLE = b"key,Name,place,city\nr1,Ada,Rome,x\nr2,,Rome,y\nr3,Grace,,z\nr1,Alan,,\n"


def upload(client, template, data=TABLE, **fields):
    file = SimpleUploadedFile("people.csv", data, content_type="text/csv")
    return client.post(f"/templates/{template.pk}/batch", {"file": file, **fields})


def check(batch):
    run.CHECKING.work(batch.pk)
    batch.refresh_from_db()
    return batch


def turn(batch):
    """One turn of a worker."""
    run.RUNNING.work(batch.pk)
    batch.refresh_from_db()
    return batch


def made(template, count, **options):
    """A batch of so many rows, checked."""
    rows = [plan.TableRow(n, {"name": f"N{n}"}) for n in range(1, count + 1)]
    return check(plan.create(template, template.workspace, ["name"], rows, **options))


def finish(render, used=None, **failed):
    """What a worker makes of a render, at once."""
    render.refresh_from_db()
    if render.status == "queued":
        render.start()
    if failed:
        render.fail("internal_error", "It broke.", **failed)
    else:
        render.end("done", used=render.quoted if used is None else used, seconds=3.0)


def rows_of(response):
    data = b"".join(response.streaming_content) if response.streaming else response.content
    assert data.startswith(codecs.BOM_UTF8)
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
