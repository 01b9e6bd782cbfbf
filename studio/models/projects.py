"""What is edited: a project is scenes in order; a scene's script is lines, one paragraph each."""

import secrets
from functools import partial

from django.core.validators import RegexValidator
from django.db import models, transaction
from django.db.models import F, Max
from django.utils import timezone

from rendering.values import BadInput
from rows import mended
from rows.ids import new_id
from rows.mended import cleaned
from studio.models import mending
from studio.models.library import Avatar, Clip, Picture, Voice
from studio.models.people import User, Workspace

hex_color = RegexValidator(
    r"^#[0-9a-f]{6}\Z", "Write the colour as # and six digits, such as #e9e4dc."
)


def new_seed() -> int:
    return secrets.randbits(31)


MOST_SCENES = 100
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


class Project(mended.Mended):
    ASPECTS = [
        ("16:9", "Wide"),
        ("9:16", "Tall"),
        ("1:1", "Square"),
        ("4:5", "Portrait"),
        ("5:4", "Landscape"),
    ]
    RESOLUTIONS = [("720p", "720p"), ("1080p", "1080p"), ("2160p", "4K")]
    RATES = [(24, "24"), (25, "25"), (30, "30")]
    CONTAINERS = [("mp4", "MP4"), ("webm", "WebM")]
    CAPTION_STYLES = [("boxed", "Boxed"), ("clean", "Clean"), ("karaoke", "Karaoke")]
    CAPTION_POSITIONS = [("bottom", "Bottom"), ("middle", "Middle"), ("top", "Top")]
    CORNERS = [
        ("top-left", "Top left"),
        ("top-right", "Top right"),
        ("bottom-left", "Bottom left"),
        ("bottom-right", "Bottom right"),
    ]
    OF_THE_VIDEO = (
        *("aspect", "resolution", "fps", "container", "burn_captions", "caption_style"),
        *("caption_position", "logo", "logo_position", "logo_size", "music", "music_volume"),
        "music_duck",
    )
    """What every scene of it shares; a copy has the same."""
    MENDS = {
        "title": lambda title: mending.line_of_text(title) or "Untitled",
        "aspect": mending.one_of(ASPECTS, "16:9"),
        "resolution": mending.one_of(RESOLUTIONS, "720p"),
        "fps": mending.one_of(RATES, 25),
        "container": mending.one_of(CONTAINERS, "mp4"),
        "caption_style": mending.one_of(CAPTION_STYLES, "boxed"),
        "caption_position": mending.one_of(CAPTION_POSITIONS, "bottom"),
        "logo_position": mending.one_of(CORNERS, "top-left"),
        "logo_size": mended.within(0.04, 0.4, 0.12),
        "music_volume": mended.within(-40, 0, -14.0),
        "music_duck": mended.within(0, 30, 10.0),
    }

    id = models.CharField(primary_key=True, max_length=48, default=partial(new_id, "project"))
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="projects")
    title = models.CharField(max_length=200, default="Untitled")
    aspect = models.CharField(max_length=8, choices=ASPECTS, default="16:9")
    resolution = models.CharField(max_length=8, choices=RESOLUTIONS, default="720p")
    fps = models.PositiveSmallIntegerField(choices=RATES, default=25)
    container = models.CharField(max_length=8, choices=CONTAINERS, default="mp4")
    burn_captions = models.BooleanField(default=False)
    caption_style = models.CharField(max_length=8, choices=CAPTION_STYLES, default="boxed")
    caption_position = models.CharField(max_length=8, choices=CAPTION_POSITIONS, default="bottom")
    logo = models.ForeignKey(
        Picture, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    logo_position = models.CharField(max_length=12, choices=CORNERS, default="top-left")
    logo_size = models.FloatField(default=0.12, help_text="Of the frame's short side.")
    music = models.ForeignKey(
        Clip, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    music_volume = models.FloatField(default=-14.0, help_text="dB against the speech.")
    music_duck = models.FloatField(default=10.0, help_text="dB less while somebody speaks.")
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
            .select_related("avatar", "voice", "picture", "clip")
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
            created_by=by,
            **{name: getattr(self, name) for name in self.OF_THE_VIDEO},
        )
        for scene in self.live_scenes:
            scene.copy_to(twin, scene.position)
        return twin

    @transaction.atomic
    def add_scene(self, after: "Scene | None" = None, **fields) -> "Scene":
        """A new scene, at the end or after another, with that one's avatar, voice and look. BadInput where it is full."""
        self.check_room()
        model = after or self.live_scenes.last()
        position = (self.scenes.aggregate(last=Max("position"))["last"] or 0) + 1
        if model and not fields:
            fields = {name: getattr(model, name) for name in (*Scene.CAST, *Scene.LOOK)}
        scene = Scene.objects.create(project=self, position=position, **fields)
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
    MARKUPS = [("markdown", "Markdown"), ("ssml", "SSML"), ("text", "Plain text")]
    LAYOUTS = [
        ("full", "Full"),
        ("half", "Beside text"),
        ("close", "Close"),
        ("circle", "Circle"),
        ("corner", "Corner"),
    ]
    SIDES = [("right", "Right"), ("left", "Left")]
    BACKGROUNDS = [
        ("color", "Colour"),
        ("gradient", "Gradient"),
        ("picture", "Picture"),
        ("video", "Video"),
        ("none", "Transparent"),
    ]
    FITS = [("cover", "Fill the frame"), ("contain", "Show all of it")]
    TRANSITIONS = [("cut", "Cut"), ("fade", "Fade")]
    LOOK = (
        *("layout", "layout_side", "layout_x", "layout_y", "layout_scale", "background"),
        *("background_color", "background_to", "background_angle", "picture", "clip", "fit"),
        "transition",
    )
    CAST = ("avatar", "voice", "voice_by_hand", "speed", "style")
    """What a new scene takes from the one before."""
    MENDS = {
        "title": mending.line_of_text,
        "script": cleaned,
        "markup": mending.one_of(MARKUPS, "markdown"),
        "speed": mended.within(0.5, 2, 1.0),
        "style": mending.one_of(MANNERS, "neutral"),
        "background": mending.one_of(BACKGROUNDS, "color"),
        "background_color": mending.colour("#e9e4dc"),
        "background_to": mending.colour("#b9c6cf"),
        "background_angle": lambda angle: angle % 360 if isinstance(angle, int) else 180,
        "fit": mending.one_of(FITS, "cover"),
        "layout": mending.one_of(LAYOUTS, "full"),
        "layout_side": mending.one_of(SIDES, "right"),
        "layout_x": mended.within(0, 1, None),
        "layout_y": mended.within(0, 1, None),
        "layout_scale": mended.within(0.5, 2, 1.0),
        "heading": cleaned,
        "body": cleaned,
        "overlays": mending.overlays,
        "cues": mending.cues,
        "transition": mending.one_of(TRANSITIONS, "cut"),
    }

    id = models.CharField(primary_key=True, max_length=48, default=partial(new_id, "scene"))
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="scenes")
    position = models.PositiveIntegerField(default=1)
    title = models.CharField(max_length=120, blank=True)
    script = models.TextField(blank=True)
    markup = models.CharField(
        max_length=8,
        default="markdown",
        choices=MARKUPS,
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
        choices=MANNERS,
    )
    background_color = models.CharField(max_length=7, default="#e9e4dc", validators=[hex_color])
    picture = models.ForeignKey(Picture, on_delete=models.SET_NULL, null=True, blank=True)
    background = models.CharField(max_length=8, choices=BACKGROUNDS, default="color")
    background_to = models.CharField(
        max_length=7, default="#b9c6cf", validators=[hex_color], help_text="End of the gradient."
    )
    background_angle = models.PositiveSmallIntegerField(default=180, help_text="As CSS counts.")
    clip = models.ForeignKey(Clip, on_delete=models.SET_NULL, null=True, blank=True)
    fit = models.CharField(max_length=8, choices=FITS, default="cover")
    layout = models.CharField(max_length=8, choices=LAYOUTS, default="full")
    layout_side = models.CharField(max_length=8, choices=SIDES, default="right")
    layout_x = models.FloatField(null=True, blank=True, help_text="Of the face; none: as usual.")
    layout_y = models.FloatField(null=True, blank=True)
    layout_scale = models.FloatField(default=1.0)
    heading = models.CharField(max_length=120, blank=True, help_text="Beside the person.")
    body = models.TextField(blank=True, help_text="Under the heading; '- ' begins an item.")
    overlays = models.JSONField(default=list, blank=True, help_text="studio/overlays.py")
    cues = models.JSONField(default=list, blank=True, help_text="studio/cues.py")
    transition = models.CharField(max_length=8, choices=TRANSITIONS, default="cut")
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
        """The fields with what they mean for the voice: whoever is chosen speaks in their own, unless another was chosen.

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
            title=self.title,
            script=self.script,
            markup=self.markup,
            heading=self.heading,
            body=self.body,
            overlays=self.overlays,
            cues=self.cues,
            **{name: getattr(self, name) for name in (*self.CAST, *self.LOOK)},
        )

    @transaction.atomic
    def duplicate(self) -> "Scene":
        """A copy after this scene, or where it stood if it was removed meanwhile."""
        self.project.check_room()
        twin = self.copy_to(self.project, self.position)
        others = [scene for scene in self.project.live_scenes if scene.id != twin.id]
        order = [scene.id for scene in others]
        order.insert(sum(scene.position <= self.position for scene in others), twin.id)
        self.project.order_scenes(order)
        twin.refresh_from_db()
        return twin
