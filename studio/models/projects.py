"""What is edited: a project is scenes in order; a scene's script is lines, one paragraph each."""

import secrets
from functools import partial

from django.core.validators import RegexValidator
from django.db import models, transaction
from django.db.models import F, Max
from django.utils import timezone
from django.utils.translation import gettext

from rendering.values import BadInput
from rows import mended
from rows.ids import new_id
from studio.models.fields import PROJECT, SCENE, mends, names
from studio.models.library import Avatar, Clip, Picture, Voice
from studio.models.people import User, Workspace

hex_color = RegexValidator(
    r"^#[0-9a-f]{6}\Z", "Write the colour as # and six digits, such as #e9e4dc."
)


def new_seed() -> int:
    return secrets.randbits(31)


MOST_SCENES = 100


class RevisionConflict(Exception):
    """Somebody else saved first. Carries the row as it is now."""

    def __init__(self, current: "Scene | Project") -> None:
        super().__init__(gettext("This was changed elsewhere since you opened it; load it again."))
        self.current = current


def save_revision(row: "Scene | Project", revision: int, fields: dict) -> None:
    """Writes fields if the row still has this revision, in one UPDATE. Raises RevisionConflict if it does not."""
    changed = (
        type(row)
        .objects.filter(pk=row.pk, revision=revision)
        .update(**fields, revision=F("revision") + 1)
    )
    known = {name: fields.get(name) or getattr(row, name, None) for name in ("avatar", "voice")}
    row.refresh_from_db()
    if not changed:
        raise RevisionConflict(row)
    for name, one in known.items():
        if one is not None and one.pk == getattr(row, f"{name}_id"):
            setattr(row, name, one)  # not read again while others wait to write


FIRST_LOOK = {"background": "room"}
"""How the first scene of a project looks that somebody makes in the studio."""


class Project(mended.Mended):
    MENDS = mends(PROJECT)

    id = models.CharField(primary_key=True, max_length=48, default=partial(new_id, "project"))
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="projects")
    title = models.CharField(max_length=200, default="Untitled")
    aspect = models.CharField(max_length=8, choices=PROJECT["aspect"].choices, default="16:9")
    resolution = models.CharField(
        max_length=8, choices=PROJECT["resolution"].choices, default="720p"
    )
    fps = models.PositiveSmallIntegerField(choices=PROJECT["fps"].choices, default=25)
    container = models.CharField(max_length=8, choices=PROJECT["container"].choices, default="mp4")
    burn_captions = models.BooleanField(default=False)
    caption_style = models.CharField(
        max_length=8, choices=PROJECT["caption_style"].choices, default="boxed"
    )
    caption_position = models.CharField(
        max_length=8, choices=PROJECT["caption_position"].choices, default="bottom"
    )
    caption_size = models.CharField(
        max_length=8, choices=PROJECT["caption_size"].choices, default="medium"
    )
    font = models.CharField(max_length=12, choices=PROJECT["font"].choices, default="studio")
    logo = models.ForeignKey(
        Picture, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    logo_position = models.CharField(
        max_length=12, choices=PROJECT["logo_position"].choices, default="top-left"
    )
    logo_size = models.FloatField(default=0.12, help_text="Of the frame's short side.")
    music = models.ForeignKey(
        Clip, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    intro = models.ForeignKey(
        Clip, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    outro = models.ForeignKey(
        Clip, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    music_volume = models.FloatField(default=-14.0, help_text="dB against the speech.")
    music_duck = models.FloatField(default=10.0, help_text="dB less while somebody speaks.")
    seed = models.PositiveIntegerField(default=new_seed)
    revision = models.PositiveIntegerField(default=1)
    batch_row = models.OneToOneField(
        "studio.BatchRow",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="project",
        help_text="It was made for this row of a batch, and is found there.",
    )
    sample_of = models.ForeignKey(
        "studio.Batch",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="samples",
        help_text="It was made to look at a row of this batch before its start.",
    )
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
            .select_related("avatar", "voice", "picture", "clip")
            .order_by("position", "created_at")
        )

    def touch(self) -> None:
        """Records that one of its scenes changed."""
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
            created_by=by,
            **{name: getattr(self, name) for name in names(PROJECT, "video")},
        )
        for scene in self.live_scenes:
            scene.copy_to(twin, scene.position)
        return twin

    @transaction.atomic
    def add_scene(self, after: "Scene | None" = None, **values) -> "Scene":
        """Adds a scene, at the end or after another, with that one's avatar, voice and look, or with FIRST_LOOK. Raises
        BadInput if the project is full."""
        self.check_room()
        model = after or self.live_scenes.last()
        position = (self.scenes.aggregate(last=Max("position"))["last"] or 0) + 1
        if model and not values:
            taken = names(SCENE, "cast", "look")
            values = {name: getattr(model, name) for name in taken}
        elif not values:
            values = dict(FIRST_LOOK)
        scene = Scene.objects.create(project=self, position=position, **values)
        if after:
            order = [s.id for s in self.live_scenes if s.id != scene.id]
            order.insert(order.index(after.id) + 1, scene.id)
            self.order_scenes(order)
            scene.refresh_from_db()
        self.touch()
        return scene

    def check_room(self) -> None:
        if self.live_scenes.count() >= MOST_SCENES:
            raise BadInput(f"A project has at most {MOST_SCENES} scenes; go on in another project.")

    @transaction.atomic
    def order_scenes(self, ids: list[str]) -> None:
        """Puts the scenes in this order; scenes that are not named follow as they were."""
        scenes = list(self.live_scenes)
        rank = {scene_id: n for n, scene_id in enumerate(ids)}
        scenes.sort(key=lambda s: (rank.get(s.id, len(ids)), s.position))
        for position, scene in enumerate(scenes, start=1):
            Scene.objects.filter(pk=scene.pk).update(position=position)
        self.touch()


class Scene(mended.Mended):
    MENDS = mends(SCENE)

    id = models.CharField(primary_key=True, max_length=48, default=partial(new_id, "scene"))
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="scenes")
    position = models.PositiveIntegerField(default=1)
    title = models.CharField(max_length=120, blank=True)
    script = models.TextField(blank=True)
    markup = models.CharField(
        max_length=8,
        default="markdown",
        choices=SCENE["markup"].choices,
    )
    avatar = models.ForeignKey(Avatar, on_delete=models.PROTECT, null=True)
    voice = models.ForeignKey(Voice, on_delete=models.PROTECT, null=True)
    voice_by_hand = models.BooleanField(
        default=False, help_text="Chosen for the scene: it stays, whoever speaks."
    )
    speed = models.FloatField(default=1.0)
    style = models.CharField(
        max_length=8,
        default="neutral",
        choices=SCENE["style"].choices,
    )
    background_color = models.CharField(max_length=7, default="#e9e4dc", validators=[hex_color])
    picture = models.ForeignKey(Picture, on_delete=models.SET_NULL, null=True, blank=True)
    background = models.CharField(
        max_length=8, choices=SCENE["background"].choices, default="color"
    )
    background_to = models.CharField(
        max_length=7, default="#b9c6cf", validators=[hex_color], help_text="End of the gradient."
    )
    background_angle = models.PositiveSmallIntegerField(default=180, help_text="As CSS counts.")
    background_room = models.CharField(
        max_length=8, choices=SCENE["background_room"].choices, default="office"
    )
    clip = models.ForeignKey(Clip, on_delete=models.SET_NULL, null=True, blank=True)
    fit = models.CharField(max_length=8, choices=SCENE["fit"].choices, default="cover")
    layout = models.CharField(max_length=8, choices=SCENE["layout"].choices, default="full")
    layout_side = models.CharField(
        max_length=8, choices=SCENE["layout_side"].choices, default="right"
    )
    layout_x = models.FloatField(null=True, blank=True, help_text="Of the face; none: as usual.")
    layout_y = models.FloatField(null=True, blank=True)
    layout_scale = models.FloatField(default=1.0)
    heading = models.CharField(max_length=120, blank=True, help_text="Beside the person.")
    body = models.TextField(blank=True, help_text="Under the heading; '- ' begins an item.")
    overlays = models.JSONField(default=list, blank=True, help_text="studio/projects/overlays.py")
    cues = models.JSONField(default=list, blank=True, help_text="studio/projects/cues.py")
    transition = models.CharField(max_length=8, choices=SCENE["transition"].choices, default="cut")
    revision = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["position", "created_at"]

    def __str__(self) -> str:
        return self.title or f"Scene {self.position}"

    @property
    def usual_voice(self) -> Voice | None:
        """The voice that goes with its avatar."""
        return self.voice_of(self.avatar)

    def voice_of(self, avatar: Avatar | None) -> Voice | None:
        offered = Voice.offered_to(self.project.workspace)
        return offered.filter(slug=avatar.voice_slug).first() if avatar else None

    def cast(self, fields: dict) -> dict:
        """The fields, with the voice that follows from them: a chosen avatar speaks in its own, unless another was chosen.

        A voice of None asks for the avatar's own.
        """
        if "voice_by_hand" in fields or not {"avatar", "voice"} & set(fields):
            return fields
        if fields.get("voice"):
            return {**fields, "voice_by_hand": True}
        if "voice" not in fields and self.voice_by_hand:
            return fields
        own = self.voice_of(fields.get("avatar", self.avatar)) or self.voice
        return {**fields, "voice": own, "voice_by_hand": False}

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
            **{name: getattr(self, name) for name in SCENE},
        )

    @transaction.atomic
    def duplicate(self) -> "Scene":
        """A copy after this scene, or at its old position if it was removed meanwhile."""
        self.project.check_room()
        twin = self.copy_to(self.project, self.position)
        others = [scene for scene in self.project.live_scenes if scene.id != twin.id]
        order = [scene.id for scene in others]
        order.insert(sum(scene.position <= self.position for scene in others), twin.id)
        self.project.order_scenes(order)
        twin.refresh_from_db()
        return twin
