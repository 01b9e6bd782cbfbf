"""Who may do what in a workspace: the one table."""

from __future__ import annotations

from typing import Literal, get_args

from django.utils.translation import gettext

from studio.models import Membership

Verb = Literal[
    "see", "edit", "render", "share", "approve", "cast", "see_money", "manage_keys", "manage"
]
"""edit: projects, pictures, videos, music and the dictionary. render: spend credits, cancel. share: make, change and close links
for people without an account. approve: release a render that waits for approval. manage: the rules of the workspace. cast: make, unlock and delete
avatars and voices. see_money: credits and use."""

KEY = "key"
"""The role of a program with a key."""

EVERYTHING: frozenset[Verb] = frozenset(get_args(Verb))
RIGHTS: dict[str, frozenset[Verb]] = {
    Membership.Role.OWNER: EVERYTHING,
    Membership.Role.ADMIN: EVERYTHING,
    Membership.Role.MEMBER: EVERYTHING - {"approve", "manage"},
    KEY: EVERYTHING - {"manage_keys", "approve", "manage"},
}


def _sentence(verb: Verb) -> str:
    return {
        "see": gettext("Your role in this workspace does not let you see this"),
        "edit": gettext("Your role in this workspace does not let you change this"),
        "render": gettext("Your role in this workspace does not let you render or cancel"),
        "share": gettext("Your role in this workspace does not let you share videos"),
        "approve": gettext("Your role in this workspace does not let you approve renders"),
        "manage": gettext("Your role in this workspace does not let you change its rules"),
        "cast": gettext(
            "Your role in this workspace does not let you make or delete avatars and voices"
        ),
        "see_money": gettext("Your role in this workspace does not let you see credits"),
        "manage_keys": gettext("Your role in this workspace does not let you make or revoke keys"),
    }[verb]


class NotAllowedHere(Exception):
    """The role does not allow this. `sentence` says what to do."""

    def __init__(self, role: str, verb: Verb) -> None:
        super().__init__(role, verb)
        if role == KEY:
            self.sentence = gettext("A key may not do this; a person with the right role can.")
        else:
            self.sentence = gettext("{what}; ask an owner of the workspace.").format(
                what=_sentence(verb)
            )


def those_who_may(verb: Verb) -> list[str]:
    """The roles of people that allow the verb."""
    return [role for role in Membership.Role.values if allows(role, verb)]


def allows(role: str, verb: Verb) -> bool:
    """Whether pages offer it. What was offered is asked again when it is done."""
    return verb in RIGHTS.get(role, frozenset())


def need(role: str, verb: Verb) -> None:
    """Raises NotAllowedHere if the role does not allow it."""
    if not allows(role, verb):
        raise NotAllowedHere(role, verb)
