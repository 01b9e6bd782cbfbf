import pytest

from rendering import voices
from rendering.voices.providers import Account, HostedVoice, Patience
from tests.voices.provider import KEY, VOICE, Server

QUICK = Patience(tries=3, seconds=60.0, silence=30.0, first=0.01)


@pytest.fixture
def provider(request):
    """A provider that answers on this machine, with its voice Rachel on offer; a parameter of the test names it."""
    server = Server(getattr(request, "param", "elevenlabs"))
    rachel = HostedVoice("Rachel", VOICE, "en-US")
    server.account = Account(
        server.provider, KEY, (rachel,), address=server.url, patience=QUICK, dollars=0.2
    )
    voices.offer([server.account])
    server.voice = voices.get(f"{server.provider}-rachel")
    yield server
    server.stop()
    voices.offer([])
