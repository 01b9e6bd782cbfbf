"""The forms that the editor posts. A form cleans the fields that were sent and leaves the others alone."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext

from rendering.stages import lettering
from rendering.values import BadInput
from studio import storable
from studio.models import Avatar, Clip, Pronunciation, Voice, Workspace
from studio.models.fields import (
    PROJECT,
    SCENE,
    Angle,
    Choice,
    Colour,
    Field,
    Flag,
    Likeness,
    Number,
    Rows,
    Text,
    Upload,
)
from studio.projects import composition, cues, overlays


def as_typed(text: str) -> str:
    """The text as it was typed, with LF: forms send CR LF."""
    return text.replace("\r\n", "\n")


class JSONField(forms.JSONField):
    """Any JSON that can be stored: no text that a row cannot hold, no number or depth that cannot be read."""

    def to_python(self, value: Any) -> Any:
        try:
            found = super().to_python(value)
            storable.check(found)
        except (ValueError, RecursionError, BadInput):
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None
        return found


def _is_choice(field: Field) -> bool:
    """Whether an empty value means that nothing was chosen."""
    return isinstance(field, Choice)


class TableForm(forms.Form):
    """A form of a table, of which any part may be posted."""

    def __init__(self, data: Any, table: dict[str, Field], workspace: Workspace) -> None:
        super().__init__(data)
        self.workspace = workspace
        self.posted = {
            name for name in table if name in data and (data[name] or not _is_choice(table[name]))
        }
        for name, field in table.items():
            self.fields[name] = _form_of(field, workspace)
            if name not in self.posted:
                self.fields[name].required = False

    def changes(self) -> dict[str, Any]:
        """The cleaned fields that were posted. Raises BadInput, which says what is wrong with the first bad one."""
        if not self.is_valid():
            name, errors = next(iter(self.errors.items()))
            raise BadInput(str(errors[0]), code="invalid_field", field=name)
        return {name: self.cleaned_data[name] for name in self.fields if name in self.posted}


class TypedField(forms.CharField):
    """Words of a scene or a project, as they were typed."""

    def __init__(self, field: Text) -> None:
        super().__init__(required=not field.lines and bool(field.absent), strip=not field.lines)
        self.field = field

    def to_python(self, value: Any) -> str:
        text = as_typed(str(value or ""))
        text = text.strip() if self.strip else text
        if len(text) > self.field.most:
            raise ValidationError(self.field.wrong or too_long(text, self.field.most))
        if self.field.drawn:
            try:
                lettering.check(text)
            except BadInput as problem:
                raise ValidationError(problem.sentence) from None
        return text


def too_long(script: str, most: int) -> str:
    return gettext(
        "This scene has {characters:,} characters; at most {most:,} can be stored. Split it into two projects."
    ).format(characters=len(script), most=most)


class ColourField(forms.CharField):
    def clean(self, value: Any) -> str:
        return str(super().clean(value)).lower()


def _form_of(field: Field, workspace: Workspace) -> forms.Field:
    """The form field for a row of the table."""
    said = dict.fromkeys(("invalid", "invalid_choice", "min_value", "max_value"), field.wrong)
    match field:
        case Choice():
            coerce: Any = type(field.usual)
            return forms.TypedChoiceField(choices=field.choices, coerce=coerce, error_messages=said)
        case Number():
            return forms.FloatField(
                min_value=field.least,
                max_value=field.most,
                required=field.usual is not None,
                error_messages=said,
            )
        case Angle():
            return forms.IntegerField(min_value=0, max_value=359, error_messages=said)
        case Flag():
            yes = {"1": True, field.off: False}
            return forms.TypedChoiceField(
                choices=[(value, value) for value in yes],
                coerce=yes.__getitem__,
                empty_value=False,  # type: ignore[arg-type]
                required=bool(field.off),
            )
        case Colour():
            pattern = RegexValidator(r"^#[0-9a-f]{6}\Z", field.wrong)
            return ColourField(validators=[pattern])
        case Text():
            return TypedField(field)
        case Upload():
            rows: Any = workspace.pictures if field.kind == "picture" else workspace.clips
            only = {} if field.kind == "picture" else {"kind": field.kind}
            return forms.ModelChoiceField(
                rows.filter(removed_at=None, **only), required=False, error_messages=said
            )
        case Likeness():
            offered: Any = Avatar if field.name == "avatar" else Voice
            return forms.ModelChoiceField(
                offered.offered_to(workspace),
                required=field.name == "avatar",  # without a voice: the avatar's own
                to_field_name="slug",
                error_messages=said,
            )
        case Rows():
            return JSONField(required=False, error_messages=said)
    raise TypeError(field)


class SceneForm(TableForm):
    def __init__(self, data: Any, workspace: Workspace) -> None:
        super().__init__(data, SCENE, workspace)

    def clean_cues(self) -> list[dict[str, Any]]:
        return cues.checked(self.cleaned_data["cues"] or []) if "cues" in self.data else []

    def clean_overlays(self) -> list[dict[str, Any]]:
        if "overlays" not in self.data:
            return []
        return overlays.checked(self.cleaned_data["overlays"] or [], self.workspace)

    def changes(self) -> dict[str, Any]:
        """The changes; a picture or a video that is chosen becomes the background, unless one is named."""
        found = super().changes()
        if "background" not in found:
            for name, kind in (("picture", "picture"), ("clip", "video")):
                if name in found:
                    found["background"] = kind if found[name] else "color"
        return found


class ProjectForm(TableForm):
    def __init__(self, data: Any, workspace: Workspace) -> None:
        super().__init__(data, PROJECT, workspace)
        self.fields["title"].error_messages["required"] = gettext("Give the project a name.")

    def clean_intro(self) -> Clip | None:
        return self._bumper("intro")

    def clean_outro(self) -> Clip | None:
        return self._bumper("outro")

    def _bumper(self, name: str) -> Clip | None:
        clip: Clip | None = self.cleaned_data[name]
        if clip:
            try:
                composition.check_bumper(clip, name)
            except BadInput as problem:
                raise ValidationError(problem.sentence) from None
        return clip


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
