"""The stock library, and on a laptop a demo workspace whose first project is finished already."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import transaction

from billing.plans import grant_period
from rendering import tasks
from rendering.models import Render
from studio.demo import DRAFT, EMAIL, NEXT, OPENING, PASSWORD, PROOF, WELCOME
from studio.library.stock import ensure_stock
from studio.models import Avatar, Membership, Project, User, Voice, Workspace
from studio.projects.starters import ensure_templates
from studio.renders import ordering


class Command(BaseCommand):
    help = "Writes the stock library; on a laptop also a demo workspace with a finished project."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--no-render", action="store_true", help="Leave the demo unrendered.")

    def handle(self, *args: Any, no_render: bool, **options: Any) -> None:
        ensure_stock()
        ensure_templates()
        if not settings.EMBEDDED:
            return
        user = User.objects.filter(email=EMAIL).first()
        Workspace.objects.filter(memberships__user=user, plan="free").update(plan="business")
        project = self._projects(user or self._person()) if user is None else None
        project = project or Project.objects.filter(title=WELCOME, removed_at=None).first()
        if project and not no_render and not project.renders.exists():
            self.stdout.write("Making the demo film, once …")
            self.stdout.flush()
            self._film(project)

    @transaction.atomic
    def _person(self) -> User:
        user = User.objects.create_user(EMAIL, PASSWORD, name="Demo")
        EmailAddress.objects.create(user=user, email=EMAIL, verified=True, primary=True)
        workspace = Workspace.objects.create(name="Demo workspace", plan="business")
        Membership.objects.create(workspace=workspace, user=user, role=Membership.Role.OWNER)
        grant_period(workspace)
        return user

    @transaction.atomic
    def _projects(self, user: User) -> Project:
        workspace = user.memberships.get().workspace
        first, second = self._faces()
        draft = Project.objects.create(workspace=workspace, title=NEXT, created_by=user)
        draft.add_scene(script=DRAFT, avatar=second[0], voice=second[1], background="room")
        project = Project.objects.create(workspace=workspace, title=WELCOME, created_by=user)
        for title, script, (avatar, voice), room in (
            ("Hello", OPENING, first, "office"),
            ("Proof", PROOF, second, "wall"),
        ):
            project.add_scene(
                title=title,
                script=script,
                avatar=avatar,
                voice=voice,
                background="room",
                background_room=room,
            )
        return project

    def _faces(self) -> list[tuple[Avatar, Voice]]:
        """Two faces, each with the voice it is offered with."""
        faces = list(Avatar.objects.filter(workspace=None, slug__in=("maya", "daniel")))
        faces.sort(key=lambda face: face.slug, reverse=True)
        return [(face, Voice.objects.get(slug=face.voice_slug)) for face in faces]

    def _film(self, project: Project) -> None:
        """Renders like any other render, but in this process instead of a worker."""
        render = ordering.request_render(project, by=project.created_by)
        Render.objects.filter(pk=render.pk).update(mailed_at=render.created_at)
        tasks.nudge("portrait", render.lane)
