import copy
import threading
from itertools import pairwise

import numpy as np
import pytest
import torch

from rendering import faces
from rendering.faces import passes, squares, whisper
from rendering.faces.echomimic import sampler
from rendering.faces.echomimic.engine import EchoMimic, audio
from rendering.faces.echomimic.nets import SMALL, Nets
from rendering.faces.echomimic.sampler import Film, Plan, Windows
from rendering.faces.takes import Fit, Take
from rendering.faces.vae import Vae
from rendering.store import Store
from rendering.values import SAMPLE_RATE, Canceled, Motion

FPS = 25


def blend(latents, moment, window):
    """A stand-in for the denoiser: each frame depends on the others of its window and on its own number."""
    across = latents.mean(1, keepdim=True)
    named = torch.tensor(window)[None, :, None, None] * 1e-3
    return 0.4 * latents + 0.3 * across + named


def made(model, frames, *, steps=6, seed=1, **more):
    film = Film(model, plan=Plan(steps, 1.0), seed=seed, frames=frames, size=(2, 2), **more)
    return film, torch.cat(list(film), 1)


def whole(model, frames, steps=6, seed=1):
    """The same film with all its frames in memory."""
    schedule, noise = sampler.scheduler(steps), sampler.Noise(seed, frames, (2, 2))
    parts = []
    while noise.given < frames:
        parts.append(noise.more())
    x = torch.cat(parts, 1)
    for step, moment in enumerate(schedule.timesteps):
        total, count = torch.zeros_like(x), torch.zeros(frames)
        windows = Windows(step, frames)
        for number in range(len(windows)):
            window = windows[number]
            share = sampler.weights(len(window)) if frames > 12 else torch.ones(len(window))
            total[:, window] += model(x[:, window], moment, window) * share[:, None, None]
            count[window] += share
        x = schedule.step(total / count[:, None, None], moment, x).prev_sample
    return x


@pytest.mark.parametrize("frames", [1, 5, 12, 13, 30, 100])
def test_a_film_made_in_pieces_equals_the_film_made_as_a_whole(frames):
    _, film = made(blend, frames)
    assert film.shape == (4, frames, 2, 2)
    assert torch.allclose(film, whole(blend, frames), atol=1e-6)


def test_windows_cover_the_film_overlap_and_move_from_step_to_step():
    def starts(step, frames):
        windows = Windows(step, frames)
        return [windows[n][0] for n in range(len(windows))]

    assert [starts(step, 30) for step in (0, 1, 2)] == [[0, 9, 18], [0, 2, 11, 18], [0, 4, 13, 18]]
    for frames in range(13, 80):
        for step in range(9):
            windows = [Windows(step, frames)[n] for n in range(len(Windows(step, frames)))]
            assert {frame for window in windows for frame in window} == set(range(frames))
            assert all(len(window) == 12 for window in windows)
            # neighbours overlap, so no border goes through the film
            assert all(b[0] - a[0] <= 9 for a, b in pairwise(windows))
    # one window turns, as published
    assert Windows(1, 8)[0] == [2, 3, 4, 5, 6, 7, 0, 1]


def test_a_change_reaches_no_further_than_the_overlaps():
    """Nothing adds up over minutes: a film with another beginning is the same film from there on."""

    def other(latents, moment, window):
        begin = torch.tensor([5.0 if frame < 3 else 0.0 for frame in window])
        return blend(latents, moment, window) + begin[None, :, None, None]

    _, film = made(blend, 300)
    _, changed = made(other, 300)
    far = sampler.reach(6) + 3
    assert not torch.equal(film[:, :20], changed[:, :20])
    assert torch.equal(film[:, far:], changed[:, far:])


def test_equal_seeds_give_equal_films_and_another_seed_another_film():
    assert torch.equal(made(blend, 40)[1], made(blend, 40)[1])
    assert not torch.equal(made(blend, 40)[1], made(blend, 40, seed=2)[1])


def test_the_first_noise_is_clipped_at_1_5_and_keeps_its_spread():
    noise = sampler.Noise(3, 100, (16, 16))
    drawn = torch.cat([noise.more() for _ in range(9)], 1)
    assert drawn.abs().max() == 1.5
    assert drawn.std() > 0.8


def test_a_film_begins_and_ends_at_the_latent_that_is_held():
    hold = torch.full((4, 2, 2), 0.7)
    _, film = made(blend, 40, hold=hold)
    assert torch.allclose(film[:, 0], hold, atol=1e-5)
    assert torch.allclose(film[:, -1], hold, atol=1e-5)
    assert not torch.allclose(film[:, 20], hold, atol=1e-2)


def test_frames_in_memory_do_not_grow_with_the_film():
    most = {}
    for frames in (200, 2000):
        film = Film(blend, plan=Plan(6, 1.0), seed=1, frames=frames, size=(2, 2))
        most[frames] = 0
        for _ in film:
            held = sum(step.held.shape[1] for step in film.chain[1:])
            most[frames] = max(most[frames], held)
    assert most[2000] == most[200] <= 6 * 24


def test_a_film_goes_on_from_a_saved_state():
    film = Film(blend, plan=Plan(6, 1.0), seed=1, frames=100, size=(2, 2))
    parts, state = [], None
    for part in film:
        parts.append(part)
        if state is None and film.given > 40:
            state = film.state()
    again = Film(blend, plan=Plan(6, 1.0), seed=1, frames=100, size=(2, 2))
    again.restore(state)
    assert torch.equal(torch.cat(list(again), 1), torch.cat(parts, 1)[:, int(state["given"]) :])


# The engine, with tiny networks of random weights


@pytest.fixture(scope="module")
def nets():
    torch.manual_seed(0)
    return Nets(SMALL), Vae(widths=(32,) * 4, layers=1), whisper.Encoder().eval()


def another(nets, version="test", **more):
    """The engine as a new process has it."""
    device = torch.device("cpu")
    return EchoMimic(*nets, plan=Plan(2, 2.5), version=version, place=device, side=64, **more)


@pytest.fixture(scope="module")
def engine(nets):
    return another(nets)


def take(frames=14, **more):
    sound = np.random.default_rng(5).standard_normal(SAMPLE_RATE * frames // FPS)
    given = {
        "avatar": faces.get("maya"),
        "face": 90.0,
        "motion": Motion(FPS, {"jaw": np.zeros(frames, np.float32)}),
        "wav": (0.1 * sound).astype(np.float32),
        "seed": 7,
        "report": lambda stage, fraction: None,
    }
    return Take(**{**given, **more})


def test_a_line_is_drawn_with_alpha(engine):
    reported = []
    frames = list(
        engine.draw(take(report=lambda stage, fraction: reported.append((stage, fraction))))
    )
    still, _ = passes.plate(faces.get("maya"), 90.0)
    assert len(frames) == 14
    for pieces in frames:
        (piece,) = pieces
        assert (piece.rgba.shape, piece.rgba.dtype) == (still.shape, np.uint8)
        assert (piece.rgba[..., :3] <= piece.rgba[..., 3:].astype(int) + 1).all()  # premultiplied
        assert (piece.rgba[-20:] == still[-20:]).all()  # the shoulders are those of the pack
    assert (frames[7][0].rgba != still).any()
    assert [stage for stage, _ in reported] == ["frames"] * len(reported)
    assert [fraction for _, fraction in reported] == sorted(fraction for _, fraction in reported)
    again = list(engine.draw(take()))
    assert all((a[0].rgba == b[0].rgba).all() for a, b in zip(frames, again, strict=True))


def test_a_line_ends_within_a_call_of_being_canceled(engine):
    def report(stage, fraction):
        if fraction > 0.3:
            raise Canceled

    with pytest.raises(Canceled):
        list(engine.draw(take(report=report)))


def test_a_line_that_broke_off_goes_on_at_its_chunk(engine, tmp_path, monkeypatch):
    store = Store(tmp_path, reserve=0)
    monkeypatch.setattr(engine, "chunk", 12)
    line = take(40, store=store)
    whole = torch.cat(list(engine.latents(take(40))), 1)
    engine.calls = 0
    begun = engine.latents(line)
    first = next(begun)
    calls = engine.calls
    begun.close()  # the process dies after its first chunk
    parts = list(engine.latents(line))
    assert torch.equal(torch.cat(parts, 1), whole)
    assert torch.equal(parts[0], first)
    assert calls < engine.calls == sampler.calls(2, 40)  # nothing was computed twice
    assert store.find(engine.key(line), ".going") is None


@pytest.fixture
def looks(nets, monkeypatch):
    """How often the reference net and the VAE have looked at a face."""
    found = {"reference": 0, "encode": 0}

    def count(owner, method, name):
        plain = getattr(owner, method)

        def counted(*given):
            found[name] += 1
            return plain(*given)

        monkeypatch.setattr(owner, method, counted)

    count(nets[0].reference, "forward", "reference")
    count(nets[1], "encode", "encode")
    return found


def test_a_face_is_looked_at_once(nets, looks, tmp_path):
    """Once by all processes together, per version of weights; a line from stored features equals one without a store."""
    store = Store(tmp_path, reserve=0)
    first = torch.cat(list(another(nets).latents(take(5, store=store))), 1)
    script = torch.cat(list(another(nets).latents(take(5, store=store, seed=8))), 1)
    assert looks == {"reference": 1, "encode": 1}
    bare = torch.cat(list(another(nets).latents(take(5, seed=8))), 1)
    assert torch.equal(bare, script)
    assert not torch.equal(first, script)
    assert looks == {"reference": 2, "encode": 2}
    next(another(nets, "other weights").latents(take(5, store=store)))
    assert looks == {"reference": 3, "encode": 3}


def test_the_features_of_a_face_are_deleted_with_it(nets, looks, tmp_path):
    store = Store(tmp_path, reserve=0)
    list(another(nets).latents(take(5, store=store)))
    faces.forget(faces.get("maya").sha256, store)
    assert not list(tmp_path.rglob("*.features"))
    list(another(nets).latents(take(5, store=store, seed=8)))
    assert looks["reference"] == 2


def test_damaged_features_are_made_again(nets, looks, tmp_path):
    store = Store(tmp_path, reserve=0)
    whole = torch.cat(list(another(nets).latents(take(5, store=store, seed=8))), 1)
    (features,) = tmp_path.rglob("*.features")
    features.write_bytes(features.read_bytes()[:-100])
    for made in tmp_path.rglob("*.latents"):
        made.unlink()
    again = torch.cat(list(another(nets).latents(take(5, store=store, seed=8))), 1)
    assert torch.equal(again, whole)
    assert looks["reference"] == 2


def test_another_size_needs_no_sampling(engine, tmp_path):
    store = Store(tmp_path, reserve=0)
    list(engine.latents(take(store=store)))
    engine.calls = 0
    larger = list(engine.draw(take(store=store, face=150.0)))
    assert larger[3][0].rgba.shape == passes.plate(faces.get("maya"), 150.0)[0].shape
    assert engine.calls == 0
    list(engine.latents(take(store=store, seed=8)))
    assert engine.calls == sampler.calls(2, 14)


def test_a_line_begins_and_ends_in_the_portrait_unless_that_is_switched_off(nets, tmp_path):
    store = Store(tmp_path, reserve=0)
    held, free = another(nets), another(nets, fit=Fit(hold=False))
    portrait = held._shown(faces.get("maya"), None).latent[0].float()
    lines = {engine: latents(engine, store) for engine in (held, free)}
    for at in (0, -1):
        assert (lines[held][:, at] - portrait).abs().max() < 1e-2
        assert (lines[free][:, at] - portrait).abs().max() > 0.2
    assert held.key(take()) != free.key(take())


def latents(engine, store):
    return torch.cat(list(engine.latents(take(store=store))), 1).float()


def test_colours_are_led_to_the_portrait_unless_that_is_switched_off(nets, tmp_path):
    store = Store(tmp_path, reserve=0)
    matched, plain = (another(nets, fit=Fit(tone=tone)) for tone in (True, False))
    first = [pieces[0].rgba for pieces in matched.draw(take(store=store))]
    plain.calls = 0
    second = [pieces[0].rgba for pieces in plain.draw(take(store=store))]
    assert plain.calls == 0  # the same latents, pasted otherwise
    assert np.abs(first[7].astype(int) - second[7]).max() > 8


def test_when_memory_runs_out_the_batch_is_halved_and_the_line_goes_on(nets, monkeypatch):
    """In double precision: sums in another order are multiplied by random weights in each step."""
    engine = another((copy.deepcopy(nets[0]).double(), *nets[1:]))
    plain, sizes = engine.nets.denoiser.forward, []

    def small(x, *more):
        sizes.append(len(x))
        if len(x) == 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return plain(x, *more)

    whole = torch.cat(list(engine.latents(take())), 1)
    monkeypatch.setattr(engine.nets.denoiser, "forward", small)
    monkeypatch.setattr(engine, "halves", False)
    halved = torch.cat(list(engine.latents(take())), 1)
    assert torch.allclose(
        halved.float(), whole.float(), atol=0.02
    )  # both are stored in half precision
    assert sizes.count(2) == 1


def test_a_face_is_cropped_to_a_square_with_its_mask(engine):
    square = squares.crop(faces.get("maya"), 128)
    assert square.picture.shape == (128, 128, 3)
    assert square.mask.mean() > 0.15
    assert square.mask[0].max() == 0
    assert abs(square.picture[2, 2].astype(int) - 128).max() < 3  # ground


def test_two_lines_at_once_do_not_mix(engine):
    alone = {seed: torch.cat(list(engine.latents(take(seed=seed))), 1) for seed in (1, 2)}
    found = {}

    def run(seed):
        with torch.no_grad():
            found[seed] = torch.cat(list(engine.latents(take(seed=seed))), 1)

    threads = [threading.Thread(target=run, args=(seed,)) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(torch.equal(found[seed], alone[seed]) for seed in (1, 2))


@pytest.mark.parametrize(
    ("fps", "frame", "states"),
    [(24, 0, (0, 5)), (24, 7, (10, 19)), (25, 10, (16, 25)), (30, 9, (11, 20))],
)
def test_a_frame_hears_ten_states_around_it(fps, frame, states):
    class Numbered:
        count = 500

        def states(self, first, last):
            return torch.arange(first, last).float()[:, None, None].expand(-1, 5, 384)

    heard = audio(Numbered(), [frame], fps)
    assert heard.shape == (1, 1, 50, 384)
    assert (int(heard[0, 0, 0, 0]), int(heard[0, 0, -1, 0])) == states
