"""Overlays of a scene: rows of JSON, checked, laid on its lines, and moved along when its words move.

A row is {"id", "text" | "asset_id", "from": {"line", "word"}, "to": {"line", "word"}, "position", "x", "y", "size",
"style", "enter", "exit"}. Lines and words are counted from 1, words as captions show them; it enters at the start of
the first and leaves at the end of the last.
"""

from __future__ import annotations

import difflib
import secrets
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import Any

from django.utils.translation import gettext

from rendering.stages import lettering
from rendering.stages import script as script_stage
from rendering.values import PLACES, BadInput, LineSpec, Overlay, Script
from studio.models import Picture, Scene, Workspace
from studio.models.mending import LONGEST_TEXT, PLAIN_ID, SIZES

MOST = 20
COMPARED = 200 * 200  # pairs of words; comparing more takes too long
FIELDS = {
    *("id", "text", "asset_id", "from", "to", "position", "x", "y", "size", "style", "enter"),
    "exit",
}
STYLES, MOVES = ("plain", "card"), ("fade", "cut")


def checked(rows: Any, workspace: Workspace, path: str = "overlays") -> list[dict[str, Any]]:
    """The rows with every field set. Raises BadInput, which names the first wrong one by its path."""
    if not isinstance(rows, list):
        raise BadInput("Overlays are a list.", path=path)
    if len(rows) > MOST:
        raise BadInput(
            f"A scene takes at most {MOST} overlays; this one has {len(rows)}.", path=path
        )
    found = [_checked(row, workspace, f"{path}[{number}]") for number, row in enumerate(rows)]
    if len({row["id"] for row in found}) < len(found):
        raise BadInput("Two overlays have the same id; leave one out.", path=path)
    return found


def _checked(row: Any, workspace: Workspace, path: str) -> dict[str, Any]:
    if not isinstance(row, dict) or not set(row) <= FIELDS:
        odd = sorted(set(row) - FIELDS)[0] if isinstance(row, dict) else row
        raise BadInput(
            f"An overlay has no field {str(odd)[:40]!r}.", code="unknown_field", path=path
        )
    text = row.get("text") or ""
    asset = row.get("asset_id") or ""
    if not isinstance(text, str) or not isinstance(asset, str) or bool(text.strip()) == bool(asset):
        raise BadInput(
            gettext("An overlay has either a text or a picture; send one of the two."),
            code="missing_field",
            path=path,
        )
    if len(text) > LONGEST_TEXT:
        raise BadInput(
            f"The overlay's text has {len(text):,} characters; at most {LONGEST_TEXT} fit. Shorten it.",
            path=f"{path}.text",
        )
    if text:
        lettering.check(text, path=f"{path}.text")
    elif not Picture.objects.filter(workspace=workspace, pk=asset, removed_at=None).exists():
        raise BadInput(
            f"There is no picture {asset[:40]}; upload it first.", path=f"{path}.asset_id"
        )
    least, most, usual = SIZES["text" if text else "picture"]
    return {
        "id": _named(row.get("id"), f"{path}.id"),
        "text": text,
        "asset_id": asset,
        "from": _anchor(row.get("from"), f"{path}.from"),
        "to": _anchor(row.get("to"), f"{path}.to"),
        "position": _one_of(row.get("position"), PLACES, "top-right", f"{path}.position"),
        "x": _number(row.get("x"), 0, 1, None, f"{path}.x"),
        "y": _number(row.get("y"), 0, 1, None, f"{path}.y"),
        "size": _number(row.get("size"), least, most, usual, f"{path}.size"),
        "style": _one_of(row.get("style"), STYLES, "plain", f"{path}.style"),
        "enter": _one_of(row.get("enter"), MOVES, "fade", f"{path}.enter"),
        "exit": _one_of(row.get("exit"), MOVES, "fade", f"{path}.exit"),
    }


def _named(value: Any, path: str) -> str:
    if value is None:
        return secrets.token_hex(4)
    if not isinstance(value, str) or not PLAIN_ID.fullmatch(value):
        raise BadInput(
            "The id of an overlay has 1 to 32 characters: letters, digits, _ and - only.", path=path
        )
    return value


def _one_of(value: Any, offered: Sequence[str], usual: str, path: str) -> str:
    if value is None:
        return usual
    if value not in offered:
        raise BadInput(
            f"{str(value)[:40]!r} is not offered here; use one of {', '.join(offered)}.", path=path
        )
    return str(value)


def _number(value: Any, least: float, most: float, usual: float | None, path: str) -> float | None:
    if value is None:
        return usual
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise BadInput(
            gettext("{value} cannot be used here; use a number from {least} to {most}.").format(
                value=str(value)[:40], least=least, most=most
            ),
            path=path,
        )
    return float(value)


def _anchor(value: Any, path: str) -> dict[str, int] | None:
    """{"line", "word"}, counted from 1; None stands for the beginning or the end of the scene."""
    if value is None:
        return None
    numbers = [value.get("line"), value.get("word")] if isinstance(value, dict) else []
    if not (
        len(numbers) == 2
        and set(value) == {"line", "word"}
        and all(type(n) is int and 1 <= n <= 100_000 for n in numbers)
    ):
        raise BadInput("An anchor is a line and a word, counted from 1.", path=path)
    return {"line": value["line"], "word": value["word"]}


def of_lines(
    scene: Scene, words: Sequence[int], pictures: dict[str, Picture]
) -> list[tuple[Overlay, ...]]:
    """The overlays of each line of the scene. words: how many each line has.

    An anchor behind the last word of a line stands for that word. An overlay whose picture was removed is left out.
    """
    found: list[list[Overlay]] = [[] for _ in words]
    for row in scene.overlays:
        picture = pictures.get(row["asset_id"]) if row["asset_id"] else None
        if row["asset_id"] and picture is None:
            continue
        begin = _position_of(row["from"], words, last=False)
        end = _position_of(row["to"], words, last=True)
        for number in range(begin[0], end[0] + 1):
            first = begin[1] if number == begin[0] and row["from"] else None
            last = end[1] if number == end[0] and row["to"] else None
            if first is not None and last is not None and last < first:
                last = first
            found[number].append(
                Overlay(
                    text=row["text"],
                    picture=picture.path if picture else None,
                    sha256=picture.sha256 if picture else "",
                    position=row["position"],
                    x=row["x"],
                    y=row["y"],
                    size=row["size"],
                    style=row["style"],
                    enter=row["enter"],
                    exit=row["exit"],
                    first=first,
                    last=last,
                )
            )
    return [tuple(line) for line in found]


def _position_of(
    anchor: dict[str, int] | None, words: Sequence[int], *, last: bool
) -> tuple[int, int]:
    """(line, word) from 0, inside the scene as it is now."""
    if anchor is None:
        line = len(words) - 1 if last else 0
        return line, max(0, words[line] - 1) if last else 0
    line = min(anchor["line"] - 1, len(words) - 1)
    word = anchor["word"] - 1 if line == anchor["line"] - 1 else words[line]
    return line, max(0, min(word, words[line] - 1))


def words_of_line(script: Script) -> list[str]:
    """The words as captions show them and anchors count them."""
    return [
        word
        for sentence in script.sentences
        for word in "".join(span.shown for span in sentence.spans).split()
    ]


def words_of(script: str, markup: str) -> list[list[str]]:
    """The words of each line, as captions show them; none if the script cannot be read."""
    try:
        lines = script_stage.lines(script, markup)
    except BadInput:
        return []
    found = []
    for line in lines:
        try:
            spec = LineSpec(line.text, "", "", markup=markup)  # type: ignore[arg-type]
            parsed = script_stage.run(
                spec.text,
                markup=markup,
                language=spec.language,
                dictionary=(),
                supports=frozenset(),
            )
            found.append(words_of_line(parsed))
        except BadInput:
            found.append(line.text.split())
    return found


def _followed(old: list[str], new: list[str]) -> dict[int, int]:
    """The position of each old word among the new ones, if it stayed.

    What is alike at both ends stayed. Between them the longest common stretches count or, with too many words for that, the
    words that occur once in both, in order, with what is alike beside them.
    """
    most = min(len(old), len(new))
    head = next((n for n in range(most) if old[n] != new[n]), most)
    most -= head
    tail = next((n for n in range(most) if old[-1 - n] != new[-1 - n]), most)
    to = {n: n for n in range(head)}
    to |= {len(old) - 1 - n: len(new) - 1 - n for n in range(tail)}
    left, right = old[head : len(old) - tail], new[head : len(new) - tail]
    if len(left) * len(right) <= COMPARED:
        matcher = difflib.SequenceMatcher(a=left, b=right, autojunk=False)
        for a, b, size in matcher.get_matching_blocks():
            to.update((head + a + n, head + b + n) for n in range(size))
        return to
    marks = _landmarks(left, right)
    taken = -1  # the last new word that an old one has
    for (a, b), (after, limit) in zip(marks, [*marks, (len(left), len(right))][1:], strict=True):
        x, y = a, b
        while x >= 0 and y > taken and left[x] == right[y] and head + x not in to:
            to[head + x], x, y = head + y, x - 1, y - 1
        x, y = a + 1, b + 1
        while x < after and y < limit and left[x] == right[y]:
            to[head + x], x, y = head + y, x + 1, y + 1
        taken = y - 1
    return to


def _landmarks(left: list[str], right: list[str]) -> list[tuple[int, int]]:
    """The positions of words that occur once in both, as many as are in the same order in both."""
    once = [{word for word, n in Counter(side).items() if n == 1} for side in (left, right)]
    position = {word: n for n, word in enumerate(right) if word in once[1]}
    pairs = [
        (n, position[word]) for n, word in enumerate(left) if word in once[0] and word in position
    ]
    ends: list[int] = []  # the least end of a rising sequence of each length
    rows: list[int] = []  # the number of that pair
    before: list[int] = []  # of each pair, the one before it in its sequence
    for number, (_, end) in enumerate(pairs):
        at = bisect_left(ends, end)
        if at == len(ends):
            ends.append(end)
            rows.append(number)
        ends[at], rows[at] = end, number
        before.append(rows[at - 1] if at else -1)
    found, number = [], rows[-1] if rows else -1
    while number >= 0:
        found.append(pairs[number])
        number = before[number]
    return found[::-1]


def moved(
    rows: list[dict[str, Any]], before: list[list[str]], after: list[list[str]]
) -> list[dict[str, Any]]:
    """The rows with their anchors on the same words, wherever these are now.

    A word that was removed hands its anchor to the next one that stayed, or, as the last of an overlay, to the one before.
    """
    sources = [(n, m) for n, line in enumerate(before) for m in range(len(line))]
    targets = [(n, m) for n, line in enumerate(after) for m in range(len(line))]
    if not rows or not targets or not sources:
        return rows
    old = [before[n][m] for n, m in sources]
    new = [after[n][m] for n, m in targets]
    to = _followed(old, new)
    at = {source: number for number, source in enumerate(sources)}

    def follow(anchor: dict[str, int] | None, *, last: bool) -> dict[str, int] | None:
        if anchor is None:
            return None
        number = at.get((anchor["line"] - 1, anchor["word"] - 1))
        if number is None:
            return anchor
        ahead, back = range(number, len(old)), range(number, -1, -1)
        order = (back, ahead) if last else (ahead, back)
        found = next((to[n] for n in chain(*order) if n in to), None)
        if found is None:
            return anchor
        line, word = targets[found]
        return {"line": line + 1, "word": word + 1}

    return [
        {**row, "from": follow(row["from"], last=False), "to": follow(row["to"], last=True)}
        for row in rows
    ]
