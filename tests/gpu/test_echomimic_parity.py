"""Against the published implementation: golden/echomimic.npz holds what it computed from the weights of recipe.py, with the same
inputs, on a CPU (diffusers 0.24.0, torch 2.13.0; its masks put on the CPU and its bank kept in full precision). The guided film of 30
steps is from a run in double precision: random networks multiply rounding errors with every step.
"""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from rendering.faces.echomimic import sampler
from rendering.faces.echomimic.nets import SMALL, Nets
from rendering.weights import NotReady
from tests.gpu.conftest import published
from tests.gpu.recipe import numbers

GOLDEN = np.load(Path(__file__).parent / "golden/echomimic.npz")
SHAPES = json.loads(str(GOLDEN["shapes"]))
SIDE, FRAMES = 8, 4


def of(name, *shape):
    return torch.from_numpy(numbers(name, shape)).to(torch.get_default_dtype())


def error(ours, name):
    """The largest difference, as a share of the largest value."""
    theirs = torch.from_numpy(GOLDEN[name]).to(ours)
    return float((ours - theirs).abs().max() / theirs.abs().max())


@pytest.fixture(scope="module")
def states():
    return published(SHAPES)


@pytest.fixture(scope="module")
def nets(states):
    made = Nets(SMALL)
    made.load_reference_state(states)
    return made


def assert_equal(one, other):
    """That two networks hold the same weights."""
    held = other.state_dict()
    for key, value in one.state_dict().items():
        assert torch.equal(value, held.pop(key)), key
    assert not held


def shown(nets):
    mask = torch.zeros(1, 1, 8 * SIDE, 8 * SIDE)
    mask[..., 15:50, 20:45] = 1
    return nets.reference(of("latent", 1, 4, SIDE, SIDE)), nets.locator(mask)


def test_every_key_of_the_published_files_is_used(states, nets):
    assert {name: len(parts) for name, parts in SHAPES.items()} == {
        "denoising_unet": 1272,
        "reference_unet": 568,
        "face_locator": 16,
    }
    assert len(nets.denoiser.net.state_dict()) == 1272 - 21  # one table for both attentions


def test_the_motion_module_may_be_a_file_of_its_own(states, nets):
    apart = dict(states)
    whole = states["denoising_unet"]
    apart["motion_module"] = {k: v for k, v in whole.items() if "motion_modules." in k}
    apart["denoising_unet"] = {k: v for k, v in whole.items() if "motion_modules." not in k}
    made = Nets(SMALL)
    made.load_reference_state(apart)
    assert_equal(made.denoiser, nets.denoiser)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda d: d.pop("mid_block.resnets.0.conv1.weight"), r"it lacks mid_block\.resnets\.0"),
        (
            lambda d: d.update(other=d.pop("conv_in.bias")),
            r"it lacks conv_in\.bias; it holds in excess other",
        ),
        (
            lambda d: d.update({"conv_in.bias": torch.zeros(3)}),
            r"of another shape are conv_in\.bias \(3 instead of 32\)",
        ),
    ],
)
def test_files_of_another_version_are_refused_by_name(states, spoil, sentence):
    changed = {**states, "denoising_unet": dict(states["denoising_unet"])}
    spoil(changed["denoising_unet"])
    with pytest.raises(NotReady, match=sentence):
        Nets(SMALL).load_reference_state(changed)


TABLE = ".pos_encoder.pe"


def with_tables(states, change):
    """The files with each table of positions changed; those that become None are absent."""
    denoising = dict(states["denoising_unet"])
    for key in [key for key in denoising if key.endswith(TABLE)]:
        made = change(denoising.pop(key))
        if made is not None:
            denoising[key] = made
    return {**states, "denoising_unet": denoising}


@pytest.mark.parametrize(
    "change",
    [
        lambda table: None,
        lambda table: table[:, :24],
        lambda table: table[:, :24].bfloat16(),
        lambda table: torch.cat([table, table], 1),
    ],
    ids=["none", "24 places", "24 places in bfloat16", "64 places"],
)
def test_tables_of_positions_are_computed_where_a_file_has_others(states, nets, change, caplog):
    made = Nets(SMALL)
    with caplog.at_level("INFO"):
        made.load_reference_state(with_tables(states, change))
    assert_equal(made, nets)
    assert any(message.startswith("The denoising net: ") for message in caplog.messages)


def test_a_table_of_full_length_is_used_as_it_is(states):
    made = Nets(SMALL)
    made.load_reference_state(with_tables(states, lambda table: 2 * table))
    (first, *_) = [v for k, v in made.denoiser.net.state_dict().items() if k.endswith(".pe")]
    assert first.max() > 1.9


def test_tables_that_cannot_be_computed_or_shared_are_refused(states):
    learnt = with_tables(states, lambda table: 2 * table[:, :24])
    with pytest.raises(NotReady, match=r"pos_encoder\.pe is for 24 frames, not 32, and is learnt"):
        Nets(SMALL).load_reference_state(learnt)
    apart = {**states, "denoising_unet": dict(states["denoising_unet"])}
    (one, *_) = [key for key in apart["denoising_unet"] if f".attention_blocks.1{TABLE}" in key]
    apart["denoising_unet"][one] = 2 * apart["denoising_unet"][one]
    with pytest.raises(
        NotReady, match=r"attention_blocks\.1\.pos_encoder\.pe is a table of its own"
    ):
        Nets(SMALL).load_reference_state(apart)


def test_the_published_files_are_read(states, nets, tmp_path):
    whole = states["denoising_unet"]
    files = {
        "denoising_unet_acc": {k: v for k, v in whole.items() if "motion_modules." not in k},
        "motion_module_acc": {k: v for k, v in whole.items() if "motion_modules." in k},
        "reference_unet": states["reference_unet"],
        "face_locator": states["face_locator"],
    }
    for name, state in files.items():
        torch.save(state, tmp_path / f"{name}.pth")
    made = Nets.read(tmp_path, fast=True, sizes=SMALL)
    assert_equal(made, nets)


def test_the_face_locator_equals_the_published_one(nets):
    assert error(shown(nets)[1], "face") < 1e-4


def test_the_reference_net_equals_the_published_one(nets):
    bank, _ = shown(nets)
    assert len(bank) == 16
    for name, seen in bank.items():
        assert error(seen[:, :8, :8], f"bank/{name}") < 1e-4
        mean, spread = GOLDEN[f"banksum/{name}"]
        assert abs(float(seen.double().mean()) - mean) < 1e-5
        assert abs(float(seen.double().std()) - spread) < 1e-5


def test_the_denoiser_equals_the_published_one_and_heeds_each_condition(nets):
    bank, face = shown(nets)
    x, audio = of("x", 1, 4, FRAMES, SIDE, SIDE), of("audio", 1, FRAMES, 50, 384)
    moment = torch.tensor(666)
    both = nets.denoiser(
        x.repeat(2, 1, 1, 1, 1),
        moment,
        torch.cat([torch.zeros_like(audio), audio]),
        torch.cat([torch.zeros_like(face), face]),
        bank,
    )
    assert error(both, "guided") < 1e-4
    assert error(nets.denoiser(x, moment, audio, face, bank), "plain") < 1e-4
    # each of the conditions counts
    assert error(nets.denoiser(x, moment, audio, face, None), "plain") > 1e-2
    assert error(nets.denoiser(x, moment, audio * 0, face, bank), "plain") > 1e-2
    assert error(nets.denoiser(x, moment, audio, face * 0, bank), "plain") > 1e-2


def velocity_of(nets, guidance):
    bank, face = shown(nets)
    audio = of("window/audio", 8, 50, 384)[None]

    def velocity(latents, moment, window):
        x, heard = latents[None], audio[:, window]
        if guidance == 1:
            return nets.denoiser(x, moment, heard, face, bank)[0]
        free, led = nets.denoiser(
            x.repeat(2, 1, 1, 1, 1),
            moment,
            torch.cat([torch.zeros_like(heard), heard]),
            torch.cat([torch.zeros_like(face), face]),
            bank,
        )
        return sampler.guided(free, led, guidance)

    return velocity


def film(nets, steps, guidance):
    """One window through the sampler, as tests/gpu/golden has it."""
    velocity, plan = velocity_of(nets, guidance), sampler.Plan(steps, guidance)
    made = sampler.Film(velocity, plan=plan, seed=420, frames=8, size=(SIDE, SIDE))
    return torch.cat(list(made), 1)[None]


@torch.no_grad()
def looped(nets, steps, guidance):
    """The same film by diffusers' own steps, one after the other, with the frames rotated by two positions at each."""
    velocity, schedule = velocity_of(nets, guidance), sampler.scheduler(steps)
    latents = sampler.Noise(420, 8, (SIDE, SIDE)).more().to(torch.get_default_dtype())
    for number, moment in enumerate(schedule.timesteps):
        window = [(at + 2 * number) % 8 for at in range(8)]
        found = torch.empty_like(latents)
        found[:, window] = velocity(latents[:, window], moment, window)
        latents = schedule.step(found, moment, latents).prev_sample
    return latents[None]


def test_a_window_of_the_fast_sampler_equals_the_published_one(nets):
    assert error(film(nets, 6, 1.0), "window/6") < 1e-4


def test_a_window_of_the_guided_sampler_equals_the_published_one():
    torch.set_default_dtype(torch.float64)
    try:
        exact = Nets(SMALL)
        exact.load_reference_state(
            published(SHAPES)
        )  # its tables of positions in double precision, too
        made, plain = film(exact, 30, 2.5), looped(exact, 30, 2.5)
        assert float((made - plain).abs().max() / plain.abs().max()) < 1e-8
        # the schedule's table is single: its last bits are the processor's, and 30 steps make 2e-2 of them
        assert error(made, "window/30") < 4e-2
        assert error(film(exact, 30, 2.3), "window/30") > 8e-2
        assert error(film(exact, 29, 2.5), "window/30") > 8e-2
    finally:
        torch.set_default_dtype(torch.float32)


def test_the_moments_and_the_noise_of_each_step_are_the_published_ones():
    for steps in (6, 20, 30, 40):
        assert (sampler.scheduler(steps).timesteps.numpy() == GOLDEN[f"timesteps/{steps}"]).all()
    alphas = sampler.scheduler(30).alphas_cumprod.numpy()
    assert np.allclose(alphas[::111], GOLDEN["alphas"], atol=1e-7)
    assert alphas[-1] == 0
