"""A picture is kept only if it may be shown, so its verdict says nothing. Its column goes with the next release, because the
last one still names it while this one is rolled out."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("studio", "0013_order_of_people"),
    ]

    operations = [
        migrations.AlterField(
            model_name="picture",
            name="verdict",
            field=models.CharField(default="allow", db_default="allow", max_length=8),
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.RemoveField("picture", "verdict")]
        ),
    ]
