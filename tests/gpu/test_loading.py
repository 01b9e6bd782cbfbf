import logging
import pickle

import pytest
import torch
from safetensors.torch import save_file

from rendering import hardware
from rendering.faces import engines
from rendering.faces.echomimic.nets import Nets
from rendering.warming import warm
from rendering.weights import REGISTRY, NotReady
from rendering.weights.loading import fill, tensors


class Harmful:
    def __reduce__(self):
        return (print, ("this ran",))


def test_tensors_are_read_from_both_forms_of_files(tmp_path):
    state = {"a": torch.arange(3.0), "b": torch.zeros(2, 2)}
    torch.save(state, tmp_path / "a.pth")
    torch.save({"model_state_dict": state, "dims": {"n": 1}}, tmp_path / "b.pt")
    save_file(state, tmp_path / "c.safetensors")
    for name in ("a.pth", "b.pt", "c.safetensors"):
        found = tensors(tmp_path / name)
        assert list(found) == ["a", "b"]
        assert torch.equal(found["a"], state["a"])


def old(state, path):
    """Saves as torch did before 2020."""
    torch.save(state, path, _use_new_zipfile_serialization=False)


def test_a_torch_file_of_the_old_form_is_read(tmp_path):
    state = {"a": torch.arange(3.0), "b": torch.zeros(2, 2)}
    old(state, tmp_path / "a.pth")
    old({"state_dict": state, "epoch": 3}, tmp_path / "b.pth")
    for name in ("a.pth", "b.pth"):
        found = tensors(tmp_path / name)
        assert list(found) == ["a", "b"]
        assert torch.equal(found["a"], state["a"])


def test_what_training_puts_around_weights_is_taken_off_and_named(tmp_path, caplog):
    state = {"module.a": torch.arange(3.0), "module.b": torch.zeros(2)}
    torch.save({"global_step": 7, "model": {**state, "module.steps": 9}}, tmp_path / "a.pth")
    with caplog.at_level(logging.INFO):
        assert list(tensors(tmp_path / "a.pth")) == ["a", "b"]
    assert "a.pth: left out module.steps, which are not tensors" in caplog.text


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("save", [torch.save, old])
def test_code_in_a_file_is_refused_and_does_not_run(tmp_path, capsys, save):
    save({"a": Harmful()}, tmp_path / "a.pth")
    (tmp_path / "b.pth").write_bytes(pickle.dumps(Harmful(), protocol=2))
    (tmp_path / "c.pth").write_bytes(pickle.dumps(Harmful()))
    for name in ("a.pth", "b.pth"):
        with pytest.raises(NotReady, match=rf"{name} holds more than numbers"):
            tensors(tmp_path / name)
    with pytest.raises(NotReady, match=r"c\.pth is not a file of weights"):
        tensors(tmp_path / "c.pth")
    assert capsys.readouterr().out == ""


def test_a_damaged_file_is_refused_by_its_name(tmp_path):
    torch.save({"a": torch.zeros(1000)}, tmp_path / "a.pth")
    old({"a": torch.zeros(1000)}, tmp_path / "b.pth")
    save_file({"a": torch.zeros(1000)}, tmp_path / "c.safetensors")
    for name in ("a.pth", "b.pth", "c.safetensors"):
        whole = (tmp_path / name).read_bytes()
        for share in (0.9, 0.5, 0.05, 0.01, 0):
            (tmp_path / name).write_bytes(whole[: int(share * len(whole))])
            with pytest.raises(NotReady, match=f"{name} is damaged or cut off; delete it"):
                tensors(tmp_path / name)


def test_a_file_of_something_else_is_refused(tmp_path):
    torch.save([1, 2], tmp_path / "a.pth")
    torch.save({"a": 1}, tmp_path / "b.pth")
    (tmp_path / "c.pth").write_bytes(b"<html>not found</html>")
    for name in ("a.pth", "b.pth", "c.pth"):
        with pytest.raises(NotReady, match=f"{name} is not a file of weights"):
            tensors(tmp_path / name)


def test_weights_may_be_missing_only_where_they_can_be_computed(caplog):
    net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2))
    state = {key: value for key, value in net.state_dict().items() if key.startswith("0.")}
    made = {"1.weight": torch.ones(2, 2), "1.bias": torch.ones(2), "0.bias": torch.ones(2)}
    with caplog.at_level(logging.INFO):
        done = fill(net, state, what="It", computed=made)
    assert done.computed == ("1.weight", "1.bias")
    assert caplog.messages == ["It: computed 1.weight, 1.bias."]
    assert torch.equal(net[1].weight, torch.ones(2, 2))
    assert torch.equal(net[0].bias, state["0.bias"])  # what the file holds is taken from it
    with pytest.raises(NotReady, match=r"It is not the version .* it lacks 1\.weight, 1\.bias"):
        fill(net, state, what="It")
    with pytest.raises(NotReady, match=r"two keys of the file mean 0\.bias"):
        fill(net, state, what="It", rename=lambda key: "0.bias")


def test_a_spare_key_is_left_out_and_named(caplog):
    net = torch.nn.Linear(2, 2)
    state = {**net.state_dict(), "steps": torch.tensor(4), "ema.decay": torch.zeros(1)}
    with caplog.at_level(logging.INFO):
        done = fill(net, state, what="It", rename=lambda key: None if key == "steps" else key)
    assert done.left == ("steps", "ema.decay")
    assert caplog.messages == ["It: left out steps, ema.decay."]
    del state["weight"]
    with pytest.raises(NotReady, match=r"it lacks weight; it holds in excess ema\.decay\.$"):
        fill(net, state, what="It", rename=lambda key: None if key == "steps" else key)


def test_sizes_that_are_said_to_be_about_so_are_those_of_the_networks():
    with torch.device("meta"):
        nets = Nets()
    counts = {"motion_module": 0, "denoising_unet": 0, "reference_unet": 0, "face_locator": 0}
    for key, value in nets.state_dict().items():
        name = {"reference": "reference_unet", "locator": "face_locator"}.get(key.split(".")[0])
        motion = "motion_modules." in key
        counts[name or ("motion_module" if motion else "denoising_unet")] += 4 * value.numel()
    for engine, suffix in (("echomimic", ""), ("echomimic-fast", "_acc")):
        about = {file.path: file.about for file in REGISTRY[engine].files if file.about}
        for name, count in counts.items():
            path = f"{name}{suffix if name in ('motion_module', 'denoising_unet') else ''}.pth"
            assert about.pop(path) == pytest.approx(count, rel=0.01)
        assert not about


def test_an_engine_without_weights_says_so_when_it_is_warmed(tmp_path):
    engines.use(tmp_path, "cpu")
    for name in ("echomimic", "echomimic-fast", "musetalk"):
        with pytest.raises(NotReady, match=f"models fetch {name}`"):
            warm(name)
        assert "OpenRAIL" in engines.get(name).licence


def test_a_missing_gpu_is_refused_with_one_sentence():
    assert hardware.device("cpu").type == "cpu"
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    assert hardware.device("auto").type == "cpu"
    with pytest.raises(NotReady, match="torch finds no working GPU here; set ENGINE_DEVICE=cpu"):
        hardware.device("cuda")


@pytest.mark.parametrize(
    ("problem", "sentence"),
    [
        ("The NVIDIA driver on your system is too old (found version 11040)", "driver is too old"),
        ("CUDA error: invalid device ordinal", "There is no GPU cuda:7"),
        ("CUDA out of memory. Tried to allocate 2 MiB", "memory of cuda:7 is full"),
    ],
)
def test_a_message_of_the_driver_becomes_a_plain_sentence(problem, sentence, monkeypatch):
    def zeros(*args, **more):
        raise RuntimeError(problem)

    monkeypatch.setattr(torch, "zeros", zeros)
    with pytest.raises(NotReady, match=sentence):
        hardware.device("cuda:7")
