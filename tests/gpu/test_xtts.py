"""XTTS v2 through coqui-tts: a real model, tiny and with random weights, from a recording to spoken lines."""

import hashlib
import json
import pickle
import threading
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest

if find_spec("TTS") is None:
    pytest.skip("coqui-tts is part of `make test-engines`", allow_module_level=True)

from rendering import voices, weights
from rendering.stages import script, speech
from rendering.store import Store
from rendering.values import SAMPLE_RATE, BadInput, Canceled, Sentence, Span, Unavailable
from rendering.voices import xtts

pytestmark = pytest.mark.filterwarnings("ignore")  # coqui-tts and transformers warn of themselves
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,!?;:'-äöüß"


def sentence(text):
    return Sentence((Span(text, text, 0, len(text)),))


def save(torch, library, path, net, config):
    """Saves a file like the published one: the state, beside a configuration under the older address of its class."""
    with library._legacy_safe_globals():
        torch.save({"model": net.state_dict(), "config": config}, path)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A folder of weights with XTTS in it, whose terms are accepted."""
    from tokenizers import Tokenizer, pre_tokenizers
    from tokenizers.models import BPE

    torch, library = xtts.import_library()
    from TTS.tts.configs.xtts_config import XttsArgs, XttsConfig

    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("models")
    home = folder / "xtts"
    home.mkdir()
    special = ["[STOP]", "[UNK]", "[SPACE]", "[START]", "[en]", "[de]"]
    vocabulary = {token: number for number, token in enumerate([*special, *LETTERS])}
    tokenizer = Tokenizer(BPE(vocab=vocabulary, merges=[], unk_token="[UNK]"))
    tokenizer.add_special_tokens(special)
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(home / "vocab.json"))
    config = XttsConfig(
        model_args=XttsArgs(
            gpt_layers=1,
            gpt_n_model_channels=64,
            gpt_n_heads=2,
            gpt_max_audio_tokens=12,
            gpt_num_audio_tokens=66,
            gpt_start_audio_token=64,
            gpt_stop_audio_token=65,
            gpt_use_perceiver_resampler=True,
            decoder_input_dim=64,
        )
    )
    (home / "config.json").write_text(json.dumps(config.to_dict()))
    torch.manual_seed(0)
    net = library.Xtts(config)
    net.tokenizer = library.VoiceBpeTokenizer(vocab_file=str(home / "vocab.json"))
    net.init_models()
    save(torch, library, home / "model.pth", net, config)
    for file in weights.get("xtts").files:
        path = home / file.path
        size = path.stat().st_size
        weights.record(home, file, sha256=weights.sha256_of(path), size=size, origin="test")
    weights.accept("xtts", folder, by="a test")
    return folder


@pytest.fixture(scope="module")
def engine(models):
    return xtts.Xtts(models / "xtts")


@pytest.fixture(scope="module")
def own(engine, tmp_path_factory):
    """(store, slug) of a voice that was measured from a recording."""
    store = Store(tmp_path_factory.mktemp("store"), reserve=0)
    noise = np.random.default_rng(0).normal(0, 0.1, 8 * SAMPLE_RATE).astype(np.float32)
    given = engine.measure(noise)
    key = hashlib.sha256(given.latents.tobytes()).hexdigest()[:40]
    with store.write(key, ".voice") as path:
        xtts.write(path, given, np.zeros(256, np.float32))
    return store, f"xtts-{key}"


def test_measured_latents_are_stored_and_a_deleted_voice_is_refused(engine, own):
    store, slug = own
    voice = voices.get(slug, store)
    given = xtts.read(voice.data)
    assert given.latents.shape == (1, 32, 64)
    assert given.embedding.shape == (1, 512, 1)
    assert np.linalg.norm(given.embedding) == pytest.approx(1, abs=1e-3)
    assert voices.ENGINES["xtts"].clones
    assert len(voices.ENGINES["xtts"].languages) == 17
    store.path(slug[5:], ".voice").rename(store.folder / "away")
    with pytest.raises(BadInput, match="The voice was deleted"):
        engine.say(sentence("Hello."), voices.get(slug, store))
    (store.folder / "away").rename(store.path(slug[5:], ".voice"))


def test_equal_words_sound_equal_and_another_language_sounds_different(engine, own):
    voice = voices.get(own[1], own[0])
    first = engine.say(sentence("Hello there."), voice)
    again = engine.say(sentence("Hello there."), voice)
    assert first.wav.size > SAMPLE_RATE // 20
    assert np.array_equal(first.wav, again.wav)
    assert (first.words, first.phones) == ((), ())
    german = engine.say(sentence("Guten Tag."), replace(voice, language="de-DE"))
    assert german.wav.size != first.wav.size or not np.array_equal(german.wav, first.wav)


def test_a_long_sentence_is_spoken_in_parts_and_a_stop_cancels_it(engine, own):
    text = "This is a clause of a long sentence, " * 20
    pieces = xtts.parts(text.strip())
    assert " ".join(pieces).split() == text.split()
    assert all(len(piece) <= xtts.LONGEST for piece in pieces)
    assert all(piece.endswith(",") for piece in pieces)
    assert xtts.parts("x" * 500) == ["x" * 240, "x" * 240, "x" * 20]
    stop = threading.Event()
    stop.set()
    with pytest.raises(Canceled):
        engine.say(sentence("Hello there."), voices.get(own[1], own[0]), stop=stop)


def test_a_line_in_an_own_voice_is_timed_levelled_and_reused(models, own):
    voices.offer([], models)
    try:
        assert voices.not_cloning() == ""
        read = script.run("Hello there, you.", supports=voices.get(own[1]).supports)
        made = speech.run(read, own[1], store=own[0])
        assert made.total == 1
        assert speech.run(read, own[1], store=own[0]).reused == 1
        assert made.timed_by in ("aligned", "energy")  # random weights speak no words
        assert abs(speech.loudness(made.wav) + 16) < 1
    finally:
        voices.offer([])


def test_the_weights_are_never_written_to(models, engine):
    assert [verdict for _, verdict in weights.verify("xtts", models)] == ["unpinned"] * 3


class Shell:
    def __reduce__(self):
        return (print, ("code in the weights was run",))


@pytest.mark.parametrize("damage", ["cut", "pickle", "keys", "shape", "config", "vocabulary"])
def test_unusable_weights_are_refused_with_one_sentence(models, tmp_path, damage, capsys):
    torch, library = xtts.import_library()
    home = tmp_path / "xtts"
    home.mkdir()
    for path in (models / "xtts").iterdir():
        (home / path.name).symlink_to(path)
    model = home / "model.pth"

    def instead(name, data):
        (home / name).unlink()
        (home / name).write_bytes(data)

    if damage == "cut":
        instead("model.pth", (models / "xtts" / "model.pth").read_bytes()[:100_000])
    elif damage == "pickle":
        instead("model.pth", pickle.dumps({"model": Shell()}))
    elif damage == "config":
        instead("config.json", b"{")
    elif damage == "vocabulary":
        instead("vocab.json", b"[]")
    else:
        with library._legacy_safe_globals():
            held = torch.load(model, weights_only=True)
        name = "gpt.mel_head.weight"
        if damage == "keys":
            held["model"]["gpt.odd"] = held["model"].pop(name)
        else:
            held["model"][name] = torch.zeros(3, 3)
        model.unlink()
        torch.save({"model": held["model"]}, model)
    with pytest.raises(weights.NotReady) as caught:
        xtts.Xtts(home)
    assert "\n" not in caught.value.sentence
    assert "cannot be used" in caught.value.sentence
    assert caught.value.sentence.endswith("run `manage.py models verify xtts`.")
    if damage == "keys":
        assert "gpt.mel_head.weight" in caught.value.sentence
        assert "gpt.odd" in caught.value.sentence
    assert "was run" not in capsys.readouterr().out


def test_without_accepted_weights_the_engine_says_what_to_do(models, tmp_path):
    voices.offer([], tmp_path)
    try:
        assert "models fetch xtts" in voices.not_cloning()
        with pytest.raises(Unavailable, match="models fetch xtts"):
            voices.engine("xtts")
        home = tmp_path / "xtts"
        home.mkdir()
        for path in (models / "xtts").iterdir():
            if path.name != weights.ACCEPTED:
                (home / path.name).symlink_to(path)
        assert "are not accepted" in voices.not_cloning()
        assert "models accept xtts" in voices.not_cloning()
    finally:
        voices.offer([])
    assert "commercial" in voices.ENGINES["xtts"].licence
