"""URL name = view = template = DOM id = test file."""

from django.conf import settings
from django.urls import include, path

from studio.api import api
from studio.api.docs import api_docs
from studio.views import (
    account,
    avatars,
    credits,
    files,
    frames,
    health,
    history,
    keys,
    library,
    listen,
    outbox,
    projects,
    pronunciations,
    renders,
    scenes,
)

urlpatterns = [
    path("", projects.home, name="home"),
    path("projects/", projects.project_list, name="project_list"),
    path("projects/new", projects.project_create, name="project_create"),
    path("projects/<slug:project_id>/", scenes.project_edit, name="project_edit"),
    path("projects/<slug:project_id>/save", scenes.project_save, name="project_save"),
    path("projects/<slug:project_id>/undo", history.project_undo, name="project_undo"),
    path("projects/<slug:project_id>/redo", history.project_redo, name="project_redo"),
    path("projects/<slug:project_id>/order", scenes.project_order, name="project_order"),
    path("projects/<slug:project_id>/estimate", scenes.project_estimate, name="project_estimate"),
    path("projects/<slug:project_id>/render", scenes.render_create, name="render_create"),
    path(
        "projects/<slug:project_id>/duplicate", projects.project_duplicate, name="project_duplicate"
    ),
    path("projects/<slug:project_id>/archive", projects.project_archive, name="project_archive"),
    path("projects/<slug:project_id>/restore", projects.project_restore, name="project_restore"),
    path("projects/<slug:project_id>/remove", projects.project_remove, name="project_remove"),
    path("projects/<slug:project_id>/scenes", scenes.scene_create, name="scene_create"),
    path("scenes/<slug:scene_id>/save", scenes.scene_save, name="scene_save"),
    path("scenes/<slug:scene_id>/move", scenes.scene_move, name="scene_move"),
    path("scenes/<slug:scene_id>/duplicate", scenes.scene_duplicate, name="scene_duplicate"),
    path("scenes/<slug:scene_id>/remove", scenes.scene_remove, name="scene_remove"),
    path("scenes/<slug:scene_id>/restore", scenes.scene_restore, name="scene_restore"),
    path("scenes/<slug:scene_id>/frame.jpg", frames.scene_frame, name="scene_frame"),
    path("scenes/<slug:scene_id>/avatars", library.scene_avatars, name="scene_avatars"),
    path("scenes/<slug:scene_id>/voices", library.scene_voices, name="scene_voices"),
    path("scenes/<slug:scene_id>/lines/<int:line>/sound", listen.line_sound, name="line_sound"),
    path("scenes/<slug:scene_id>/speak", listen.scene_speak, name="scene_speak"),
    path("voices/<slug:slug>/sample", library.voice_sample, name="voice_sample"),
    path("avatars/", avatars.avatar_list, name="avatar_list"),
    path("avatars/new", avatars.avatar_create, name="avatar_create"),
    path("avatars/stock/<slug:stock_slug>/", avatars.stock_avatar, name="stock_avatar"),
    path("avatars/<slug:avatar_id>/sound", avatars.avatar_sound, name="avatar_sound"),
    path("avatars/<slug:avatar_id>/", avatars.avatar_detail, name="avatar_detail"),
    path("avatars/<slug:avatar_id>/keep", avatars.avatar_keep, name="avatar_keep"),
    path("avatars/<slug:avatar_id>/discard", avatars.avatar_discard, name="avatar_discard"),
    path("avatars/<slug:avatar_id>/unlock", avatars.avatar_unlock, name="avatar_unlock"),
    path("avatars/<slug:avatar_id>/remove", avatars.avatar_remove, name="avatar_remove"),
    path("avatars/<slug:avatar_id>/restore", avatars.avatar_restore, name="avatar_restore"),
    path("avatars/<slug:avatar_id>/files/<slug:kind>", avatars.avatar_file, name="avatar_file"),
    path("pictures", library.picture_create, name="picture_create"),
    path("pictures/<slug:picture_id>/file", library.picture_file, name="picture_file"),
    path("pronunciations/", pronunciations.pronunciation_list, name="pronunciation_list"),
    path(
        "pronunciations/<int:pronunciation_id>/remove",
        pronunciations.pronunciation_remove,
        name="pronunciation_remove",
    ),
    path(
        "pronunciations/<int:pronunciation_id>/sound",
        pronunciations.pronunciation_sound,
        name="pronunciation_sound",
    ),
    path("renders/<slug:render_id>/", renders.render_detail, name="render_detail"),
    path("renders/<slug:render_id>/progress", renders.render_progress, name="render_progress"),
    path("renders/<slug:render_id>/cancel", renders.render_cancel, name="render_cancel"),
    path("renders/<slug:render_id>/retry", renders.render_retry, name="render_retry"),
    path("files/<str:token>/<str:name>", files.file_serve, name="file_serve"),
    path("credits/", credits.credit_list, name="credit_list"),
    path("keys/", keys.key_list, name="key_list"),
    path("keys/<slug:key_id>/revoke", keys.key_revoke, name="key_revoke"),
    path("accounts/settings/", account.account_settings, name="account_settings"),
    path("accounts/", include("allauth.urls")),
    path("healthz", health.healthz, name="healthz"),
    path("api/v1/docs", api_docs, name="api_docs"),
    path("api/v1/", api.urls),
]
if settings.EMBEDDED:
    urlpatterns.append(path("outbox/", outbox.outbox, name="outbox"))
