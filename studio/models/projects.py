"""What is edited: a project is scenes in order; a scene's script is lines, one paragraph each."""

import secrets
from functools import partial

from django.core.validators import RegexValidator
from django.db import models, transaction
from django.db.models import F, Max
from django.utils import timezone

from studio.identifiers import new_id
from studio.models.library import Avatar, Picture, Voice
from studio.models.people import User, Workspace

hex_color = RegexValidator(
    r"^#[0-9a-f]{6}\Z", "Write the colour as # and six digits, such as #e9e4dc."
)


def new_seed() -> int:
    return secrets.randbits(31)


MANNERS = [(name, name.capitalize()) for name in ("neutral", "warm", "lively", "serious")]
"""The styles of rendering/stages/bearing.py, which the web process does not load."""


class RevisionConflict(Exception):
    """Somebody else saved first. Carries the row as it stands now."""

    def __init__(self, current: "Scene | Project") -> None:
        super().__init__("This was changed elsewhere since you opened it.")
        self.current = current


def save_revision(row: "Scene | Project", revision: int, fields: dict) -> None:
    """Writes fields if the row still has this revision; else RevisionConflict. One UPDATE."""
    changed = (
        type(row)
        .objects.filter(pk=row.pk, revision=revision)
        .update(**fields, revision=F("revision") + 1)
    )
    row.refresh_from_db()
    if not changed:
        raise RevisionConflict(row)


class Project(models.Model):
    ASPECTS = [("16:9", "Wide"), ("9:16", "Tall"), ("1:1", "Square")]

    id = models.CharField(primary_key=True, max_length=48, default=partial(new_id, "project"))
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="projects")
    title = models.CharField(max_length=200, default="Untitled")
    aspect = models.CharField(max_length=8, choices=ASPECTS, default="16:9")
    burn_captions = models.BooleanField(default=False)
    seed = models.PositiveIntegerField(default=new_seed)
    revision = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True)
    created_at = models.DateTimeField(default=timezone.now)
    touched_at = models.DateTimeField(default=timezone.now)
    archived_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-touched_at"]
        indexes = [models.Index(fields=["workspace", "-touched_at"])]

    def __str__(self) -> str:
        return self.title

    @property
    def live_scenes(self) -> models.QuerySet["Scene"]:
        return (
            self.scenes.filter(removed_at=None)
            .select_related("avatar", "voice", "picture")
            .order_by("position", "created_at")
        )

    def touch(self) -> None:
        """A scene of it changed."""
        Project.objects.filter(pk=self.pk).update(
            touched_at=timezone.now(), revision=F("revision") + 1
        )

    def edit(self, revision: int, **fields) -> None:
        save_revision(self, revision, {**fields, "touched_at": timezone.now()})

    def archive(self) -> None:
        Project.objects.filter(pk=self.pk).update(archived_at=timezone.now())

    def restore(self) -> None:
        Project.objects.filter(pk=self.pk).update(archived_at=None, removed_at=None)

    def remove(self) -> None:
        Project.objects.filter(pk=self.pk).update(removed_at=timezone.now())

    @transaction.atomic
    def duplicate(self, by: User | None) -> "Project":
        twin = Project.objects.create(
            workspace=self.workspace,
            title=f"{self.title} (copy)"[:200],
            aspect=self.aspect,
            burn_captions=self.burn_captions,
            created_by=by,
        )
        for scene in self.live_scenes:
            scene.copy_to(twin, scene.position)
        return twin

    @transaction.atomic
    def add_scene(self, after: "Scene | None" = None, **fields) -> "Scene":
        """A new scene, at the end or after another, with that one's avatar, voice and background."""
        model = after or self.live_scenes.last()
        position = (self.scenes.aggregate(last=Max("position"))["last"] or 0) + 1
        if model and not fields:
            fields = {
                name: getattr(model, name)
                for name in ("avatar", "voice", "speed", "style", "background_color", "picture")
            }
        scene = Scene.objects.create(project=self, position=position, **fields)
        if after:
            order = [s.id for s in self.live_scenes if s.id != scene.id]
            order.insert(order.index(after.id) + 1, scene.id)
            self.order_scenes(order)
            scene.refresh_from_db()
        self.touch()
        return scene

    @transaction.atomic
    def order_scenes(self, ids: list[str]) -> None:
        """Puts the scenes in this order; scenes that are not named follow as they were."""
        scenes = list(self.live_scenes)
        rank = {scene_id: n for n, scene_id in enumerate(ids)}
        scenes.sort(key=lambda s: (rank.get(s.id, len(ids)), s.position))
        for position, scene in enumerate(scenes, start=1):
            Scene.objects.filter(pk=scene.pk).update(position=position)
        self.touch()


class Scene(models.Model):
    id = models.CharField(primary_key=True, max_length=48, default=partial(new_id, "scene"))
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="scenes")
    position = models.PositiveIntegerField(default=1)
    title = models.CharField(max_length=120, blank=True)
    script = models.TextField(blank=True)
    markup = models.CharField(
        max_length=8,
        default="markdown",
        choices=[("markdown", "Markdown"), ("ssml", "SSML"), ("text", "Plain text")],
    )
    avatar = models.ForeignKey(Avatar, on_delete=models.PROTECT, null=True)
    voice = models.ForeignKey(Voice, on_delete=models.PROTECT, null=True)
    speed = models.FloatField(default=1.0)
    style = models.CharField(
        max_length=8,
        default="neutral",
        choices=MANNERS,
    )
    background_color = models.CharField(max_length=7, default="#e9e4dc", validators=[hex_color])
    picture = models.ForeignKey(Picture, on_delete=models.SET_NULL, null=True, blank=True)
    revision = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["position", "created_at"]

    def __str__(self) -> str:
        return self.title or f"Scene {self.position}"

    @transaction.atomic
    def edit(self, revision: int, **fields) -> None:
        save_revision(self, revision, fields)
        self.project.touch()

    @transaction.atomic
    def remove(self) -> None:
        Scene.objects.filter(pk=self.pk).update(removed_at=timezone.now())
        self.project.touch()

    @transaction.atomic
    def restore(self) -> None:
        Scene.objects.filter(pk=self.pk).update(removed_at=None)
        self.project.touch()

    def copy_to(self, project: Project, position: int) -> "Scene":
        return Scene.objects.create(
            project=project,
            position=position,
            title=self.title,
            script=self.script,
            markup=self.markup,
            avatar=self.avatar,
            voice=self.voice,
            speed=self.speed,
            style=self.style,
            background_color=self.background_color,
            picture=self.picture,
        )

    @transaction.atomic
    def duplicate(self) -> "Scene":
        twin = self.copy_to(self.project, self.position)
        order = [s.id for s in self.project.live_scenes if s.id != twin.id]
        order.insert(order.index(self.id) + 1, twin.id)
        self.project.order_scenes(order)
        twin.refresh_from_db()
        return twin
