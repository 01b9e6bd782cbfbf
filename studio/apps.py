from django.apps import AppConfig


class StudioConfig(AppConfig):
    name = "studio"

    def ready(self) -> None:
        from django.conf import settings

        from rendering import voices
        from rendering.faces import engines
        from studio import checks  # noqa: F401 (registers them)
        from studio.providers import accounts, hosted_face

        voices.offer(accounts(), settings.MODELS_DIR)
        engines.use(settings.MODELS_DIR, settings.ENGINE_DEVICE, hosted_face())
