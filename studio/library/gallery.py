"""The gallery of avatars: people with their looks, what they can be filtered by, and where their files are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.contrib.staticfiles import finders
from django.http import QueryDict
from django.templatetags.static import static
from django.urls import reverse

from studio.library import photos
from studio.models import Avatar, Voice

GENDERS = ("woman", "man", "nonbinary")
AGES = ("teens", "twenties", "thirties", "forties", "fifties", "sixties", "seventies", "eighties")
"""Tags of a pack that say who the person is, in the order of the lists. All others say what the look suits."""


def poster_of(avatar: Avatar | None) -> str:
    """The address of its portrait, or nothing."""
    if avatar is None or avatar.deleted:
        return ""
    if avatar.workspace_id is None:
        return _shipped(avatar, "poster.webp")
    # For an unusable photo, the picture with frames around what is wrong.
    kind = "marked" if avatar.state == Avatar.State.REFUSED else "poster"
    usable = avatar.pack if kind == "poster" else photos.file_of(avatar, kind)
    return reverse("avatar_file", args=[avatar.pk, kind]) if usable else ""


def sample_of(avatar: Avatar) -> str:
    """The address of the clip in which it speaks, or nothing."""
    if avatar.workspace_id:
        return reverse("avatar_file", args=[avatar.pk, "preview"]) if avatar.pack else ""
    return _shipped(avatar, "sample.mp4")


def _shipped(avatar: Avatar, name: str) -> str:
    path = f"avatars/{avatar.slug}/{name}"
    return static(path) if finders.find(path) else ""


@dataclass(frozen=True)
class Look:
    """One look of a person: what a scene is given."""

    avatar: Avatar
    name: str
    poster: str
    sample: str
    styles: tuple[str, ...]


@dataclass(frozen=True)
class Person:
    """Somebody who can be chosen. `shown` is the look that the filter asked for."""

    shown: Look
    looks: tuple[Look, ...]
    gender: str
    age: str
    voice: Voice | None
    own: bool

    @property
    def avatar(self) -> Avatar:
        return self.shown.avatar

    @property
    def name(self) -> str:
        return self.shown.avatar.name

    @property
    def usable(self) -> bool:
        """False if no face could be made of the photo."""
        return self.avatar.state not in (Avatar.State.REFUSED, Avatar.State.FAILED)

    @property
    def address(self) -> str:
        if self.own:
            return reverse("avatar_detail", args=[self.avatar.pk])
        return reverse("stock_avatar", args=[self.avatar.slug])


@dataclass(frozen=True)
class Choice:
    """One filter: its name in the address, its label, its values and the chosen one."""

    name: str
    label: str
    nothing: str
    values: tuple[tuple[str, str], ...]
    chosen: str


@dataclass(frozen=True)
class Gallery:
    people: tuple[Person, ...]
    filters: tuple[Choice, ...]
    total: int

    @property
    def filtered(self) -> bool:
        return any(choice.chosen for choice in self.filters)

    @property
    def count(self) -> int:
        return sum(person.usable for person in self.people)

    @property
    def stock(self) -> list[Person]:
        return [person for person in self.people if not person.own]

    @property
    def own(self) -> list[Person]:
        return [person for person in self.people if person.own]


def people_of(avatars: Iterable[Avatar]) -> list[Person]:
    """Looks grouped by person: stock ones in their order, then own ones, the newest first."""
    voices = {voice.slug: voice for voice in Voice.objects.filter(workspace=None)}
    looks: dict[str, list[Avatar]] = {}
    for avatar in sorted(avatars, key=lambda avatar: (avatar.of != "", avatar.place or 0)):
        looks.setdefault(avatar.of or avatar.slug, []).append(avatar)
    people = []
    for rows in looks.values():
        first = rows[0]
        made = tuple(_look(row) for row in rows)
        people.append(
            Person(
                shown=made[0],
                looks=made,
                gender=next((tag for tag in first.tags if tag in GENDERS), ""),
                age=next((tag for tag in first.tags if tag in AGES), ""),
                voice=voices.get(first.voice_slug),
                own=first.workspace_id is not None,
            )
        )
    stock = [one for one in people if not one.own]
    own = [one for one in people if one.own]
    own.sort(key=lambda one: one.avatar.created_at, reverse=True)
    return [*stock, *own]


def _look(avatar: Avatar) -> Look:
    return Look(
        avatar=avatar,
        name=avatar.look,
        poster=poster_of(avatar),
        sample=sample_of(avatar),
        styles=tuple(tag for tag in avatar.tags if tag not in GENDERS + AGES),
    )


def gallery(avatars: Iterable[Avatar], query: QueryDict) -> Gallery:
    """The people of `avatars` that match ?gender=, ?age=, ?style= and ?from=; a value that is not offered is ignored."""
    people = people_of(avatars)
    usable = {
        "gender": {person.gender for person in people},
        "age": {person.age for person in people},
        "style": {style for person in people for look in person.looks for style in look.styles},
        "from": {"photo" if person.own else "studio" for person in people},
    }
    chosen = {
        name: query.get(name, "") if query.get(name) in values else ""
        for name, values in usable.items()
    }
    listed = lambda name, order: tuple((v, v.capitalize()) for v in order if v in usable[name])  # noqa: E731
    filters = (
        Choice("gender", "Gender", "Any", listed("gender", GENDERS), chosen["gender"]),
        Choice("age", "Age", "Any", listed("age", AGES), chosen["age"]),
        Choice("style", "Style", "Any", listed("style", sorted(usable["style"])), chosen["style"]),
        Choice(
            "from",
            "From",
            "Everywhere",
            tuple(
                (value, words)
                for value, words in (("studio", "The studio"), ("photo", "A photo"))
                if value in usable["from"]
            ),
            chosen["from"],
        ),
    )
    found = []
    for person in people:
        if chosen["gender"] not in ("", person.gender) or chosen["age"] not in ("", person.age):
            continue
        if chosen["from"] not in ("", "photo" if person.own else "studio"):
            continue
        fitting = [look for look in person.looks if chosen["style"] in ("", *look.styles)]
        if fitting:
            found.append(replace(person, shown=fitting[0]))
    return Gallery(tuple(found), filters, sum(person.usable for person in people))
