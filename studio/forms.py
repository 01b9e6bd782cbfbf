"""What may be posted by the editor. A form cleans the fields that were sent and leaves the others alone."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from rendering.stages import lettering
from rendering.values import BadInput
from studio import cues, overlays, storable
from studio.composition import LONGEST_BODY
from studio.models import Avatar, Clip, Picture, Project, Pronunciation, Scene, Voice, Workspace
from studio.models.projects import MANNERS, hex_color

LONGEST_SCRIPT = 100_000
"""Characters that are kept. A video takes fewer, but what is too long for one is not lost."""


def as_typed(text: str) -> str:
    """Forms send lines ended by CR LF; what was typed had LF."""
    return text.replace("\r\n", "\n")


class JSONField(forms.JSONField):
    """Any JSON that can be kept: no text that a row cannot hold, no number or depth that cannot be read."""

    def to_python(self, value: Any) -> Any:
        try:
            found = super().to_python(value)
            storable.check(found)
        except (ValueError, RecursionError, BadInput):
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None
        return found


class Sent(forms.Form):
    """A form of which any part may be posted."""

    def sent(self) -> dict[str, Any]:
        """The cleaned fields that were posted. BadInput says what is wrong with the first bad one."""
        if not self.is_valid():
            name, errors = next(iter(self.errors.items()))
            raise BadInput(str(errors[0]), code="invalid_field", field=name)
        return {name: self.cleaned_data[name] for name in self.fields if name in self.data}


class ScriptField(forms.CharField):
    def to_python(self, value: Any) -> str:
        text = as_typed(str(value or ""))
        if len(text) > LONGEST_SCRIPT:
            raise ValidationError(
                f"This scene has {len(text):,} characters; at most {LONGEST_SCRIPT:,} can be kept. "
                "Split it into two projects."
            )
        return text


def _choice(choices: list[tuple[str, str]], noun: str) -> forms.ChoiceField:
    sentence = f"There is no such {noun}; choose one of the list."
    return forms.ChoiceField(choices=choices, error_messages={"invalid_choice": sentence})


def _number(least: float, most: float, noun: str, *, required: bool = True) -> forms.FloatField:
    sentence = f"The {noun} is a number from {least:g} to {most:g}."
    errors = dict.fromkeys(("invalid", "min_value", "max_value"), sentence)
    return forms.FloatField(
        min_value=least, max_value=most, required=required, error_messages=errors
    )


def _drawable(text: str) -> str:
    """The text, if the fonts have every letter of it."""
    try:
        lettering.check(text)
    except BadInput as problem:
        raise ValidationError(problem.sentence) from None
    return text


class SceneForm(Sent):
    title = forms.CharField(
        required=False,
        max_length=120,
        error_messages={"max_length": "A scene's title takes at most 120 characters; shorten it."},
    )
    script = ScriptField(required=False, strip=False)
    markup = forms.ChoiceField(
        required=False,
        choices=Scene._meta.get_field("markup").choices or [],
        error_messages={"invalid_choice": "A script is Markdown, SSML or plain text."},
    )
    avatar = forms.ModelChoiceField(
        Avatar.objects.none(),
        to_field_name="slug",
        error_messages={"invalid_choice": "There is no such avatar; choose one of the list."},
    )
    voice = forms.ModelChoiceField(
        Voice.objects.none(),
        required=False,  # empty: the avatar's own
        to_field_name="slug",
        error_messages={"invalid_choice": "There is no such voice; choose one of the list."},
    )
    voice_by_hand = forms.BooleanField(required=False)
    speed = forms.FloatField(
        min_value=0.5,
        max_value=2.0,
        error_messages={
            "invalid": "Write the speed as a number from 0.5 to 2.",
            "min_value": "The slowest speed is 0.5.",
            "max_value": "The fastest speed is 2.",
        },
    )
    style = forms.ChoiceField(
        choices=MANNERS,
        error_messages={"invalid_choice": "There is no such style; choose one of the list."},
    )
    background = _choice(Scene.BACKGROUNDS, "background")
    background_color = forms.CharField(validators=[hex_color])
    background_to = forms.CharField(validators=[hex_color])
    background_angle = forms.IntegerField(
        min_value=0,
        max_value=359,
        error_messages={
            "invalid": "Write the angle as whole degrees.",
            "min_value": "The angle is 0 to 359 degrees.",
            "max_value": "The angle is 0 to 359 degrees.",
        },
    )
    picture = forms.ModelChoiceField(
        Picture.objects.none(),
        required=False,
        error_messages={"invalid_choice": "That picture is no longer there; upload it again."},
    )
    clip = forms.ModelChoiceField(
        Clip.objects.none(),
        required=False,
        error_messages={"invalid_choice": "That video is no longer there; upload it again."},
    )
    fit = _choice(Scene.FITS, "fit")
    layout = _choice(Scene.LAYOUTS, "layout")
    layout_side = _choice(Scene.SIDES, "side")
    layout_x = _number(0, 1, "place", required=False)
    layout_y = _number(0, 1, "place", required=False)
    layout_scale = _number(0.5, 2, "size")
    heading = forms.CharField(
        required=False,
        max_length=120,
        error_messages={"max_length": "The heading takes at most 120 characters; shorten it."},
    )
    body = ScriptField(required=False)
    cues = JSONField(
        required=False,
        error_messages={"invalid": "The captions could not be read; load the page again."},
    )
    overlays = JSONField(
        required=False,
        error_messages={"invalid": "The overlays could not be read; load the page again."},
    )
    transition = _choice(Scene.TRANSITIONS, "transition")

    def __init__(self, data: Any, workspace: Workspace) -> None:
        super().__init__(data)
        self.fields["avatar"].queryset = Avatar.offered_to(workspace)  # type: ignore[attr-defined]
        self.fields["voice"].queryset = Voice.offered_to(workspace)  # type: ignore[attr-defined]
        self.fields["picture"].queryset = workspace.pictures.filter(removed_at=None)  # type: ignore[attr-defined]
        self.fields["clip"].queryset = workspace.clips.filter(kind="video", removed_at=None)  # type: ignore[attr-defined]
        self.workspace = workspace
        for name in self.fields:
            if name not in data:
                self.fields[name].required = False

    def clean_background_color(self) -> str:
        return self.cleaned_data["background_color"].lower()

    def clean_background_to(self) -> str:
        return self.cleaned_data["background_to"].lower()

    def clean_heading(self) -> str:
        return _drawable(self.cleaned_data["heading"])

    def clean_body(self) -> str:
        body = _drawable(self.cleaned_data["body"])
        if len(body) > LONGEST_BODY:
            raise ValidationError(
                f"The text beside the person has {len(body):,} characters; at most {LONGEST_BODY} fit."
            )
        return body

    def clean_cues(self) -> list[dict[str, Any]]:
        return cues.checked(self.cleaned_data["cues"] or []) if "cues" in self.data else []

    def clean_overlays(self) -> list[dict[str, Any]]:
        if "overlays" not in self.data:
            return []
        return overlays.checked(self.cleaned_data["overlays"] or [], self.workspace)

    def sent(self) -> dict[str, Any]:
        """A picture or a video that is chosen without saying so is the background."""
        found = super().sent()
        if "background" not in found:
            for name, kind in (("picture", "picture"), ("clip", "video")):
                if name in found:
                    found["background"] = kind if found[name] else "color"
        return found


class ProjectForm(Sent):
    title = forms.CharField(
        max_length=200,
        error_messages={
            "required": "Give the project a name.",
            "max_length": "A project's name takes at most 200 characters; shorten it.",
        },
    )
    aspect = forms.ChoiceField(
        choices=Project.ASPECTS,
        error_messages={"invalid_choice": "The aspect ratio is 16:9, 9:16, 1:1, 4:5 or 5:4."},
    )
    resolution = _choice(Project.RESOLUTIONS, "resolution")
    fps = forms.TypedChoiceField(
        choices=Project.RATES,
        coerce=int,
        error_messages={"invalid_choice": "The frame rate is 24, 25 or 30."},
    )
    container = _choice(Project.CONTAINERS, "kind of file")
    caption_style = _choice(Project.CAPTION_STYLES, "caption style")
    caption_position = _choice(Project.CAPTION_POSITIONS, "place for captions")
    logo = forms.ModelChoiceField(
        Picture.objects.none(),
        required=False,
        error_messages={"invalid_choice": "That picture is no longer there; upload it again."},
    )
    logo_position = _choice(Project.CORNERS, "corner")
    logo_size = _number(0.04, 0.4, "logo's size")
    music = forms.ModelChoiceField(
        Clip.objects.none(),
        required=False,
        error_messages={"invalid_choice": "That music is no longer there; upload it again."},
    )
    music_volume = _number(-40, 0, "volume")
    music_duck = _number(0, 30, "ducking")
    burn_captions = forms.TypedChoiceField(
        choices=[("0", "off"), ("1", "on")], coerce=lambda value: value == "1"
    )

    def __init__(self, data: Any, workspace: Workspace) -> None:
        super().__init__(data)
        self.fields["logo"].queryset = workspace.pictures.filter(removed_at=None)  # type: ignore[attr-defined]
        self.fields["music"].queryset = workspace.clips.filter(kind="music", removed_at=None)  # type: ignore[attr-defined]
        for name in self.fields:
            if name not in data:
                self.fields[name].required = False


class PronunciationForm(forms.ModelForm):
    class Meta:
        model = Pronunciation
        fields = ["word", "kind", "value"]
        error_messages = {
            "word": {
                "required": "Write the word as it stands in your scripts.",
                "max_length": "A word takes at most 60 characters.",
            },
            "value": {
                "required": "Write how it is said.",
                "max_length": "That is too long; at most 120 characters.",
            },
        }

    def clean_word(self) -> str:
        return " ".join(self.cleaned_data["word"].split())

    def clean_value(self) -> str:
        return self.cleaned_data["value"].strip().strip("/")
