"""Mails of renders that ended before events were written: they are due now, as they were."""

from datetime import timedelta

from django.db import migrations
from django.utils import timezone


def plan(apps, schema_editor):
    now = timezone.now()
    apps.get_model("rendering", "Render").objects.filter(
        status__in=("done", "failed"),
        mailed_at=None,
        mail_due_at=None,
        ended_at__gte=now - timedelta(days=3),
    ).update(mail_due_at=now)


class Migration(migrations.Migration):
    dependencies = [("rendering", "0011_fewer_fields")]

    operations = [migrations.RunPython(plan, migrations.RunPython.noop)]
