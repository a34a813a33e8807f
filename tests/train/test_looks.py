"""What training looks with: a ResNet in ONNX, the parts of the style term; and how an encoder grows. Needs torch, pytest."""

import pathlib
import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "training"))

from stylize_train import nets, paths, perceptual  # noqa: E402

WIDTHS = (8, 12, 16, 20)


class Thin:
    """A ResNet of one block a size, and its ONNX file."""

    def __init__(self, path: pathlib.Path):
        self.onnx = pytest.importorskip("onnx")
        self.rng, self.path = np.random.default_rng(3), path
        self.nodes, self.arrays = [], []
        h = self.onnx.helper
        self.nodes.append(h.make_node("Transpose", ["input"], ["nchw"], perm=[0, 3, 1, 2]))
        self.conv("nchw", "stem", 3, WIDTHS[0], 7, 2, [3, 3, 3, 3])
        self.nodes += [h.make_node("Relu", ["stem"], ["stem_relu"]),
                       h.make_node("MaxPool", ["stem_relu"], ["pool"], kernel_shape=[3, 3], strides=[2, 2], pads=[0, 0, 1, 1])]
        below, inputs = "pool", WIDTHS[0]
        for i, width in enumerate(WIDTHS[1:]):
            stride = 1 if i == 0 else 2
            self.conv(below, f"short{i}", inputs, width, 1, stride)
            self.conv(below, f"a{i}", inputs, width, 1, stride)
            self.nodes.append(h.make_node("Relu", [f"a{i}"], [f"a{i}_relu"]))
            self.conv(f"a{i}_relu", f"b{i}", width, width, 3, 1, [1, 1, 1, 1])
            self.nodes += [h.make_node("Add", [f"b{i}", f"short{i}"], [f"sum{i}"]), h.make_node("Relu", [f"sum{i}"], [f"out{i}"])]
            below, inputs = f"out{i}", width
        self.save(self.nodes)

    def conv(self, source, name, inputs, outputs, kernel, stride, pads=(0, 0, 0, 0)):
        w = self.rng.normal(0, (2 / (inputs * kernel * kernel)) ** 0.5, (outputs, inputs, kernel, kernel)).astype(np.float32)
        b = self.rng.normal(0, 0.1, outputs).astype(np.float32)
        self.arrays += [self.onnx.numpy_helper.from_array(v, f"{name}_{k}") for k, v in (("w", w), ("b", b))]
        self.nodes.append(self.onnx.helper.make_node("Conv", [source, f"{name}_w", f"{name}_b"], [name], kernel_shape=[kernel] * 2,
                                                     strides=[stride] * 2, pads=list(pads)))

    def save(self, nodes, path=None):
        h, kind = self.onnx.helper, self.onnx.TensorProto.FLOAT
        graph = h.make_graph(nodes, "thin", [h.make_tensor_value_info("input", kind, [1, 64, 64, 3])],
                             [h.make_tensor_value_info(nodes[-1].output[0], kind, None)], self.arrays)
        self.onnx.save(h.make_model(graph), str(path or self.path))

    def features(self, x):
        """Written out, layer by layer."""
        array = {t.name: torch.from_numpy(self.onnx.numpy_helper.to_array(t).copy()) for t in self.arrays}

        def conv(x, name, stride=1, pad=0):
            return F.conv2d(x, array[f"{name}_w"], array[f"{name}_b"], stride, pad)
        x = x.flip(1) * 255 - torch.tensor([104.0, 117.0, 123.0]).reshape(1, 3, 1, 1)
        found = [F.relu(conv(x, "stem", 2, 3))]
        x = F.max_pool2d(F.pad(found[0], [0, 1, 0, 1]), 3, 2)
        for i in range(3):
            stride = 1 if i == 0 else 2
            x = F.relu(conv(F.relu(conv(x, f"a{i}", stride)), f"b{i}", 1, 1) + conv(x, f"short{i}", stride))
            found.append(x)
        return found


@pytest.fixture(scope="module")
def thin(tmp_path_factory):
    return Thin(tmp_path_factory.mktemp("resnet") / "thin.onnx")


def test_the_features_of_a_resnet(thin):
    torch.manual_seed(1)
    x = torch.rand(2, 3, 64, 96)
    net = perceptual.read_loss_net(thin.path, torch.device("cpu"))
    found, wanted = net(x), thin.features(x)
    assert [tuple(f.shape[1:]) for f in found] == [(8, 32, 48), (12, 16, 24), (16, 8, 12), (20, 4, 6)]
    for f, w in zip(found, wanted):
        assert w.std() > 1  # something is seen
        torch.testing.assert_close(f, w, atol=1e-2, rtol=1e-4)
    assert len(net(x, 2)) == 2


def test_other_onnx_files_are_one_error(thin, tmp_path):
    path = tmp_path / "other.onnx"
    cpu = torch.device("cpu")
    thin.save(thin.nodes[:4], path)
    with pytest.raises(paths.InputError, match="not a ResNet"):
        perceptual.read_loss_net(path, cpu)
    thin.save([thin.nodes[0], thin.onnx.helper.make_node("Conv", ["nchw", "no_such_w"], ["stem"])], path)
    with pytest.raises(paths.InputError, match="not a ResNet"):
        perceptual.read_loss_net(path, cpu)
    data = thin.path.read_bytes()
    for length in range(0, len(data), len(data) // 40):
        path.write_bytes(data[:length])
        with pytest.raises(paths.InputError, match="not a"):
            perceptual.read_loss_net(path, cpu)


def test_the_parts_of_the_style_term():
    """Features of two channels with known statistics: each part is its relative error, and they add up."""
    wave = torch.tensor([1.0, -1.0]).repeat(32).reshape(1, 1, 8, 8)
    found = [torch.cat([3 + wave, 4 + 2 * wave], 1)]         # means 3 and 4, deviations 1 and 2, covariance 2
    wanted = [perceptual.moments(torch.cat([3 + wave, 2 + wave], 1))]  # means 3 and 2, deviations 1, covariance 1

    def term(*parts):
        return perceptual.style_terms(found, wanted, parts=parts).item()
    assert term(1, 0, 0) == pytest.approx(4 / 13, rel=1e-4)
    assert term(0, 1, 0) == pytest.approx((1 + 1 + 9) / 4, rel=1e-4)
    assert term(0, 0, 1) == pytest.approx(1 / 2, rel=1e-4)
    assert term(2, 0.5, 3) == pytest.approx(2 * 4 / 13 + 0.5 * 11 / 4 + 3 / 2, rel=1e-4)
    assert perceptual.style_terms(found, wanted).item() == pytest.approx(term(1, 1, 0))


def test_an_encoder_grows_without_effect_at_first():
    torch.manual_seed(2)
    small, large = nets.Any().eval(), nets.Any({"widths": [32, 64, 96, 128, 40], "hidden": 300}).eval()
    s = torch.rand(1, 3, 70, 64)
    assert not torch.allclose(small.enc(s), large.enc(s), atol=1e-3)
    large.begin(small.state_dict())
    torch.testing.assert_close(large.enc(s), small.enc(s), atol=1e-5, rtol=1e-5)
    large.enc(s).sum().backward()
    assert large.enc.fc1.weight.grad[:256, 640:].abs().sum() > 0  # but it is learnt from
    with pytest.raises(paths.InputError, match="grow"):
        small.begin(large.state_dict())
    with pytest.raises(paths.InputError, match="grow"):
        nets.Any({"widths": [32, 64, 90, 128]}).begin(small.state_dict())


def test_a_changed_onnx_file_is_read_or_refused(thin, tmp_path):
    path, rng = tmp_path / "changed.onnx", np.random.default_rng(6)
    data = thin.path.read_bytes()
    places = [i for i in range(len(data)) if i < 400 or i % 97 == 0]
    for _ in range(150):
        changed = bytearray(data)
        changed[int(rng.choice(places))] ^= 1 << int(rng.integers(8))
        path.write_bytes(changed)
        try:
            perceptual.read_loss_net(path, torch.device("cpu"))
        except paths.InputError:
            pass
