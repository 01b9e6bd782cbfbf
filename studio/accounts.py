"""Sign-up: every person gets a workspace of their own, with this month's credits."""

from allauth.account.adapter import DefaultAccountAdapter
from django.core.exceptions import ValidationError
from django.db import transaction

from billing.plans import grant_period
from studio.models import Membership, User, Workspace


@transaction.atomic
def open_workspace(user: User) -> Workspace:
    first = (user.name or user.email.split("@")[0]).strip()
    workspace = Workspace.objects.create(name=f"{first}'s workspace"[:80])
    Membership.objects.create(workspace=workspace, user=user, role=Membership.Role.OWNER)
    grant_period(workspace)
    return workspace


LONGEST_ADDRESS = User._meta.get_field("email").max_length or 254


class Adapter(DefaultAccountAdapter):
    def clean_email(self, email: str) -> str:
        if len(email) > LONGEST_ADDRESS:  # SQLite would keep it, Postgres would not
            raise ValidationError(f"An e-mail address has at most {LONGEST_ADDRESS} characters.")
        return super().clean_email(email)

    def save_user(self, request, user, form, commit=True):
        user = super().save_user(request, user, form, commit=False)  # hashes the password
        if commit:
            with transaction.atomic():
                user.save()
                open_workspace(user)
        return user
