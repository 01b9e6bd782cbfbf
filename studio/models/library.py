"""What projects choose from: avatars, voices, uploaded pictures, and how words are said."""

from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from rows import mended
from rows.ids import new_id
from rows.work import Work
from studio.models.people import Workspace


class Avatar(Work, mended.Mended):
    """A face. Stock ones belong to no workspace and are known by their slug; own ones are made from a photo."""

    class State(models.TextChoices):
        MAKING = "making"
        REFUSED = "refused"  # the photo cannot be used; `findings` say why
        FAILED = "failed"  # our fault
        MADE = "made"  # waits to be accepted or discarded
        KEPT = "kept"  # accepted

    MENDS = {
        "tags": mended.each(mended.text),
        "findings": mended.findings,
        "challenge": mended.mapping(),
        "cut": mended.mapping(),
        "answers": mended.mapping(mended.having(answer=mended.text)),
    }

    id = models.CharField(primary_key=True, max_length=48, default=partial(new_id, "avatar"))
    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, null=True, blank=True, related_name="avatars"
    )
    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=240, blank=True)
    tags = models.JSONField(default=list)
    of = models.SlugField(
        max_length=64, blank=True, help_text="Slug of the first look, where this is another."
    )
    look = models.CharField(max_length=60, blank=True)
    voice_slug = models.SlugField(max_length=64, blank=True)
    place = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Of a stock one among those that are shown."
    )
    state = models.CharField(max_length=8, choices=State.choices, default=State.KEPT)
    pack = models.CharField(max_length=64, blank=True, help_text="Store key of an own face.")
    findings = models.JSONField(default=list)
    cut = models.JSONField(
        default=dict, help_text="How its photo is cut out: strokes of the brush, own_ground."
    )
    answers = models.JSONField(
        default=dict, help_text="What was said of its photo, by whom and when, by question."
    )
    step = models.CharField(max_length=16, blank=True)
    fraction = models.FloatField(default=0.0)
    challenge = models.JSONField(
        default=dict, help_text="What its person is asked to do before the camera, to be done once."
    )
    created_by = models.ForeignKey(
        "studio.User", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = [F("place").asc(nulls_last=True), "name", "slug"]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def offered_to(cls, workspace: Workspace) -> models.QuerySet["Avatar"]:
        """Avatars that the workspace may choose, including its own locked ones."""
        own = Q(workspace=workspace, state=cls.State.KEPT)
        return cls.objects.filter(Q(workspace=None) | own, retired_at=None)

    @property
    def face(self) -> str:
        """The name by which the pipeline knows it."""
        return self.pack or self.slug

    @property
    def deleted(self) -> bool:
        """Whether its workspace deleted it; for a week it can be restored."""
        return bool(self.workspace_id and self.retired_at)

    @property
    def locked(self) -> bool:
        """Whether it is an own face whose person has not agreed yet."""
        return self.status == "locked"

    @property
    def status(self) -> str:
        """How far it is: its state until it is accepted, then locked, drafts (its person agreed to these) or ready."""
        from consent.models import Consent  # models of both are loaded by now

        if self.workspace_id is None:
            return "ready"
        if self.state != self.State.KEPT:
            return self.state
        scopes = set(Consent.valid().filter(avatar=self).values_list("scope", flat=True))
        return "ready" if "full" in scopes else "drafts" if scopes else "locked"


class Voice(Work, mended.Mended):
    """A voice of the registry, which belongs to no workspace, or what was measured of a person's recording.

    A recording is a voice that can be chosen if an engine speaks in it (`engine`); otherwise only the stock voices nearest
    to it can be chosen.
    """

    class State(models.TextChoices):
        MEASURING = "measuring"
        REFUSED = "refused"  # the recording cannot be used; `findings` say why
        FAILED = "failed"  # our fault
        READY = "ready"

    MENDS = {
        "tags": mended.each(mended.text),
        "findings": mended.findings,
        "speaker": mended.vector,
    }

    id = models.CharField(primary_key=True, max_length=48, default=partial(new_id, "voice"))
    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, null=True, blank=True, related_name="voices"
    )
    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=80)
    language = models.CharField(max_length=16)
    description = models.CharField(max_length=240, blank=True)
    tags = models.JSONField(default=list)
    state = models.CharField(max_length=9, choices=State.choices, default=State.READY)
    engine = models.CharField(max_length=16, blank=True, help_text="Speaks in an own voice.")
    speaker = models.JSONField(null=True, help_text="Of a recording: its speaker's vector.")
    findings = models.JSONField(default=list)
    created_by = models.ForeignKey(
        "studio.User", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def offered_to(cls, workspace: Workspace) -> models.QuerySet["Voice"]:
        """Voices that the workspace may choose."""
        own = Q(workspace=workspace, state=cls.State.READY) & ~Q(engine="")
        return cls.objects.filter(Q(workspace=None) | own, retired_at=None)

    @property
    def status(self) -> str:
        """`ready`; for a recording its state until it is measured, then `drafts` or, if no engine speaks in it, `compared`."""
        if self.workspace_id is None:
            return "ready"
        if self.state != self.State.READY:
            return self.state
        return "drafts" if self.engine else "compared"


class Picture(models.Model):
    """An uploaded picture, decoded, cleaned and encoded again (rendering/pictures.py)."""

    class Use(models.TextChoices):
        BACKGROUND = "background"
        LOGO = "logo"

    id = models.CharField(primary_key=True, max_length=48, default=partial(new_id, "asset"))
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="pictures")
    name = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    suffix = models.CharField(max_length=8)
    use = models.CharField(
        max_length=10,
        choices=Use.choices,
        blank=True,
        help_text="What it is offered for; blank: for both.",
    )
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    created_at = models.DateTimeField(default=timezone.now)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "sha256"], name="one_row_per_picture")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> Path:
        return picture_path(self.sha256, self.suffix)


class Clip(Work, mended.Mended):
    """An uploaded video or piece of music, decoded, checked and encoded again (rendering/clips.py)."""

    class Kind(models.TextChoices):
        VIDEO = "video"
        MUSIC = "music"

    class State(models.TextChoices):
        MAKING = "making"
        REFUSED = "refused"  # the file cannot be used; `findings` say why
        FAILED = "failed"  # our fault
        READY = "ready"

    MENDS = {"findings": mended.findings}

    id = models.CharField(primary_key=True, max_length=48, default=partial(new_id, "asset"))
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="clips")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    name = models.CharField(max_length=120)
    state = models.CharField(max_length=8, choices=State.choices, default=State.READY)
    source = models.CharField(max_length=64, blank=True, help_text="Hash of the video as sent.")
    upload = models.CharField(max_length=64, blank=True, help_text="Its key until it is encoded.")
    findings = models.JSONField(default=list)
    fraction = models.FloatField(default=0.0)
    sha256 = models.CharField(max_length=64, blank=True, help_text="Of the file when it is ready.")
    suffix = models.CharField(max_length=8, blank=True)
    sound = models.CharField(
        max_length=64, blank=True, help_text="Hash of the sound of a short video that has one."
    )
    seconds = models.FloatField(default=0.0)
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "sha256"],
                condition=Q(kind="music"),
                name="one_row_per_piece_of_music",
            ),
            models.UniqueConstraint(
                fields=["workspace", "source"],
                condition=~Q(source=""),
                name="one_row_per_video_sent",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def ready(self) -> bool:
        return self.state == self.State.READY

    @property
    def path(self) -> Path:
        return picture_path(self.sha256, self.suffix)

    @property
    def sound_path(self) -> Path | None:
        return picture_path(self.sound, ".flac") if self.sound else None


def picture_path(sha256: str, suffix: str) -> Path:
    return settings.MEDIA_DIR / sha256[:2] / f"{sha256}{suffix}"


class Pronunciation(models.Model):
    """How a word is said in the workspace, or in one project of it: spelt another way, or in IPA."""

    class Kind(models.TextChoices):
        ALIAS = "alias", "Say it like"
        IPA = "ipa", "IPA"

    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="pronunciations"
    )
    project = models.ForeignKey(
        "studio.Project",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="pronunciations",
        help_text="Where it holds; everywhere if absent.",
    )
    word = models.CharField(max_length=60)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.ALIAS)
    value = models.CharField(max_length=120)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["word"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "word"],
                condition=models.Q(project=None),
                name="one_way_to_say_a_word",
            ),
            models.UniqueConstraint(
                fields=["project", "word"],
                condition=models.Q(project__isnull=False),
                name="one_way_to_say_a_word_in_a_project",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.word}: {self.value}"
