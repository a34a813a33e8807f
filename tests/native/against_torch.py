"""Gradients of the shipped networks against PyTorch's: against_torch.py GRADIENT_DUMP. Exit status 77 without torch."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

try:
    import numpy as np
    import torch
except ImportError:
    sys.exit(77)

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools" / "bench"))
from torch_loss import loss_of, tensor  # noqa: E402

MODELS = ROOT / "models"
DUMP = sys.argv.pop(1)
TOLERANCE = 1e-3  # of the range of a gradient
LOSS_TOLERANCE = 1e-4  # fp32 on both sides


def picture(width: int, height: int, seed: int) -> np.ndarray:
    """[height, width, 3], smooth with some noise."""
    rng = np.random.default_rng(seed)
    y, x, c = np.ogrid[:height, :width, :3]
    return (0.5 + 0.3 * np.sin((x + 2 * y) * 0.07 * (c + 1) + seed) + 0.1 * rng.random((height, width, 3))).astype(np.float32)


def interleaved(t: torch.Tensor) -> np.ndarray:
    return t[0].permute(1, 2, 0).contiguous().numpy()


def dump(*arguments) -> np.ndarray:
    """Arrays among the arguments become files."""
    with tempfile.TemporaryDirectory() as folder:
        texts = []
        for i, a in enumerate(arguments):
            if isinstance(a, np.ndarray):
                a.astype(np.float32).tofile(path := f"{folder}/{i}")
                texts.append(path)
            else:
                texts.append(str(a))
        return np.frombuffer(subprocess.run([DUMP, *texts], check=True, stdout=subprocess.PIPE).stdout, np.float32)


class Gradients(unittest.TestCase):
    def close(self, found: np.ndarray, wanted: np.ndarray) -> None:
        """A relu at its corner in a deep layer, on one side of it here and on the other there, moves a patch."""
        error = np.abs(found - wanted.reshape(found.shape)) / (wanted.max() - wanted.min())
        self.assertLess(np.percentile(error, 99), TOLERANCE)
        self.assertLess(error.max(), 20 * TOLERANCE)

    def test_painting(self):
        for name, width, height in (("brush", 52, 44), ("any", 64, 36)):
            net = torch.jit.load(str(MODELS / name / f"{name}.pt"))
            p, factors = picture(width, height, 1), picture(width, height, 2) - 0.5
            length = 1168
            code = np.random.default_rng(3).normal(0, 0.2, length) + (np.arange(length) < length // 2)
            x, c = tensor(p).requires_grad_(), torch.tensor(code, dtype=torch.float32)[None].requires_grad_()
            out = net(x, c)
            (out * tensor(factors)).sum().backward()
            found = dump("paint", MODELS / name / f"{name}.safetensors", width, height, p, code, factors)
            count = p.size
            self.close(found[:count], interleaved(out.detach()))
            self.close(found[count : 2 * count], interleaved(x.grad))
            self.close(found[2 * count :], c.grad[0].numpy())

    def test_loss(self):
        net = torch.jit.load(str(MODELS / "loss" / "loss.pt"))
        for width, height in ((64, 48), (96, 80)):
            p, content, style = picture(width, height, 4) * 1.4 - 0.1, picture(width, height, 5), picture(80, 64, 6)
            x = tensor(p).requires_grad_()
            loss = loss_of(net, x, tensor(content), tensor(style))
            loss.backward()
            found = dump("loss", MODELS / "loss" / "loss.safetensors", width, height, p, content, style, 80, 64)
            self.assertLess(abs(found[0] - loss.item()), LOSS_TOLERANCE * loss.item())
            self.close(found[1:], interleaved(x.grad))


if __name__ == "__main__":
    unittest.main()
