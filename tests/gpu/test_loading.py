import pickle

import pytest
import torch
from safetensors.torch import save_file

from rendering import hardware
from rendering.faces import engines
from rendering.warming import warm
from rendering.weights import NotReady
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


def test_code_in_a_file_is_refused_and_does_not_run(tmp_path, capsys):
    torch.save({"a": Harmful()}, tmp_path / "a.pth")
    (tmp_path / "b.pth").write_bytes(pickle.dumps(Harmful()))
    for name in ("a.pth", "b.pth"):
        with pytest.raises(NotReady, match=name):
            tensors(tmp_path / name)
    with pytest.raises(NotReady, match="holds more than numbers"):
        tensors(tmp_path / "a.pth")
    assert capsys.readouterr().out == ""


def test_a_damaged_file_is_refused_by_its_name(tmp_path):
    torch.save({"a": torch.zeros(1000)}, tmp_path / "a.pth")
    save_file({"a": torch.zeros(1000)}, tmp_path / "b.safetensors")
    for name in ("a.pth", "b.safetensors"):
        whole = (tmp_path / name).read_bytes()
        for part in (whole[: len(whole) // 2], b"", b"<html>not found</html>"):
            (tmp_path / name).write_bytes(part)
            with pytest.raises(NotReady, match=name):
                tensors(tmp_path / name)


def test_a_file_of_something_else_is_refused(tmp_path):
    torch.save([1, 2], tmp_path / "a.pth")
    with pytest.raises(NotReady, match="is not a file of weights"):
        tensors(tmp_path / "a.pth")


def test_weights_may_be_missing_only_where_they_are_declared_absent():
    net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2))
    state = {key: value for key, value in net.state_dict().items() if key.startswith("0.")}
    fill(net, state, what="It", absent=("1.",))
    with pytest.raises(NotReady, match=r"It is not the version .* it lacks 1\.weight, 1\.bias"):
        fill(net, state, what="It")
    with pytest.raises(NotReady, match="two keys of the file mean x"):
        fill(net, state, what="It", rename=lambda key: "x")


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
