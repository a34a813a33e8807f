"""What training looks with and at: the reader of TensorFlow Lite files, style pictures, steadiness. Needs torch, pillow, pytest."""

import pathlib
import struct
import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "training"))

from stylize_train import any as any_command  # noqa: E402
from stylize_train import mobile, motion, objective, paths, perceptual, pictures, varied  # noqa: E402


def flat(value) -> bytes:
    """A FlatBuffer's bytes of a table (dict: field -> (struct format, number), bytes with their count first, dict, list)."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, list):
        out, rest = bytearray(struct.pack("<I", len(value)) + bytes(4 * len(value))), bytearray()
        for i, child in enumerate(value):
            data, root = flat(child), start_of(child)
            at = 4 + 4 * i
            struct.pack_into("<I", out, at, len(out) + len(rest) + root - at)
            rest += data
        return bytes(out + rest)
    fields = max(value, default=-1) + 1
    table = 4 + 2 * fields  # the list of offsets comes first, the table after it
    size = 4 + 8 * fields
    out = bytearray(struct.pack("<HH", table, size) + bytes(2 * fields) + struct.pack("<i", table) + bytes(size - 4))
    for field, child in value.items():
        at = table + 4 + 8 * field
        struct.pack_into("<H", out, 4 + 2 * field, at - table)
        if isinstance(child, tuple):
            struct.pack_into(child[0], out, at, child[1])
        else:
            struct.pack_into("<I", out, at, len(out) + start_of(child) - at)
            out += flat(child)
    return bytes(out)


def start_of(value) -> int:
    return 4 + 2 * (max(value, default=-1) + 1) if isinstance(value, dict) else 0


def vector(array: np.ndarray) -> bytes:
    return struct.pack("<I", array.size) + array.tobytes()


class Predictor:
    """The start of a network shaped as Magenta's: 8-bit weights, a scale for each channel, a sum on the way."""

    LAYERS = [("conv", 3, 32, 2), ("depthwise", 32, 32, 2), ("conv", 32, 144, 1), ("depthwise", 144, 144, 2),
              ("conv", 144, 192, 1), ("depthwise", 192, 192, 2), ("conv", 192, 384, 1)]

    def __init__(self):
        rng = np.random.default_rng(4)
        self.weights, tensors, buffers, ops = [], [self.tensor([1, 64, 64, 3], 9, 0)], [{}], []
        for kind, inputs, outputs, stride in self.LAYERS:
            k = 3 if stride == 2 else 1
            shape = (1, k, k, outputs) if kind == "depthwise" else (outputs, k, k, inputs)
            raw = rng.integers(-127, 128, shape, dtype=np.int8)
            scale = rng.uniform(0.5, 1, outputs).astype(np.float32) * 0.02 * (3 if kind == "depthwise" else inputs ** -0.5)
            bias = rng.integers(-50, 50, outputs, dtype=np.int32)
            axis = 3 if kind == "depthwise" else 0
            along = [1] * 4
            along[axis] = -1
            real = torch.from_numpy(raw.astype(np.float32) * scale.reshape(along))
            real = real.permute(3, 0, 1, 2) if kind == "depthwise" else real.permute(0, 3, 1, 2)
            self.weights.append((real, torch.from_numpy(bias.astype(np.float32) * np.float32(0.01))))
            for x, s, number, dimension in ((raw, scale, 9, axis), (bias, np.full(outputs, 0.01, np.float32), 2, 0)):
                buffers.append({0: vector(np.frombuffer(x.tobytes(), "u1"))})
                tensors.append(self.tensor(x.shape, number, len(buffers) - 1, s, dimension))
            source = ops[-1][2] if ops else 0
            tensors.append(self.tensor([1, 1, 1, outputs], 9, 0))
            ops.append((kind, [source, len(tensors) - 3, len(tensors) - 2], len(tensors) - 1, stride))
            if kind == "depthwise":  # twice itself, so that the reader has a sum to follow
                tensors.append(self.tensor([1, 1, 1, outputs], 9, 0))
                ops.append(("add", [len(tensors) - 2, len(tensors) - 2], len(tensors) - 1, 1))
        entries = {"conv": 0, "depthwise": 1, "add": 2}
        operators = []
        for kind, ins, out, stride in ops:
            op = {0: ("<I", entries[kind]), 1: vector(np.array(ins, "<i4")), 2: vector(np.array([out], "<i4"))}
            if kind != "add":
                op[4] = {1: ("<i", stride), 2: ("<i", stride), (4 if kind == "depthwise" else 3): ("<b", mobile.RELU6)}
            operators.append(op)
        graph = {0: tensors, 1: vector(np.array([0], "<i4")), 3: operators}
        codes = [{0: ("<b", 3), 3: ("<i", 3)}, {0: ("<b", 4), 3: ("<i", 4)}, {3: ("<i", 0)}]
        model = {1: codes, 2: [graph], 4: buffers}
        self.data = struct.pack("<I", 4 + start_of(model)) + flat(model)

    @staticmethod
    def tensor(shape, number, buffer, scale=None, dimension=0) -> dict:
        t = {0: vector(np.array(shape, "<i4")), 1: ("<b", number), 2: ("<I", buffer)}
        if scale is not None:
            t[4] = {2: vector(scale), 3: vector(np.zeros(scale.size, "<i8")), 6: ("<i", dimension)}
        return t

    def features(self, x):
        found = []
        for (kind, inputs, outputs, stride), (w, b) in zip(self.LAYERS, self.weights):
            if stride == 2:
                x = F.pad(x, [0, 1, 0, 1])
            x = F.relu6(F.conv2d(x, w, b, stride, groups=inputs if kind == "depthwise" else 1))
            if kind == "conv":
                found.append(x)
            else:
                x = x + x
        return found


@pytest.fixture(scope="module")
def predictor(tmp_path_factory):
    made = Predictor()
    made.path = tmp_path_factory.mktemp("predictor") / "predictor.tflite"
    made.path.write_bytes(made.data)
    return made


def test_the_features_of_a_tflite_file(predictor):
    torch.manual_seed(1)
    x = torch.rand(2, 3, 64, 64)
    net = perceptual.read_loss_net(predictor.path, torch.device("cpu"))
    found, wanted = net(x), predictor.features(x)
    assert [tuple(f.shape[1:]) for f in found] == [(32, 32, 32), (144, 16, 16), (192, 8, 8), (384, 4, 4)]
    for f, w in zip(found, wanted):
        assert w.std() > 0.05  # something is seen
        torch.testing.assert_close(f, w, atol=1e-4, rtol=1e-4)
    assert len(net(x, 2)) == 2


def test_every_cut_tflite_file_is_one_error(predictor, tmp_path):
    path = tmp_path / "cut.tflite"
    for length in range(0, len(predictor.data), len(predictor.data) // 40):
        path.write_bytes(predictor.data[:length])
        with pytest.raises(paths.InputError, match="style predictor"):
            mobile.MobileNet(path)
    rng = np.random.default_rng(6)
    for _ in range(100):  # a byte of the tables changed: read or refused, nothing else
        data = bytearray(predictor.data)
        data[int(rng.integers(2000))] ^= 1 << int(rng.integers(8))
        path.write_bytes(data)
        try:
            mobile.MobileNet(path)
        except paths.InputError:
            pass


def test_more_networks_join_the_style(predictor):
    """The sum with a second network is the sum without it plus its weighted share, and its gradient counts."""
    torch.manual_seed(2)
    cpu = torch.device("cpu")
    first = perceptual.LossNet([[8]] * 5).eval().requires_grad_(False)
    second = perceptual.read_loss_net(predictor.path, cpu)
    x, art = torch.rand(1, 3, 64, 64), torch.rand(1, 3, 64, 64) ** 2

    def total(more, weight):
        goal = objective.Objective(first, objective.Weights(more_style=weight), cpu, more)
        return goal(x, goal.style_target(art), goal.content_target(x, 1), np.random.default_rng(0))[0].item()
    alone = total([], 5.0)
    assert total([second], 0.0) == pytest.approx(alone, rel=1e-5)
    share = perceptual.style_terms(second(x), [perceptual.moments(f) for f in second(art)]).clamp(max=4).sum().item()
    assert share > 0.01 and total([second], 5.0) == pytest.approx(alone + 5 * share, rel=1e-4)


def test_other_networks_look_at_the_whole_or_at_half():
    """One look of each in a step, and each network's at half the size are those of the smaller picture."""
    torch.manual_seed(3)
    nets = [perceptual.LossNet([[8]] * 5).eval().requires_grad_(False) for _ in range(3)]
    goal = objective.Objective(nets[0], objective.Weights(texture=1), torch.device("cpu"), nets[1:], halves=True)
    picked = {tuple(goal.chosen(np.random.default_rng(seed))) for seed in range(40)}
    assert picked == {(0, 1, a, b) for a in (2, 3) for b in (4, 5)}
    x = torch.rand(1, 3, 64, 64)
    for f, g in zip(goal.views[3].look(x), nets[1](F.avg_pool2d(x, 2), 4)):
        assert torch.equal(f, g)


def blurred(size, seed, low=0, high=256):
    from PIL import Image
    noise = np.random.default_rng(seed).integers(low, high, (9, 9, 3), dtype=np.uint8)
    return np.array(Image.fromarray(noise).resize((size, size), Image.Resampling.BICUBIC))


@pytest.mark.parametrize("make", [
    lambda rng: varied.changed(blurred(64, 1), blurred(64, 2), rng),
    lambda rng: varied.collage(blurred(64, 1) / 255, blurred(64, 2) / 255, rng),
    lambda rng: varied.shapes(64, rng),
    lambda rng: varied.strokes(blurred(64, 1), rng),
    lambda rng: varied.drawn([blurred(300, 1)], 64, rng)])
def test_style_pictures_are_pictures_and_come_again_from_the_same_seed(make):
    different = set()
    for seed in range(12):
        p = make(np.random.default_rng(seed))
        assert p.shape == (64, 64, 3) and p.dtype == np.float32 and p.min() >= 0 and p.max() <= 1
        assert np.array_equal(p, make(np.random.default_rng(seed)))
        different.add(p.tobytes())
    assert len(different) > 6


def test_a_palette_is_taken_over():
    piece, other = blurred(64, 3, 110, 140), blurred(64, 4, 90, 160)
    (mean, cov), (wanted, wanted_cov) = varied.moments(varied.palette_of(piece, other)), varied.moments(other / 255)
    np.testing.assert_allclose(mean, wanted, atol=0.01)
    np.testing.assert_allclose(cov, wanted_cov, atol=1e-3)
    assert np.abs(varied.moments(piece / 255)[1] - wanted_cov).max() > 2e-3  # it was another before


def test_a_mirrored_piece_holds_the_piece():
    x = torch.rand(1, 3, 64, 64)
    y = any_command.mirrored(x, 120)
    assert y.shape == (1, 3, 120, 120) and torch.equal(y[..., 28:92, 28:92], x) and torch.equal(y[..., 27, 28:92], x[..., 1, :])
    assert torch.equal(any_command.mirrored(x, 64), x)


def test_moves_by_whole_pixels_are_exact():
    x = torch.rand(2, 3, 20, 24)
    move = motion.Move(np.array([[1, -2], [0, 3]]), None, x.device)
    y = move(x)
    assert torch.equal(y[0, :, 1:, :-2], x[0, :, :-1, 2:]) and torch.equal(y[1, :, :, 3:], x[1, :, :, :-3])
    assert move.exact and move.reach(x.shape[2:]) == 3


def test_moves_by_fractions():
    """The middle of a smooth picture goes where the map says, within the reach."""
    y, x = torch.meshgrid(torch.arange(64.0), torch.arange(96.0), indexing="ij")
    ramps = torch.stack([x / 96, y / 64, 0 * x])[None]
    zoom, turn, down, right = 1.02, 0.02, 1.5, -2.25
    move = motion.Move(None, np.array([[zoom, turn, down, right]]), x.device)
    seen = move(ramps)[0]
    across, under = 60 - 47.5, 20 - 31.5
    came_x = 47.5 + (np.cos(turn) * across - np.sin(turn) * under) / zoom + right
    came_y = 31.5 + (np.sin(turn) * across + np.cos(turn) * under) / zoom + down
    assert seen[0, 20, 60] * 96 == pytest.approx(came_x, abs=0.05)
    assert seen[1, 20, 60] * 64 == pytest.approx(came_y, abs=0.05)
    assert not move.exact and move.reach((64, 96)) <= motion.SHIFT + 48 * 0.06 + 1


def test_unsteadiness():
    """Hardly anything for what moves with the picture; much for what stays where it is; a gradient to lower it."""
    x = pictures.tensor(blurred(96, 5)).repeat(2, 1, 1, 1)
    rng = np.random.default_rng
    fixed = torch.rand(2, 3, 96, 96, generator=torch.Generator().manual_seed(1))

    def same(p: torch.Tensor) -> torch.Tensor:
        return fixed[..., :p.shape[2], :p.shape[3]]
    for seed in range(8):  # in some a piece is cut out
        assert objective.unsteadiness(lambda p: p, x, x, rng(seed)) < 2e-3  # noise and exposure
        assert objective.unsteadiness(same, x, fixed, rng(seed)) > 0.01
    gain = torch.tensor(1.0, requires_grad=True)
    objective.unsteadiness(lambda p: same(p) * gain, x, fixed * gain, rng(1)).backward()
    assert gain.grad > 0.01


def test_nothing_hides_at_the_edges():
    """What a network paints along the edges only is no part of any whole."""
    x = pictures.tensor(blurred(96, 5)).repeat(2, 1, 1, 1)

    def edged(p: torch.Tensor) -> torch.Tensor:
        q = p.clone()
        q[..., :3, :] = 1 - q[..., :3, :]
        return q
    found = [float(objective.unsteadiness(edged, x, edged(x), np.random.default_rng(seed))) for seed in range(12)]
    assert max(found) > 5e-3
