import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


def write_letters(apps, schema_editor):
    """What was to be told by the mails that batches sent themselves is told by letters."""
    letters = apps.get_model("studio", "Letter")
    batches = (
        apps.get_model("studio", "Batch").objects.exclude(news="").select_related("requested_by")
    )
    for batch in batches.exclude(requested_by=None):
        letters.objects.create(
            kind=f"batch_{batch.news}",
            subject=batch.pk,
            address=batch.requested_by.email,
            user=batch.requested_by,
        )


class Migration(migrations.Migration):
    dependencies = [
        ("studio", "0028_teams"),
    ]

    operations = [
        migrations.RunPython(write_letters, migrations.RunPython.noop, elidable=True),
        migrations.RemoveIndex(
            model_name="batch",
            name="studio_batc_state_4d888c_idx",
        ),
        migrations.RemoveIndex(
            model_name="batch",
            name="studio_batc_news_du_d130a6_idx",
        ),
        migrations.RemoveField(model_name="batch", name="news"),
        migrations.RemoveField(model_name="batch", name="news_due_at"),
        migrations.RemoveField(model_name="batch", name="news_tries"),
        migrations.AddField(
            model_name="batch",
            name="due_at",
            field=models.DateTimeField(
                default=django.utils.timezone.now,
                help_text="When it is to have its next turn: the oldest goes first.",
            ),
        ),
        migrations.AddField(
            model_name="batch",
            name="moved_at",
            field=models.DateTimeField(
                default=django.utils.timezone.now, help_text="Of the last change of state."
            ),
        ),
        migrations.AddField(
            model_name="batch",
            name="values_removed_at",
            field=models.DateTimeField(
                help_text="From then on its rows have only their keys and results.", null=True
            ),
        ),
        migrations.AddField(
            model_name="batch",
            name="sample",
            field=models.CharField(blank=True, help_text="Id of the render.", max_length=48),
        ),
        migrations.AddField(
            model_name="batch",
            name="sample_row",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="batch",
            name="shares",
            field=models.BooleanField(default=False, help_text="Each finished video gets a link."),
        ),
        migrations.AddField(
            model_name="batch",
            name="shared_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="batch",
            name="shares_due_at",
            field=models.DateTimeField(
                help_text="Since when finished videos may lack their links.", null=True
            ),
        ),
        migrations.AddField(
            model_name="batchrow",
            name="overrides",
            field=models.JSONField(
                default=dict,
                help_text="What of the template is different here, by the API's names.",
            ),
        ),
        migrations.AddField(
            model_name="batchrow",
            name="work",
            field=models.FloatField(
                default=0.0, help_text="Seconds that it takes a slot by itself, by the check."
            ),
        ),
        migrations.AddField(
            model_name="project",
            name="sample_of",
            field=models.ForeignKey(
                blank=True,
                help_text="It was made to look at a row of this batch before its start.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="samples",
                to="studio.batch",
            ),
        ),
        migrations.AddIndex(
            model_name="batch",
            index=models.Index(fields=["state", "due_at"], name="studio_batc_state_39b70f_idx"),
        ),
        migrations.AddIndex(
            model_name="batch",
            index=models.Index(fields=["shares_due_at"], name="studio_batc_shares__7e5914_idx"),
        ),
    ]
