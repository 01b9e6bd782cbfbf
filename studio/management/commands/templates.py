"""The templates that ship: writes their rows, and draws their posters into static/templates."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from studio.library.stock import ensure_stock
from studio.models import Template, Workspace
from studio.projects import templates
from studio.projects.starters import SLUGS, ensure_templates
from studio.views.frames import still
from studio.views.templates import samples

WIDE, QUALITY = 960, 80
NAMES = {"first_name": "Ada"}
"""Values for variables that have no default."""


class Command(BaseCommand):
    help = "Writes the templates that ship and draws the posters that are shipped with them."

    def handle(self, *args: Any, **options: Any) -> None:
        from PIL import Image  # large: loaded when it is needed

        ensure_stock()
        ensure_templates()
        folder = settings.BASE_DIR / "static" / "templates"
        folder.mkdir(exist_ok=True)
        nobody = Workspace(name="Nobody")
        for slug in SLUGS:
            template = Template.objects.get(slug=slug)
            said = {**samples(template, nobody), **NAMES}
            _, scenes = templates.made(template.content, nobody, said)
            path = folder / f"{slug}.webp"
            with Image.open(still(scenes[0], WIDE)) as picture:
                picture.save(path, "WEBP", quality=QUALITY, method=6)
            self.stdout.write(
                f"{path.relative_to(settings.BASE_DIR)}  {path.stat().st_size:,} bytes"
            )
