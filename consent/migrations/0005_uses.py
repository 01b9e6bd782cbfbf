from django.db import migrations, models

from rows.append_only import append_only, changeable


class Migration(migrations.Migration):
    dependencies = [("consent", "0004_photo_avatars")]

    operations = [
        changeable("consent_consent"),
        migrations.AddField(
            model_name="consent",
            name="statement_version",
            field=models.CharField(blank=True, max_length=32),
        ),
        migrations.AddField(
            model_name="consent",
            name="uses",
            field=models.JSONField(default=list, help_text="What that statement allows."),
        ),
        append_only("consent_consent"),
    ]
