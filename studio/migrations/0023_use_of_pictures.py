from django.db import migrations, models


def by_where_they_are(apps, schema_editor):
    """A picture that is only ever a logo, or only ever a background, is offered as that from now on."""
    Picture = apps.get_model("studio", "Picture")
    logos = set(apps.get_model("studio", "Project").objects.values_list("logo_id", flat=True))
    grounds = set(apps.get_model("studio", "Scene").objects.values_list("picture_id", flat=True))
    for use, rows in (("logo", logos - grounds), ("background", grounds - logos)):
        Picture.objects.filter(pk__in=rows - {None}).update(use=use)


class Migration(migrations.Migration):
    dependencies = [("studio", "0022_batches")]

    operations = [
        migrations.AddField(
            model_name="picture",
            name="use",
            field=models.CharField(
                blank=True,
                choices=[("background", "Background"), ("logo", "Logo")],
                default="",
                help_text="What it is offered for; blank: for both.",
                max_length=10,
            ),
            preserve_default=False,
        ),
        migrations.RunPython(by_where_they_are, migrations.RunPython.noop),
    ]
