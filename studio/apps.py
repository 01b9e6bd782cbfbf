from django.apps import AppConfig


class StudioConfig(AppConfig):
    name = "studio"

    def ready(self) -> None:
        from django.conf import settings  # settings and models are loaded by now
        from django.utils.translation import gettext

        from rendering import voices, words  # settings and models are loaded by now
        from rendering.faces import engines
        from studio import checks  # noqa: F401 (registers them)
        from studio.people import team_letters  # noqa: F401 (registers their writers)
        from studio.providers import accounts, face_fit, hosted_face
        from studio.reviews import letters  # noqa: F401 (registers their writers)

        words.use(gettext)
        voices.offer(accounts(), settings.MODELS_DIR, runtime=settings.SPEECH_RUNTIME)
        engines.use(settings.MODELS_DIR, settings.ENGINE_DEVICE, hosted_face(), face_fit())
