"""Who may do what in a workspace: the one table."""

from __future__ import annotations

from typing import Literal, get_args

from django.utils.translation import gettext

from studio.models import Membership

Verb = Literal[
    "enter",
    "see",
    "edit",
    "render",
    "share",
    "comment",
    "approve",
    "cast",
    "see_money",
    "see_team",
    "manage_keys",
    "manage",
    "transfer",
]
"""enter: be there: one's own settings, and leaving. see: projects and videos. edit: projects, pictures, videos, music and the
dictionary. render: spend credits, cancel. share: make, change and close links for people without an account. comment: read, answer and
resolve what is said of versions. approve: release a render that waits for approval. cast: make, unlock and delete avatars and voices.
see_money: credits and use. see_team: who else is there. manage_keys: make and revoke keys. manage: members, rules and the brand kit.
transfer: make somebody else the owner."""

KEY = "key"
"""The role of a program with a key."""

EVERYTHING: frozenset[Verb] = frozenset(get_args(Verb))
PEOPLES: frozenset[Verb] = frozenset({"approve", "manage", "transfer"})
"""What takes an owner or an admin."""
RIGHTS: dict[str, frozenset[Verb]] = {
    Membership.Role.OWNER: EVERYTHING,
    Membership.Role.ADMIN: EVERYTHING - {"transfer"},
    Membership.Role.MEMBER: EVERYTHING - PEOPLES,
    Membership.Role.REVIEWER: frozenset({"enter", "comment"}),
    Membership.Role.BILLING: frozenset({"enter", "see_money"}),
    KEY: EVERYTHING - PEOPLES - {"manage_keys", "see_team"},
}
FIRST_DAY: dict[str, str] = {
    Membership.Role.REVIEWER: "team_reviews",
    Membership.Role.BILLING: "credit_list",
}
"""Where roles begin that do not see projects."""


def what(verb: str) -> str:
    """The verb as people call it: "to …"."""
    return {
        "enter": gettext("be in this workspace"),
        "see": gettext("see this"),
        "edit": gettext("change this"),
        "render": gettext("render or cancel"),
        "share": gettext("share videos"),
        "comment": gettext("read and answer comments"),
        "approve": gettext("approve renders"),
        "cast": gettext("make or delete avatars and voices"),
        "see_money": gettext("see credits"),
        "see_team": gettext("see who is in the workspace"),
        "manage_keys": gettext("make or revoke keys"),
        "manage": gettext("change the workspace's rules, people and brand"),
        "transfer": gettext("hand the workspace over"),
    }[verb]


class NotAllowedHere(Exception):
    """The role does not allow this. `sentence` says what to do. ask: who can change that."""

    def __init__(self, role: str, verb: Verb, ask: str = "") -> None:
        super().__init__(role, verb)
        if role == KEY:
            self.sentence = gettext("A key may not do this; a person with the right role can.")
        else:
            self.sentence = gettext(
                "Your role in this workspace does not let you {what}; ask an owner of the workspace{names}."
            ).format(what=what(verb), names=f" ({ask})" if ask else "")


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
