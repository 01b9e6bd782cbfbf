from django.db import migrations

from rows.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("consent", "0002_initial")]
    operations = [append_only("consent_consent", "consent_consentevent")]
