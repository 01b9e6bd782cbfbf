from django.db import migrations

from rows.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_initial")]
    operations = [append_only("billing_transfer", "billing_grant")]
