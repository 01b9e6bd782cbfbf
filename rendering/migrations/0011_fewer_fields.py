"""Nothing reads `burn_captions` any more: the lines say it. Its column goes with the next release, because workers of the last
one still name it while this one is rolled out."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("rendering", "0010_fewer_indexes_of_lines"),
    ]

    operations = [
        migrations.AlterField(
            model_name="render",
            name="burn_captions",
            field=models.BooleanField(default=False, db_default=False),
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.RemoveField("render", "burn_captions")]
        ),
        migrations.AlterField(
            model_name="render",
            name="music",
            field=models.JSONField(default=dict, help_text="values.music_to_json; empty without."),
        ),
        migrations.AlterField(
            model_name="segment",
            name="status",
            field=models.CharField(
                choices=[("waiting", "Waiting"), ("running", "Running"), ("done", "Done")],
                default="waiting",
                max_length=8,
            ),
        ),
    ]
