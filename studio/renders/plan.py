"""What a render of a project would make, cost and take: read, never written.

Planning reads scripts and asks the store, so it has no place in a transaction that writes. A plan records what it relies on
(`revision`, `dictionary`), so that whoever writes the render can check it again.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db.models import Q

from billing.plans import PLANS
from rendering import cost, effort, memory, pipeline, storage
from rendering.fleet import eta, scheduling
from rendering.models import Segment
from rendering.stages import lettering
from rendering.stages import script as script_stage
from rendering.values import BadInput, Guess, LineSpec, Script, Warn
from studio.models import Avatar, BrandKit, Project, Pronunciation, Scene, Voice, Workspace
from studio.projects import composition, cues, overlays
from studio.templatetags.amounts import clock

MAX_CHARACTERS = 20_000
MAX_LINES = 300
DRAFT_HEIGHT = 360
UNSURE = 1.1  # what is quoted for a line that was not spoken yet, against its likely length


UNKNOWN = eta.Wait(0.0, 0.0)


@dataclass(frozen=True)
class PlannedLine:
    """A line of a project as it would be rendered now."""

    scene: Scene
    avatar: Avatar
    voice: Voice
    scene_number: int
    line_number: int
    chapter: str
    text: str
    spec: LineSpec
    line_key: str
    seconds: float
    exact: bool  # its speech is made already, so its length is known
    unspoken: float = 0.0  # share of its sound that neither the store nor an earlier line has
    paid: bool = False  # by a delivered render of this project, or by an earlier line of this one
    key: str = ""  # of its film in the store, as far as it is known
    kept: bool = False  # the store holds its film
    work: float = 0.0  # seconds that it takes a slot by itself
    speech_work: float = 0.0  # the part of it that speaks
    warnings: tuple[Warn, ...] = ()
    guesses: tuple[Guess, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What a render of the project would make, cost and take."""

    revision: int
    dictionary: tuple[tuple[str, str, str], ...]
    draft: bool
    lines: tuple[PlannedLine, ...]
    lane: str
    deliveries: int = 0  # of the project, when its paid lines were read
    wait: eta.Wait = UNKNOWN
    warnings: list[dict[str, Any]] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return sum(line.seconds for line in self.lines)

    @property
    def drawn(self) -> int:
        """How many lines are to be drawn."""
        return sum(line.work > effort.KEPT for line in self.lines)

    @property
    def to_make(self) -> float:
        """Seconds of lines that have no film yet."""
        return sum(line.seconds for line in self.lines if not line.kept)

    @property
    def unpaid(self) -> list[PlannedLine]:
        return [line for line in self.lines if not line.paid]

    @property
    def changed(self) -> int:
        return len(self.unpaid)

    @cached_property
    def shares(self) -> list[int]:
        """Credit-seconds of each line."""
        if self.draft:
            return [0] * len(self.lines)
        dealt = iter(cost.deal(x.seconds * (1 if x.exact else UNSURE) for x in self.unpaid))
        return [0 if line.paid else next(dealt) for line in self.lines]

    @cached_property
    def quoted(self) -> int:
        """Credit-seconds, never exceeded."""
        return sum(self.shares)

    def priced(self, paid: Collection[str]) -> Plan:
        """The same plan, with the lines of these keys paid for. The same line twice is made and paid once."""
        seen, lines = set(paid), []
        for line in self.lines:
            lines.append(replace(line, paid=line.line_key in seen))
            seen.add(line.line_key)
        return replace(self, lines=tuple(lines))


def dictionary_of(project: Project) -> tuple[tuple[str, str, str], ...]:
    """(word, kind, value) of the words that have a pronunciation of their own; the project's goes before the workspace's, unless
    the brand kit locks that."""
    rows = Pronunciation.objects.filter(
        Q(project=None) | Q(project=project), workspace=project.workspace_id
    ).values_list("project", "word", "kind", "value")
    first = BrandKit.locks_in(project.workspace, "pronunciation")  # the workspace's words
    winning = {word.casefold() for of, word, _, _ in rows if bool(of) != first}
    return tuple(
        sorted(
            (word, kind, value)
            for of, word, kind, value in rows
            if bool(of) != first or word.casefold() not in winning
        )
    )


def plan_render(
    project: Project,
    *,
    scenes: Sequence[Scene] | None = None,
    mode: str = "final",
    height: int | None = None,
    codec: str | None = None,
    foretell: bool = True,
) -> Plan:
    """Plans the project as saved, or with these scenes, which need not be saved. Raises BadInput, which names the scene
    and line that cannot be spoken, or says by how much the film is too long.

    foretell: whether the wait is wanted, for which the whole queue is read.
    """
    scenes = list(project.live_scenes if scenes is None else scenes)
    sources = _lines_of(scenes)  # counted before anything is read
    draft = mode == "draft"
    video = composition.format_of(
        project, scenes, height=height or (DRAFT_HEIGHT if draft else None), codec=codec
    )
    dictionary = dictionary_of(project)
    store = storage.store()
    lines: list[PlannedLine] = []
    sentences: set[str] = set()
    for scene_number, (scene, written) in enumerate(zip(scenes, sources, strict=True), start=1):
        chapter = scene.title or f"Scene {scene_number}"
        if not scene.script.strip():
            continue
        if scene.avatar is None or scene.voice is None:
            missing = "an avatar" if scene.avatar is None else "a voice"
            raise BadInput(
                f"Scene {scene_number} has no {missing.split()[-1]}; choose {missing} for it.",
                code="missing_field",
                scene=scene_number,
            )
        composition.check_words(scene, scene_number)
        scene.project = project
        like = composition.spec_of(scene, "", video, dictionary)
        first, words = len(lines), []
        for line_number, source in enumerate(written, start=1):
            chapter = source.chapter or chapter
            fades = scene.transition == "fade" and lines and len(lines) == first
            spec = replace(
                like,
                text=source.text,
                transition="fade" if fades else "cut",
                scene=scene_number,
                draft=draft,
                engine=settings.FACE_ENGINE,
            )
            try:
                parsed = pipeline.read_script(spec)
                words.append(_shown(parsed, spec))
            except BadInput as error:
                raise BadInput(
                    f"Scene {scene_number}, line {line_number}: {error.sentence}",
                    code=error.code,
                    scene=scene_number,
                    line=line_number,
                    **error.where,
                ) from error
            seconds, exact = pipeline.length_of(spec, parsed, store=store)
            lines.append(
                PlannedLine(
                    scene=scene,
                    avatar=scene.avatar,
                    voice=scene.voice,
                    scene_number=scene_number,
                    line_number=line_number,
                    chapter=chapter,
                    text=source.text,
                    spec=spec,
                    line_key=pipeline.line_key(spec),
                    seconds=seconds,
                    exact=exact,
                    unspoken=0.0
                    if exact
                    else pipeline.unspoken(spec, parsed, sentences, store=store),
                    warnings=parsed.warnings,
                    guesses=parsed.guesses,
                )
            )
        laid = composition.overlays_of(scene, [len(line) for line in words])
        for offset, (over, edits) in enumerate(zip(laid, cues.of_lines(scene, words), strict=True)):
            line = lines[first + offset]
            spec = replace(line.spec, overlays=over, cues=edits)
            lines[first + offset] = replace(line, spec=spec)
    around = sum(one.seconds for one in composition.bumpers_of(project).all)
    workspace, length = project.workspace, sum(line.seconds for line in lines) + around
    check_length(workspace, length)
    lane = scheduling.lane_of(draft=draft, plan=workspace.plan, seconds=length)
    plan = Plan(
        revision=project.revision,
        dictionary=dictionary,
        draft=draft,
        lines=tuple(_with_films(lines)),
        lane=lane,
        deliveries=cost.deliveries(project.pk),
        warnings=[
            {**asdict(w), "scene": line.scene_number, "line": line.line_number}
            for line in lines
            for w in line.warnings
        ],
    )
    plan = plan.priced(cost.paid(project.pk, {line.line_key for line in lines}))
    if not foretell:
        return plan
    after = effort.joining(length, eta.rates(), music=bool(project.music_id))
    after += effort.framing(around, video)
    wait = eta.likely_wait(
        workspace,
        lane,
        [line.work for line in plan.lines],
        after,
        alone=memory.is_large(video.width, video.height),
    )
    return replace(plan, wait=wait)


def _lines_of(scenes: Sequence[Scene]) -> list[tuple[script_stage.SourceLine, ...]]:
    """The lines of each scene. Raises BadInput if there are none or too many."""
    check_characters(sum(len(scene.script) for scene in scenes))
    found = [script_stage.lines(scene.script, scene.markup) for scene in scenes]
    count = sum(map(len, found))
    if not count:
        raise BadInput("There is nothing to say yet; write a first line.", code="script_empty")
    if count > MAX_LINES:
        raise BadInput(
            f"The script has {count} lines; a video takes at most {MAX_LINES}. "
            "Join some paragraphs or split the project.",
            code="script_too_long",
        )
    return found


def check_characters(total: int) -> None:
    """Raises BadInput for more characters than a video takes; called before any is read."""
    if total > MAX_CHARACTERS:
        raise BadInput(
            f"The script has {total:,} characters; a video takes at most {MAX_CHARACTERS:,}. "
            "Split it into two projects.",
            code="script_too_long",
        )


def check_length(workspace: Workspace, seconds: float) -> None:
    """Raises BadInput for a film that is longer than the workspace's plan allows."""
    plan, length = PLANS[workspace.plan], math.ceil(seconds)
    if length > plan.longest_film:
        raise BadInput(
            f"{clock(length)}: a film may have {clock(plan.longest_film)} on the {plan.name} plan; "
            f"shorten it by {clock(length - plan.longest_film)}.",
            code="plan_limit",
            limit=plan.longest_film,
            plan=plan.slug,
        )


def _with_films(lines: list[PlannedLine]) -> list[PlannedLine]:
    """The lines with their keys, and whether the store holds their films."""
    specs, lengths = [line.spec for line in lines], [x.seconds if x.exact else None for x in lines]
    keys = pipeline.segment_keys(specs, lengths)
    # Only keys that were made before are looked up: a bucket is slow to say no.
    made = set(Segment.objects.filter(status="done", key__in=keys).values_list("key", flat=True))
    stored = {key for key in made if storage.store().find(key, ".json")}
    return _weighed(
        [replace(line, key=key, kept=key in stored) for line, key in zip(lines, keys, strict=True)]
    )


def _weighed(lines: list[PlannedLine]) -> list[PlannedLine]:
    """The lines with the work that is left for each: what the store holds costs next to nothing, and the same line twice
    is spoken and drawn once."""
    known = eta.rates()
    drawn: set[str] = set()
    faces: set[str] = set()
    found = []
    for line in lines:
        again = line.kept or (line.key or line.line_key) in drawn
        needed = eta.effort_of(line.spec, line.seconds, 0.0 if again else line.unspoken)
        speech = effort.speaking(needed, known)
        work = effort.KEPT
        if not again:
            work = effort.LINE + speech + effort.drawing(needed, known)
            if line.spec.avatar not in faces:
                work += effort.face(line.spec.video)
            drawn.add(line.key or line.line_key)
            faces.add(line.spec.avatar)
        found.append(replace(line, work=work, speech_work=speech))
    return found


def _shown(parsed: Script, spec: LineSpec) -> list[str]:
    """The words of the line's captions. Raises BadInput if they are burnt in and cannot be drawn."""
    words = overlays.words_of_line(parsed)
    if spec.captions.burn_in:
        lettering.check(" ".join(words))
    return words


def line_specs(scene: Scene) -> list[LineSpec]:
    """The lines of a scene as they are spoken. Of their look they have only the avatar."""
    if scene.voice is None:
        return []
    dictionary = dictionary_of(scene.project)
    return [
        composition.spoken(scene, line.text, dictionary)
        for line in script_stage.lines(scene.script, scene.markup)
    ]
