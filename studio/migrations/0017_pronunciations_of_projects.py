import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("studio", "0016_caption_size")]

    operations = [
        migrations.AddField(
            model_name="pronunciation",
            name="project",
            field=models.ForeignKey(
                blank=True,
                help_text="Where it holds; everywhere if absent.",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="pronunciations",
                to="studio.project",
            ),
        ),
        migrations.RemoveConstraint(model_name="pronunciation", name="one_way_to_say_a_word"),
        migrations.AddConstraint(
            model_name="pronunciation",
            constraint=models.UniqueConstraint(
                condition=models.Q(("project", None)),
                fields=("workspace", "word"),
                name="one_way_to_say_a_word",
            ),
        ),
        migrations.AddConstraint(
            model_name="pronunciation",
            constraint=models.UniqueConstraint(
                condition=models.Q(("project__isnull", False)),
                fields=("project", "word"),
                name="one_way_to_say_a_word_in_a_project",
            ),
        ),
    ]
