"""How generated faces are fitted to the portrait: by the settings, and in the keys of what was drawn."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from rendering import pipeline
from rendering.faces import engines
from rendering.faces.takes import Fit
from rendering.values import BadInput, LineSpec
from studio.providers import face_fit


@pytest.fixture
def fitted():
    """Sets how faces are fitted, for a test."""
    before = (engines._models, engines._device, engines._account, engines._fit)
    yield lambda **parts: engines.use(*before[:3], Fit(**parts))
    engines.use(*before)


def test_both_are_on_unless_the_settings_say_otherwise(settings):
    assert face_fit() == Fit(hold=True, tone=True)
    settings.FACE_FIT = {"hold": "0", "tone": "1"}
    assert face_fit() == Fit(hold=False, tone=True)


@pytest.mark.parametrize(
    ("part", "value", "sentence"),
    [
        ("hold", "off", "FACE_HOLD is 'off'; set it to 1 for on or to 0 for off."),
        ("tone", "2", "FACE_TONE is '2'; set it to 1 for on or to 0 for off."),
    ],
)
def test_another_value_is_refused_with_a_sentence(settings, part, value, sentence):
    settings.FACE_FIT = {**settings.FACE_FIT, part: value}
    with pytest.raises(ImproperlyConfigured) as caught:
        face_fit()
    assert str(caught.value) == sentence


def test_what_is_switched_off_is_part_of_the_version_of_engines_that_heed_it(fitted):
    fitted()
    assert engines.version("echomimic") == engines.get("echomimic").version
    fitted(hold=False)
    assert engines.version("echomimic").endswith("without hold")
    assert engines.version("musetalk") == engines.get("musetalk").version
    fitted(hold=False, tone=False)
    assert engines.version("echomimic-fast").endswith("without hold, tone")
    assert engines.version("remote").endswith("without tone")
    with pytest.raises(BadInput, match="no face engine called 'wax'"):
        engines.version("wax")


def test_a_line_is_drawn_again_when_its_face_is_fitted_otherwise(fitted):
    def looks(engine):
        return pipeline._looks(LineSpec("Hello.", "maya", "af_heart", engine=engine))

    fitted()
    before = {name: looks(name) for name in ("portrait", "musetalk")}
    fitted(tone=False)
    assert looks("musetalk") != before["musetalk"]
    assert looks("portrait") == before["portrait"]


def test_no_folder_of_weights_is_needed_to_know_a_version(fitted):
    engines.use(Path("nowhere"))
    assert engines.version("musetalk")
