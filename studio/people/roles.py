"""Who may do what in a workspace: the one table."""

from __future__ import annotations

from typing import Literal, get_args

from studio.models import Membership

Verb = Literal["see", "edit", "render", "cast", "see_money", "manage_keys"]
"""edit: projects, pictures, videos, music and the dictionary. render: spend credits, cancel. cast: make, unlock and delete
avatars and voices. see_money: credits and use."""

KEY = "key"
"""The role of a program with a key."""

EVERYTHING: frozenset[Verb] = frozenset(get_args(Verb))
RIGHTS: dict[str, frozenset[Verb]] = {
    Membership.Role.OWNER: EVERYTHING,
    Membership.Role.ADMIN: EVERYTHING,
    Membership.Role.MEMBER: EVERYTHING,
    KEY: EVERYTHING - {"manage_keys"},
}

DOING: dict[Verb, str] = {
    "see": "see this",
    "edit": "change this",
    "render": "render or cancel",
    "cast": "make or delete avatars and voices",
    "see_money": "see credits",
    "manage_keys": "make or revoke keys",
}


class NotAllowedHere(Exception):
    """The role does not allow this. `sentence` says what to do."""

    def __init__(self, role: str, verb: Verb) -> None:
        super().__init__(f"{role} may not {verb}")
        who = "a key" if role == KEY else f"the role “{role}”"
        self.sentence = (
            f"In this workspace, {who} may not {DOING[verb]}; ask an owner of the workspace."
        )


def need(role: str, verb: Verb) -> None:
    """Raises NotAllowedHere if the role does not allow it."""
    if verb not in RIGHTS.get(role, frozenset()):
        raise NotAllowedHere(role, verb)
