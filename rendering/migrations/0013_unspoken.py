from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("rendering", "0012_mails_by_events")]

    operations = [
        migrations.AddField(
            model_name="segment",
            name="unspoken",
            field=models.FloatField(
                default=0.0,
                help_text="Share of its sound that was not in the store when it was asked for.",
            ),
        ),
    ]
