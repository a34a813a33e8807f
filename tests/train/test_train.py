"""Each command of stylize_train in a tiny run, and what it says to wrong input. Needs torch, pillow, pytest."""

import json
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "training"))

from stylize_train.formats import network as container  # noqa: E402
from stylize_train import __main__ as tool  # noqa: E402
from stylize_train import any as any_style  # noqa: E402
from stylize_train import answers, export, filters, loss, nets, painted, perceptual, run, script, window  # noqa: E402

TINY = ["--size", "64", "--threads", "1", "--device", "cpu"]


def call(*arguments, ok=True):
    assert tool.main([str(a) for a in arguments]) == (0 if ok else 1)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """Two photographs and two artworks: smooth noise in different colours."""
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(1)
    for name in ("photos/one", "photos/two", "art/first", "art/second"):
        path = folder / f"{name}.png"
        path.parent.mkdir(exist_ok=True)
        small = Image.fromarray(rng.integers(0, 256, (9, 12, 3), dtype=np.uint8))
        small.resize((120, 90), Image.Resampling.BICUBIC).save(path)
    return folder


@pytest.fixture(scope="session")
def loss_net(tmp_path_factory):
    """A small loss network of random weights, as `loss` writes it."""
    torch.manual_seed(1)
    path = tmp_path_factory.mktemp("loss") / "loss.pt"
    script.write_loss(perceptual.LossNet([[8], [8], [8], [8], [8]]).eval(), path)
    return path


def rows(path):
    return {k: v for k, v in run.load_checkpoint(path)["ema"].items()}


def train(command, pictures, loss_net, out, *more, ok=True):
    material = {"brush": ["--artworks", pictures / "art"], "any": ["--paintings", pictures / "art"]}[command]
    call(command, *material, "--photos", pictures / "photos", "--loss-net", loss_net, "--out", out, *TINY, *more, ok=ok)


@pytest.fixture(scope="session")
def trained(pictures, loss_net, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    for command in ("brush", "any"):
        train(command, pictures, loss_net, folder / command, "--steps", 4)
    return folder


@pytest.mark.parametrize("command", ["brush", "any"])
def test_interrupted_run_ends_as_a_whole_one(command, pictures, loss_net, trained, tmp_path, monkeypatch):
    """The run is stopped as by an interrupt after two steps, saved, and called again."""
    whole_step = run.Run.step

    def step(self, part):
        whole_step(self, part)
        self.stopped = self.state["step"] == 2
    monkeypatch.setattr(run.Run, "step", step)
    with pytest.raises(SystemExit) as stop:
        train(command, pictures, loss_net, tmp_path, "--steps", 4)
    assert stop.value.code == 130
    assert run.load_checkpoint(tmp_path / "checkpoint.pt")["state"]["step"] == 2
    monkeypatch.setattr(run.Run, "step", whole_step)
    train(command, pictures, loss_net, tmp_path, "--steps", 4)
    once, twice = rows(trained / command / "checkpoint.pt"), rows(tmp_path / "checkpoint.pt")
    assert all(torch.equal(once[k], twice[k]) for k in once)
    assert (tmp_path / "preview.jpg").is_file()


@pytest.mark.parametrize("command", ["brush", "any"])
def test_a_window_over_the_photographs_goes_on_where_it_was(command, pictures, loss_net, tmp_path, monkeypatch):
    """With more photographs than are in memory at a time, and one that is none."""
    photos = tmp_path / "photos"
    (photos / "inside").mkdir(parents=True)
    for name, source in (("a", "photos/one"), ("inside/b", "photos/two"), ("c", "art/first")):
        (photos / f"{name}.png").write_bytes((pictures / f"{source}.png").read_bytes())
    (photos / "d.png").write_bytes(b"no picture")
    monkeypatch.setattr(window, "SIZE", 2)
    material = {"brush": ["--artworks", pictures / "art"], "any": ["--paintings", pictures / "art"]}[command]
    for out, steps in (("whole", [4]), ("parts", [2, 4])):
        for n in steps:  # no rate is drawn from the length but by the part: the same at each step
            monkeypatch.setattr(run.Run, "part", lambda self: self.state["step"] / 4 if self.state["step"] < n else 1)
            call(command, *material, "--photos", photos, "--loss-net", loss_net, "--out", tmp_path / out, *TINY, "--steps", 4)
    once, twice = rows(tmp_path / "whole" / "checkpoint.pt"), rows(tmp_path / "parts" / "checkpoint.pt")
    assert all(torch.equal(once[k], twice[k]) for k in once)


@pytest.mark.parametrize("command, more", [("brush", []), ("any", ["--style-scale", "1.5"])])
def test_every_term_at_once(command, more, pictures, loss_net, trained, tmp_path):
    """A second loss network and the term for steadiness change what is learnt."""
    train(command, pictures, loss_net, tmp_path, "--steps", 4, "--more-loss-nets", loss_net, "--halves", "--steady", 1, *more)
    same = rows(trained / command / "checkpoint.pt")
    assert any(not torch.equal(same[k], v) for k, v in rows(tmp_path / "checkpoint.pt").items())


def test_a_probe(pictures, loss_net, trained, tmp_path):
    """An encoder that looks at a painting of its own begins with a part of what it knows already, learns, and is the
    same in a file."""
    photo, start = pictures / "photos" / "one.png", trained / "any" / "checkpoint.pt"
    train("any", pictures, loss_net, tmp_path / "run", "--steps", 2, "--probe", photo, "--start", start)
    state = rows(tmp_path / "run" / "checkpoint.pt")
    torch.testing.assert_close(state["probe"], any_style.probe(photo), rtol=0, atol=1e-6)
    first = nets.Any(probe=state["probe"])
    first.begin(rows(start))
    s = torch.rand(2, 3, 64, 80)
    with torch.no_grad():
        code = first.enc(s)
        painting = first.net(first.probe.expand(2, -1, -1, -1), code)
        apart = first.enc(s) - first.enc(painting)
        torch.testing.assert_close(first.code(s), code + nets.CORRECTED * apart, rtol=1e-4, atol=1e-5)
        statistics = torch.rand(2, 640)
        assert torch.equal(first.correct(statistics, statistics), torch.zeros(2, 1168))  # nothing lacks, nothing changes
    assert not torch.equal(state["correct.fc1.weight"], first.correct.fc1.weight)
    call("export", tmp_path / "run" / "checkpoint.pt", tmp_path / "any", "--artworks", pictures / "art", "--no-onnx")
    module, net = torch.jit.load(str(tmp_path / "any" / "any.pt")), nets.read_any(tmp_path / "any" / "any.safetensors").eval()
    with torch.no_grad():
        np.testing.assert_allclose(module.encode(s).numpy(), net.code(s).numpy(), atol=1e-4)
    small = container.read(tmp_path / "any" / "any_int8.safetensors")
    assert small.tensors["correct2"].dtype == np.int8 and small.tensors["probe"].dtype == np.float32
    train("any", pictures, loss_net, tmp_path / "again", "--steps", 1, "--start", tmp_path / "run" / "checkpoint.pt",
          "--probe", photo)


@pytest.mark.parametrize("command, tensor", [("brush", "codes"), ("any", "enc.fc2.weight")])
def test_goes_on_from_a_model_folder(command, tensor, pictures, loss_net, trained, tmp_path):
    """As from the checkpoint, and the file that comes out counts the steps of both."""
    call("export", trained / command / "checkpoint.pt", tmp_path / command, "--artworks", pictures / "art", "--no-onnx")
    file = tmp_path / command / f"{command}.safetensors"
    for name, start in (("one", trained / command / "checkpoint.pt"), ("two", file)):
        train(command, pictures, loss_net, tmp_path / name, "--steps", 2, "--start", start)
    one, two = (rows(tmp_path / name / "checkpoint.pt") for name in ("one", "two"))
    assert all(torch.equal(one[k], two[k]) for k in one)
    assert not torch.equal(one[tensor], rows(trained / command / "checkpoint.pt")[tensor])
    train(command, pictures, loss_net, tmp_path / "two", "--steps", 3)
    call("export", tmp_path / "two" / "checkpoint.pt", tmp_path / "again" / command, "--artworks", pictures / "art", "--no-onnx")
    meta = container.read(tmp_path / "again" / command / f"{command}.safetensors").meta
    assert (meta["steps"], meta["images"]) == ("7", "28")


def test_files_that_are_no_start(pictures, loss_net, tmp_path, capsys):
    plain = container.read(ROOT / "models" / "brush" / "brush_int8.safetensors")
    container.write(tmp_path / "plain.safetensors", plain)
    (tmp_path / "text.safetensors").write_text("no network")
    for name, text in (("plain", "not a network that `export` wrote"), ("text", "not a safetensors file")):
        with pytest.raises(AssertionError):
            train("any", pictures, loss_net, tmp_path / "run", "--steps", 1, "--start", tmp_path / f"{name}.safetensors")
        assert text in capsys.readouterr().err


def test_probes_refused(pictures, loss_net, trained, tmp_path, capsys):
    photo = pictures / "photos" / "one.png"
    with pytest.raises(AssertionError):
        train("any", pictures, loss_net, trained / "any", "--steps", 5, "--probe", photo)
    assert "another shape" in capsys.readouterr().err
    with pytest.raises(AssertionError):
        train("any", pictures, loss_net, tmp_path, "--steps", 1, "--probe", tmp_path / "none.png")
    assert "no such file" in capsys.readouterr().err


def test_an_interrupt_saves(pictures, loss_net, tmp_path):
    command = [sys.executable, "-m", "stylize_train", "brush", "--artworks", pictures / "art", "--photos",
               pictures / "photos", "--loss-net", loss_net, "--out", tmp_path / "run", "--save-every", "0.01", *TINY]
    process = subprocess.Popen([str(c) for c in command], cwd=ROOT / "training", stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "run" / "checkpoint.pt").exists() and process.poll() is None:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    text = process.communicate()[1]
    assert process.returncode == 130 and "interrupted" in text
    assert run.load_checkpoint(tmp_path / "run" / "checkpoint.pt")["state"]["step"] >= 1
    assert not list((tmp_path / "run").glob("*.tmp"))


def test_another_seed_is_another_network(pictures, loss_net, trained, tmp_path):
    train("brush", pictures, loss_net, tmp_path, "--steps", 1, "--seed", 2)
    assert not torch.equal(rows(tmp_path / "checkpoint.pt")["net.down1"], rows(trained / "brush" / "checkpoint.pt")["net.down1"])


def test_training_lowers_the_loss(pictures, loss_net, tmp_path):
    """The same batch before and after."""
    from stylize_train import brush, objective
    from stylize_train import pictures as material
    import argparse
    goal = objective.Objective(perceptual.read_loss_net(loss_net, torch.device("cpu")), objective.Weights(), torch.device("cpu"))
    a = argparse.Namespace(engine="torch", size=64, coarse=[], contents=2, each=2, piece=None, workers=0, first_part=0.0, lr=1e-3, seed=1, steps=30, minutes=1.0, out=tmp_path,
                           save_every=1e9, preview_every=1e9)
    torch.manual_seed(1)
    task = brush.Painter(a, goal, material.folders([pictures / "photos"], "photographs"),
                         brush.read_artworks(pictures / "art"), torch.device("cpu"))
    before = task.loss(np.random.default_rng(5), 0)[0].item()
    run.Run(task, a, torch.device("cpu")).go()
    task.net.train()
    assert task.loss(np.random.default_rng(5), 0)[0].item() < 0.8 * before


@pytest.mark.parametrize("more", [["--coarse", 16], ["--coarse", 16, 24]])
def test_more_blocks_begin_without_effect(more, pictures, loss_net, trained, tmp_path):
    """A trained network paints the same with them, until they learn; a folder of it begins another run."""
    first, _ = export.read(trained / "brush" / "checkpoint.pt")
    train("brush", pictures, loss_net, tmp_path / "run", "--steps", 2, "--start", trained / "brush" / "checkpoint.pt", *more)
    net, _ = export.read(tmp_path / "run" / "checkpoint.pt")
    learnt = nets.Brush(2, **net.net.cfg)
    learnt.begin(first.state_dict(), first.net.cfg)
    x, k = torch.rand(2, 3, 64, 64), torch.tensor([0, 1])
    with torch.no_grad():
        torch.testing.assert_close(learnt.eval()(x, k), first(x, k), rtol=0, atol=1e-5)
        assert (net(x, k) - first(x, k)).abs().max() > 1e-5
    call("export", tmp_path / "run" / "checkpoint.pt", tmp_path / "brush", "--no-onnx")
    model = json.loads((tmp_path / "brush" / "model.json").read_text())
    assert model["multiple"] == net.net.multiple == 4 * 2 ** len(net.net.cfg["coarse"])
    again = nets.read_generator(tmp_path / "brush" / "brush.safetensors")[0]
    assert again.cfg == net.net.cfg
    train("brush", pictures, loss_net, tmp_path / "more", "--steps", 1, "--start", tmp_path / "brush" / "brush.safetensors", *more)
    train("brush", pictures, loss_net, tmp_path / "less", "--steps", 1, "--start", tmp_path / "brush" / "brush.safetensors", ok=False)


@pytest.mark.parametrize("command", ["brush", "any"])
def test_export_agrees_in_every_format(command, trained, pictures, tmp_path):
    model = tmp_path / command
    try:
        import onnxruntime
    except ImportError:
        onnxruntime = None
    call("export", trained / command / "checkpoint.pt", model, "--artworks", pictures / "art",
         *([] if onnxruntime else ["--no-onnx"]))
    description = json.loads((model / "model.json").read_text())
    shipped = json.loads((ROOT / "models" / command / "model.json").read_text())
    assert description == shipped
    file = container.read(model / f"{command}.safetensors")
    assert json.loads(file.meta["styles"]) == ["first", "second"]
    x = torch.rand(1, 3, 48, 64)
    code = torch.from_numpy(file.array("codes")[1:2].copy())
    module = torch.jit.load(str(model / f"{command}.pt"))
    with torch.no_grad():
        y = module(x, code)
    if onnxruntime:
        session = onnxruntime.InferenceSession(str(model / f"{command}.onnx"), providers=["CPUExecutionProvider"])
        painted = session.run(None, {"x": x.numpy(), "code": code.numpy()})[0]
        np.testing.assert_allclose(painted, y.numpy(), atol=1e-3)
    generator = nets.Generator()
    nets.fill(generator, file, model)
    with torch.no_grad():
        np.testing.assert_allclose(generator.eval()(x, code).numpy(), y.numpy(), atol=1e-3)
    small = container.read(model / f"{command}_int8.safetensors")
    assert small.tensors["res0a"].dtype == np.int8


def published_encoder(path):
    """A file shaped as the published encoder 5SE, of random weights and few channels."""
    rng = np.random.default_rng(2)
    tensors = {"conv0.weight": rng.normal(size=(3, 3, 1, 1)), "conv0.bias": np.zeros(3)}
    inputs = 3
    for level in perceptual.VGG_LEVELS:
        for name in level:
            width = perceptual.LEVELS[int(name[0]) - 1][0]
            tensors[f"conv{name}.weight"] = rng.normal(size=(width, inputs, 3, 3)) * (2 / (9 * inputs)) ** 0.5
            tensors[f"conv{name}.bias"] = np.zeros(width)
            inputs = width
    np.savez(path, **{k: v.astype(np.float32) for k, v in tensors.items()})
    return path


def test_loss_network(pictures, tmp_path):
    teacher = published_encoder(tmp_path / "teacher.npz")
    call("loss", "--teacher", teacher, "--pictures", pictures / "art", "--steps", 1, "--threads", 1, "--device", "cpu",
         "--out", tmp_path / "run", "--model", tmp_path / "loss")
    made, shipped = (json.loads((folder / "loss" / "model.json").read_text()) for folder in (tmp_path, ROOT / "models"))
    assert made == shipped
    module = torch.jit.load(str(tmp_path / "loss" / "loss.pt"))
    x = torch.rand(1, 3, 64, 96, requires_grad=True)
    features = module(x)
    small = [(32, 48), (16, 24), (8, 12)]  # of the fixed filters
    assert [tuple(f.shape[2:]) for f in features] == [(64, 96), *small, (4, 6), *small]
    sum(f.square().mean() for f in features).backward()
    assert x.grad.abs().sum() > 0
    again = perceptual.read_loss_net(tmp_path / "loss" / "loss.pt", torch.device("cpu"))
    for f, g in zip(features, again(x) + filters.FixedFilters()(x), strict=True):
        torch.testing.assert_close(f, g, atol=1e-4, rtol=1e-4)


def test_loss_network_goes_on_from_another(pictures, tmp_path, capsys):
    """With other layers than the shipped one, begun with one of the same layers, refused with one of others."""
    teacher = published_encoder(tmp_path / "teacher.npz")
    layers = ["--layers", "16,24", "32", "64", "128,136", "128"]
    common = ["loss", "--teacher", teacher, "--pictures", pictures / "art", "--steps", 2, "--threads", 1, "--device", "cpu", "--lr", 1e-6]
    call(*common, *layers, "--pool", 4, "--out", tmp_path / "one", "--model", tmp_path / "a")
    call(*common, *layers, "--start", tmp_path / "a" / "a.pt", "--out", tmp_path / "two", "--model", tmp_path / "b")
    first, second = (perceptual.read_loss_net(tmp_path / n / f"{n}.pt", torch.device("cpu")) for n in "ab")
    assert first.levels == [[16, 24], [32], [64], [128, 136], [128]]
    torch.testing.assert_close(first.weights["conv4b"], second.weights["conv4b"], atol=1e-4, rtol=1e-3)
    for wrong, said in ((["--start", tmp_path / "a" / "a.pt"], "another shape"),
                        (["--between", *layers], "two layers or more"), (["--between", "--teacher", teacher, teacher], "one --teacher"),
                        (["--layers", "24", "32", "64", "128", "128"], "16, 32, 64, 128, 128")):
        assert tool.main([str(x) for x in [*common, *wrong, "--out", tmp_path / "three", "--model", tmp_path / "c"]]) == 1
        assert said in capsys.readouterr().err


def test_shipped_filters(tmp_path):
    """The files of the shipped loss network can be made again, with the same filters."""
    (tmp_path / "loss").mkdir()
    (tmp_path / "loss" / "loss.pt").write_bytes((ROOT / "models" / "loss" / "loss.pt").read_bytes())
    subprocess.run([sys.executable, "-m", "stylize_train.filters", tmp_path / "loss"], check=True, cwd=ROOT / "training")
    for name in ("loss.safetensors", "model.json"):
        assert (tmp_path / "loss" / name).read_bytes() == (ROOT / "models" / "loss" / name).read_bytes()
    made, shipped = (dict(torch.jit.load(str(f / "loss" / "loss.pt")).named_buffers()) for f in (tmp_path, ROOT / "models"))
    assert made.keys() == shipped.keys() and all(torch.equal(made[k], shipped[k]) for k in made)
    failed = subprocess.run([sys.executable, "-m", "stylize_train.filters", tmp_path], cwd=ROOT / "training", stderr=subprocess.PIPE)
    assert failed.returncode == 1 and failed.stderr.count(b"\n") == 1


def test_loss_network_of_several_teachers(pictures, loss_net, tmp_path, monkeypatch):
    """It learns the strongest channels of what the teachers see, on pictures that were painted to please it too."""
    monkeypatch.setattr(loss, "SEARCH_EVERY", 2)
    monkeypatch.setattr(loss, "SEARCH_STEPS", 2)
    teachers = [published_encoder(tmp_path / "teacher.npz"), loss_net]
    arguments = ["--teacher", *teachers, "--pictures", pictures / "art", "--threads", 1, "--device", "cpu", "--out",
                 tmp_path / "run", "--model", tmp_path / "loss", "--pool", 6]
    call("loss", *arguments, "--steps", 3)
    state = rows(tmp_path / "run" / "checkpoint.pt")
    again = perceptual.read_loss_net(tmp_path / "loss" / "loss.pt", torch.device("cpu"))
    x = torch.rand(1, 3, 64, 96)
    features = torch.jit.load(str(tmp_path / "loss" / "loss.pt"))(x)
    assert [f.shape[1] for f in features] == [16 + 8, 32 + 8, 48 + 8, 64 + 8, 64 + 8] + [filters.COUNT] * 3
    for f, g in zip(features, again(x)):
        torch.testing.assert_close(f, g, atol=1e-4, rtol=1e-4)
    call("loss", *arguments, "--steps", 4)
    after = rows(tmp_path / "run" / "checkpoint.pt")
    assert torch.equal(state["answers.chosen0_0"], after["answers.chosen0_0"])  # what is to be learnt does not change
    assert not torch.equal(state["eyes.weights.conv4t"], after["eyes.weights.conv4t"])
    operations = container.read(tmp_path / "loss" / "loss.safetensors").operations("loss_graph")
    at = [operations[i - 2]["w"] for i, op in enumerate(operations) if op["op"] == "tap"]
    assert at == ["conv1t", "conv2t", "conv3t", "conv4t", "conv5t", "filters2", "filters4", "filters8"]


def test_answers_have_the_teachers_statistics(loss_net):
    """Where all channels are kept they are as the teacher's, with a mean square of 1."""
    teacher = perceptual.read_loss_net(loss_net, torch.device("cpu"))
    seen = answers.Answers([teacher])
    x = torch.rand(4, 3, 64, 64)
    seen.measure([x])
    for f, wanted in zip(seen(x), teacher(x)):
        assert (f ** 2).mean().item() == pytest.approx(1, rel=1e-3)
        size = (wanted ** 2).mean().sqrt()
        torch.testing.assert_close(f, wanted / size, rtol=1e-3, atol=1e-3)


def test_search_paints_what_pleases(loss_net):
    net = perceptual.read_loss_net(loss_net, torch.device("cpu"))
    generator = torch.Generator().manual_seed(3)
    x, art = (F.avg_pool2d(torch.rand(2, 3, 70, 70, generator=generator), 7, 1) for _ in range(2))
    art = (3 * art - 1).clamp(0, 1)
    found = painted.search(net, x, art, 40, np.random.default_rng(1))
    assert painted.distance(net(found[-1]), net(art)).mean() < 0.7 * painted.distance(net(x), net(art)).mean()
    pool = painted.Pool(3)
    pool.add(torch.cat(found), np.random.default_rng(2))
    assert len(pool.pictures) == 3 and pool.draw(np.random.default_rng(3)).shape == (64, 64, 3)


def test_convert_from_a_pytorch_file(tmp_path):
    call("convert", "--random", 3, "--width", 4, tmp_path / "a")
    state = container.read(tmp_path / "a" / "a.safetensors").tensors
    torch.save({k: torch.from_numpy(v.copy()) for k, v in state.items()}, tmp_path / "b.pth")
    call("convert", tmp_path / "b.pth", tmp_path / "b", "--add-style")
    assert json.loads((tmp_path / "styles" / "library.json").read_text())[0]["style_id"] == "b"
    model = json.loads((tmp_path / "b" / "model.json").read_text())
    x = torch.rand(1, 3, 40, 48)
    first, second = (torch.jit.load(str(tmp_path / n / f"{n}.pt"))(x) for n in "ab")
    assert model["torch"] == "b.pt" and torch.equal(first, second)


@pytest.mark.parametrize("kind, change", [
    ("prefix", lambda s: {f"module.{n}": t for n, t in s.items()}),
    ("transposed", lambda s: {n: t.transpose(0, -1).contiguous().transpose(0, -1) for n, t in s.items()}),
    ("wrapped", lambda s: {"epoch": 2, "loss": 0.25, "optimizer": {"state": {}, "param_groups": [{"lr": 0.1}]}, "state_dict": s}),
    ("deeper", lambda s: {"model": {"generator": {f"module.{n}": t for n, t in s.items()}}}),
    ("parameters", lambda s: {n: torch.nn.Parameter(t) for n, t in s.items()}),
    ("double", lambda s: {n: t.double() for n, t in s.items()}),
    ("bfloat16", lambda s: {n: t.bfloat16() for n, t in s.items()}),
    ("half", lambda s: {n: t.half() for n, t in s.items()}),
    ("tracked", lambda s: s | {"in1.num_batches_tracked": torch.tensor(5), "in1.running_var": torch.ones(4)}),
])
def test_convert_reads_what_people_save(tmp_path, kind, change):
    call("convert", "--random", 3, "--width", 4, tmp_path / "a")
    state = container.read(tmp_path / "a" / "a.safetensors").tensors
    torch.save(change({k: torch.from_numpy(v.copy()) for k, v in state.items()}), tmp_path / "b.pth")
    call("convert", tmp_path / "b.pth", tmp_path / kind)
    made = container.read(tmp_path / kind / f"{kind}.safetensors").tensors
    assert set(made) == set(state)
    if kind != "wrapped":  # PyTorch 1.13 does not read a loss
        old = change({k: torch.from_numpy(v.copy()) for k, v in state.items()})
        torch.save(old, tmp_path / "b.pth", _use_new_zipfile_serialization=False)
        call("convert", tmp_path / "b.pth", tmp_path / "old" / kind)
        again = container.read(tmp_path / "old" / kind / f"{kind}.safetensors").tensors
        assert all(np.array_equal(again[name], made[name]) for name in state)
    for name, array in state.items():
        assert made[name].dtype == (np.float16 if kind == "half" else np.float32)
        assert np.allclose(made[name], array, rtol={"bfloat16": 2**-7, "half": 2**-10}.get(kind, 0), atol=1e-6)


class Pickled:
    def __reduce__(self):
        return print, ("this ran",)


def test_convert_runs_nothing(tmp_path, capsys):
    for new in (True, False):
        torch.save(Pickled(), tmp_path / "b.pth", _use_new_zipfile_serialization=new)
        call("convert", tmp_path / "b.pth", tmp_path / "b", ok=False)
        said = capsys.readouterr()
        assert "save model.state_dict()" in said.err and "this ran" not in said.out and not (tmp_path / "b").exists()


@pytest.mark.parametrize("arguments, text", [
    (["brush", "--artworks", "{art}/none", "--photos", "{art}", "--loss-net", "{loss}"], "no such folder"),
    (["brush", "--artworks", "{art}", "--photos", "{art}/none", "--loss-net", "{loss}"], "no such file or folder"),
    (["any", "--paintings", "{art}", "--photos", "{art}", "--loss-net", "{loss}", "--teacher", "{art}"], "not MicroAST"),
    (["any", "--paintings", "{art}", "--photos", "{art}", "--loss-net", "{loss}", "--start", "{loss}"], "not a checkpoint"),
    (["any", "--paintings", "{art}", "--photos", "{art}", "--loss-net", "{loss}", "--style-scale", "3"], "--style-scale must be"),
    (["brush", "--artworks", "{art}", "--photos", "{art}", "--loss-net", "{loss}", "--more-loss-nets", "{art}/x.pt"], "no such file"),
    (["loss", "--teacher", "{art}/first.png", "--pictures", "{art}"], "the teacher is an .npz file"),
    (["export", "{art}/none.pt", "{art}/../model"], "no such file"),
    (["export", "{art}/first.png", "{art}/../model"], "not a checkpoint"),
    (["convert", "{art}/first.png", "{art}/../model"], "not a state dict"),
    (["convert", "{art}/first.png"], "an input and an output folder"),
])
def test_wrong_input_is_one_line(arguments, text, pictures, loss_net, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (pictures / "text.txt").write_text("no picture")
    call(*(a.format(art=pictures / "art", loss=loss_net) for a in arguments), ok=False)
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1 and said[0].startswith("stylize_train: ") and text in said[0], said


def test_a_run_of_another_kind_is_refused(pictures, loss_net, trained, capsys):
    with pytest.raises(AssertionError):
        train("any", pictures, loss_net, trained / "brush", "--steps", 5)
    assert 'a run of "brush"' in capsys.readouterr().err
