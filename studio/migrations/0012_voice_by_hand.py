from django.db import migrations, models
from django.db.models import F


def as_it_was_chosen(apps, schema_editor):
    """A voice that is not the one that goes with the avatar was chosen by somebody."""
    scenes = apps.get_model("studio", "Scene").objects.exclude(voice=None).exclude(avatar=None)
    scenes.exclude(voice__slug=F("avatar__voice_slug")).update(voice_by_hand=True)


class Migration(migrations.Migration):
    dependencies = [
        ("studio", "0011_uploaded_videos_prepared"),
    ]

    operations = [
        migrations.AddField(
            model_name="scene",
            name="voice_by_hand",
            field=models.BooleanField(
                default=False, help_text="Chosen for the scene: it stays, whoever speaks."
            ),
        ),
        migrations.RunPython(as_it_was_chosen, migrations.RunPython.noop),
    ]
