"""Published style networks, run from their weights in torch: to compare with and to learn from, never copied.

MicroAST (Wang et al. 2022), and five-level WCT (Li et al. 2017) with the small encoders and decoders of
Collaborative Distillation (Wang et al. 2020). A painting is call(content, style): [N, 3, H, W], 0 to 1."""

import pathlib

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


def adain(x: torch.Tensor, style_var: torch.Tensor, style_mean: torch.Tensor) -> torch.Tensor:
    var, mean = torch.var_mean(x, dim=(2, 3), keepdim=True)
    return (x - mean) * torch.sqrt((style_var + 1e-5) / (var + 1e-5)) + style_mean


class MicroAST(nn.Module):
    PARTS = ("content_encoder", "style_encoder", "modulator", "decoder")

    def __init__(self, folder: pathlib.Path):
        super().__init__()
        self.names = {}
        for part in self.PARTS:
            path = pathlib.Path(folder) / f"{part}.npz"
            with np.load(path) as z:
                for k in z.files:
                    name = f"{part}.{k.replace('.conv_layer', '')}"
                    self.names[name] = name.replace(".", "_")
                    self.register_buffer(self.names[name], torch.from_numpy(z[k].astype("float32")))

    def tensor(self, name: str) -> torch.Tensor:
        return getattr(self, self.names[name])

    def conv(self, x: torch.Tensor, name: str, stride: int = 1) -> torch.Tensor:
        w = self.tensor(name + ".weight")
        pad = w.shape[2] // 2
        x = F.pad(x, [pad] * 4, mode="reflect") if pad else x
        return F.conv2d(x, w, self.tensor(name + ".bias"), stride, 0, 1, x.shape[1] // w.shape[1])

    def residual(self, x: torch.Tensor, name: str, w=1.0, b=0.0) -> torch.Tensor:
        y = F.relu(w * self.conv(x, name + ".conv1") + b * x)
        return x + w * self.conv(y, name + ".conv2") + b * y

    def encode(self, x: torch.Tensor, part: str) -> tuple[torch.Tensor, torch.Tensor]:
        for k, stride in (("0", 1), ("2", 2), ("4", 1), ("6", 2), ("8", 1)):
            x = F.relu(self.conv(x, f"{part}.enc1.{k}", stride))
        x = self.residual(x, f"{part}.enc1.10")
        return x, self.residual(x, f"{part}.enc2.0")

    def signal(self, features: torch.Tensor, name: str) -> torch.Tensor:
        return self.conv(features, f"modulator.{name}.0").mean((2, 3), keepdim=True)

    @torch.no_grad()
    def read(self, style: torch.Tensor) -> list[torch.Tensor]:
        """What a painting needs of its style: of both depths variance, mean, weight and bias, [N, C, 1, 1]."""
        found = []
        for depth, f in enumerate(self.encode(style, "style_encoder"), 1):
            found += [*torch.var_mean(f, dim=(2, 3), keepdim=True), self.signal(f, f"weight{depth}"), self.signal(f, f"bias{depth}")]
        return found

    @torch.no_grad()
    def paint(self, content: torch.Tensor, read: list[torch.Tensor]) -> torch.Tensor:
        x = self.encode(content, "content_encoder")[1]
        x = self.residual(adain(x, *read[4:6]), "decoder.dec1", *read[6:])
        x = self.residual(adain(x, *read[:2]), "decoder.dec2", *read[2:4])
        for a, b in (("1", "3"), ("6", "8")):
            x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            x = F.relu(self.conv(F.relu(self.conv(x, f"decoder.dec3.{a}")), f"decoder.dec3.{b}"))
        return self.conv(x, "decoder.dec3.10").clamp(0, 1)

    def forward(self, content: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
        return self.paint(content, self.read(style))


LAYERS = ("11", "12", "21", "22", "31", "32", "33", "34", "41", "42", "43", "44", "51")
LAST = {1: "11", 2: "21", 3: "31", 4: "41", 5: "51"}
POOLED = ("12", "22", "34", "44")


class WholeWct:
    """Five levels, from the deepest to the first: features are given the style's mean and covariance."""

    def __init__(self, folder: pathlib.Path):
        self.weights = {}
        for level in range(1, 6):
            for part in ("SE", "SD"):
                with np.load(pathlib.Path(folder) / f"{level}{part}.npz") as z:
                    self.weights[level, part] = {k: torch.from_numpy(z[k].astype("float32")) for k in z.files}

    def encode(self, x: torch.Tensor, level: int) -> torch.Tensor:
        w = self.weights[level, "SE"]
        x = F.conv2d(x, w["conv0.weight"], w["conv0.bias"])
        for name in LAYERS:
            x = F.relu(F.conv2d(F.pad(x, [1] * 4, mode="reflect"), w[f"conv{name}.weight"], w[f"conv{name}.bias"]))
            if name == LAST[level]:
                return x
            if name in POOLED:
                x = F.max_pool2d(x, 2)
        return x

    def decode(self, x: torch.Tensor, level: int) -> torch.Tensor:
        w = self.weights[level, "SD"]
        for name in reversed(LAYERS[:LAYERS.index(LAST[level]) + 1]):
            if name in POOLED:
                x = F.interpolate(x, scale_factor=2, mode="nearest")
            x = F.conv2d(F.pad(x, [1] * 4, mode="reflect"), w[f"conv{name}.weight"], w[f"conv{name}.bias"])
            if name != "11":
                x = F.relu(x)
        return x

    @staticmethod
    def transfer(f: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
        """f whitened, then coloured as g."""
        def parts(t: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
            t = t[0].flatten(1).double()
            mean = t.mean(1, keepdim=True)
            values, vectors = torch.linalg.eigh((t - mean) @ (t - mean).T / (t.shape[1] - 1))
            kept = values > 1e-5
            return t - mean, mean, values[kept], vectors[:, kept]
        x, _, v, e = parts(f)
        _, mean, sv, se = parts(g)
        x = e @ ((e.T @ x) / v.sqrt()[:, None])
        x = se @ ((se.T @ x) * sv.sqrt()[:, None]) + mean
        return x.float().reshape(f.shape)

    @torch.no_grad()
    def __call__(self, content: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
        x = content
        for level in range(5, 0, -1):
            x = self.decode(self.transfer(self.encode(x, level), self.encode(style, level)), level)
            x = x[:, :, :content.shape[2], :content.shape[3]].clamp(0, 1)
        return x
