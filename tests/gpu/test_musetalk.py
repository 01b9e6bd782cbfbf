import copy
import json
import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from rendering import faces
from rendering.faces import portrait, whisper
from rendering.faces.musetalk import batching
from rendering.faces.musetalk.batching import Batcher
from rendering.faces.musetalk.engine import MuseTalk, speaking
from rendering.faces.musetalk.nets import Painter, prepared
from rendering.faces.musetalk.pasting import crop
from rendering.faces.takes import Fit, Take
from rendering.faces.vae import Vae
from rendering.stages import motion as motions
from rendering.store import Store
from rendering.values import SAMPLE_RATE, Motion
from tests.gpu.conftest import published
from tests.gpu.recipe import numbers

GOLDEN = np.load(Path(__file__).parent / "golden/musetalk.npz")
SHAPES = json.loads(str(GOLDEN["shapes"]))
FPS = 25


def error(ours, name):
    theirs = GOLDEN[name]
    return float(np.abs(np.asarray(ours) - theirs).max() / np.abs(theirs).max())


@pytest.fixture(scope="module")
def nets():
    states = published(SHAPES)
    vae, painter = Vae(widths=(32,) * 4, layers=1), Painter((32, 64, 64, 64))
    vae.load(states["vae"])
    painter.load_reference_state(states["unet"])
    return vae, painter


def test_inputs_output_and_picture_equal_the_published_ones(nets):
    vae, painter = nets
    picture = (numbers("picture", (32, 32, 3)) * 40 + 128).clip(0, 255).astype(np.uint8)
    picture = picture.repeat(8, 0).repeat(8, 1)[..., ::-1]  # the published programme reads BGR
    latents = prepared(vae, picture)
    assert error(latents[:, :, ::3, ::3], "latents") < 1e-4
    made = painter(latents.repeat(3, 1, 1, 1), torch.from_numpy(numbers("tokens", (3, 50, 384))))
    assert error(made[:, :, ::2, ::2], "made") < 1e-4
    assert abs(float(made.std()) - GOLDEN["made/sum"][1]) < 1e-4
    seen = vae.decode(made[:1])[:, ::11, ::11, ::-1].astype(int)
    assert np.abs(seen - GOLDEN["seen"].astype(int)).max() <= 1


def test_the_vae_reads_both_naming_schemes(nets):
    old = {}
    for key, value in nets[0].net.state_dict().items():
        for new, name in (
            ("to_q", "query"),
            ("to_k", "key"),
            ("to_v", "value"),
            ("to_out.0", "proj_attn"),
        ):
            if ".attentions." in key and f".{new}." in key:
                key = key.replace(f".{new}.", f".{name}.")
                value = value[..., None, None] if value.ndim == 2 else value
        old[key] = value
    assert any(".query." in key for key in old)
    made = Vae(widths=(32,) * 4, layers=1)
    made.load(old)
    assert all(
        torch.equal(v, nets[0].net.state_dict()[k]) for k, v in made.net.state_dict().items()
    )


# Batches


def test_four_lines_at_once_need_a_quarter_of_the_calls(monkeypatch):
    monkeypatch.setattr(batching, "LINGER", 60)

    def run(items):
        return [item * 10 for item in items]

    alone = Batcher(run, block=8, size=32)
    for line in range(4):
        assert list(alone.over(range(line, line + 40))) == [10 * n for n in range(line, line + 40)]
    together, found = Batcher(run, block=8, size=32), {}
    begin = threading.Barrier(4)

    def frames(line):
        begin.wait()  # all lines have begun before any of them hands in a frame
        yield from range(line, line + 40)

    def draw(line):
        found[line] = list(together.over(frames(line)))

    threads = [threading.Thread(target=draw, args=(line,)) for line in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {line: [10 * n for n in range(line, line + 40)] for line in range(4)}
    assert (alone.calls, together.calls) == (20, 5)


def test_a_line_that_stops_is_not_waited_for():
    batcher = Batcher(lambda items: items, block=4, size=32)
    left = batcher.over(range(100))
    next(left)
    left.close()
    assert list(batcher.over(range(10))) == list(range(10))


def test_a_failure_reaches_every_line():
    def run(items):
        raise ZeroDivisionError

    batcher = Batcher(run, block=4)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            list(batcher.over(range(10)))


# The engine, with tiny networks of random weights


def another(nets, version="test", **more):
    """The engine as a new process has it."""
    vae, painter = nets
    torch.manual_seed(0)
    encoder = whisper.Encoder().eval()
    device = torch.device("cpu")
    return MuseTalk(painter, vae, encoder, version=version, place=device, side=64, **more)


@pytest.fixture(scope="module")
def engine(nets):
    return another(nets)


def take(frames=24, **more):
    tracks = {name: np.zeros(frames, np.float32) for name in motions.TRACKS}
    tracks["jaw"][frames // 3 : 2 * frames // 3] = 0.5
    tracks["yaw"][:] = np.linspace(0, 4, frames)
    sound = np.random.default_rng(5).standard_normal(SAMPLE_RATE * frames // FPS)
    given = {
        "avatar": faces.get("maya"),
        "face": 90.0,
        "motion": Motion(FPS, tracks),
        "wav": (0.1 * sound).astype(np.float32),
        "seed": 7,
        "report": lambda stage, fraction: None,
    }
    return Take(**{**given, **more})


def test_the_mouth_is_painted_and_the_rest_of_a_frame_is_the_portrait(engine):
    line = take()
    painted = [pieces[1] for pieces in engine.draw(line)]
    drawn = portrait.portrait(line.avatar, line.face)

    def plain(number):
        tracks = {name: float(track[number]) for name, track in line.motion.tracks.items()}
        return drawn.draw({**tracks, "jaw": 0.0}, painted=drawn.rgba)

    assert len(painted) == 24
    assert (painted[12].left, painted[12].top) == drawn.box[:2]
    for number in (0, 3, 23):  # silence and both ends
        assert (painted[number].rgba == plain(number)).all()
    changed = np.abs(painted[12].rgba.astype(int) - plain(12)).max(-1) > 3
    rows = np.nonzero(changed)[0] + painted[12].top
    low, high = (crop(line.avatar, 64).box[at] * drawn.scale for at in (1, 3))
    assert changed.mean() > 0.005
    assert (
        low + 0.4 * (high - low) < rows.min() <= rows.max() < high + 6
    )  # the lower half of the face


def test_a_face_is_prepared_once_by_all_processes_together(nets, tmp_path, monkeypatch):
    store, encoded = Store(tmp_path, reserve=0), []
    vae, _ = nets
    plain = vae.encode

    def encode(pictures):
        encoded.append(len(pictures))
        return plain(pictures)

    monkeypatch.setattr(vae, "encode", encode)
    engine = another(nets)
    first = list(engine.draw(take(12, store=store)))
    list(engine.draw(take(24, store=store)))
    assert encoded == [2]
    again = list(another(nets).draw(take(12, store=store)))  # another process
    assert encoded == [2]
    for one, other in zip(first, again, strict=True):
        assert (one[1].rgba == other[1].rgba).all()
    list(another(nets, "other weights").draw(take(12, store=store)))
    assert encoded == [2, 2]


def test_colours_are_led_to_the_portrait_unless_that_is_switched_off(nets):
    line = take()
    matched, plain = (list(another(nets, fit=Fit(tone=tone)).draw(line)) for tone in (True, False))
    apart = np.abs(matched[12][1].rgba.astype(int) - plain[12][1].rgba)
    assert apart.max() > 8  # random weights paint a face of another colour
    assert (matched[3][1].rgba == plain[3][1].rgba).all()  # silence


def test_when_memory_runs_out_the_batch_is_halved_and_the_line_goes_on(nets, monkeypatch):
    """In double precision: a batch of another size may take another kernel, which sums in another order."""
    vae, painter = copy.deepcopy(nets)
    engine = another((vae.to(torch.device("cpu"), torch.float64), painter.double()))
    sizes, plain = [], painter.forward

    def small(latents, tokens):
        sizes.append(len(latents))
        if len(latents) > 4:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return plain(latents, tokens)

    whole = list(engine.draw(take()))
    monkeypatch.setattr(engine.painter, "forward", small)
    monkeypatch.setattr(engine.batches, "size", 32)
    halved = list(engine.draw(take()))
    assert max(sizes) > 4 >= min(sizes)
    for one, other in zip(whole, halved, strict=True):
        assert np.abs(one[1].rgba.astype(int) - other[1].rgba).max() <= 1
    assert np.abs(whole[4][1].rgba.astype(int) - whole[5][1].rgba).max() > 4


def test_lips_are_shut_in_silence_and_at_both_ends():
    moved = take(60).motion
    shown = speaking(moved)
    assert shown[0] == shown[-1] == 0
    assert shown[30] == 1
    assert (shown[:12] == 0).all()
    assert np.abs(np.diff(shown)).max() < 0.35
