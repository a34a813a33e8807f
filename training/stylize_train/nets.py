"""The networks that are trained: one generator, steered by a flat style code, and the encoder of `any`."""

import pathlib

import torch
import torch.nn as nn
import torch.nn.functional as F

from .paths import InputError
from .perceptual import conv
from .formats import network as container

EPS = 1e-5
MULTIPLE = 4
CORRECTED = 0.3  # how much of what a painting lacks is corrected, before that is learnt
WIDTHS, HIDDEN = (32, 64, 96, 128), 256  # of the style encoder


def exact_norm(x: torch.Tensor, gamma: torch.Tensor, beta: torch.Tensor) -> torch.Tensor:
    """Instance norm (biased variance); gamma and beta are [N, C], a row for each picture."""
    var, mean = torch.var_mean(x, dim=(2, 3), unbiased=False, keepdim=True)
    scale = gamma[:, :, None, None] * torch.rsqrt(var + EPS)
    return x * scale + (beta[:, :, None, None] - mean * scale)


def fast_norm(x: torch.Tensor, gamma: torch.Tensor, beta: torch.Tensor) -> torch.Tensor:
    """The same, twice as fast in training on a CPU: channels-last memory, sums by matrix product."""
    n, c, h, w = x.shape
    v = x.permute(0, 2, 3, 1).reshape(n, h * w, c)
    ones = torch.full((n, 1, h * w), 1 / (h * w), dtype=x.dtype, device=x.device)
    mean = torch.bmm(ones, v)
    var = (torch.bmm(ones, v * v) - mean * mean).clamp_min(0)
    scale = gamma[:, None] * torch.rsqrt(var + EPS)
    return torch.addcmul(beta[:, None] - mean * scale, v, scale).reshape(n, h, w, c).permute(0, 3, 1, 2)


def he_weight(outputs: int, inputs: int) -> torch.Tensor:
    return nn.init.normal_(torch.empty(outputs, inputs, 3, 3), std=(2 / (inputs * 9)) ** 0.5)


def shuffled_weight(outputs: int, inputs: int, gain: float = 1.0) -> torch.Tensor:
    """For a convolution before a pixel shuffle: the four phases start equal, so there is no checkerboard."""
    return gain * he_weight(outputs // 4, inputs).repeat_interleave(4, dim=0)


class Generator(nn.Module):
    """forward(x [N, 3, H, W], 0 to 1, code [N, 2 * norms]) -> [N, 3, H, W], 0 to 1. H and W multiples of 4."""

    def __init__(self, c1: int = 32, c2: int = 48, blocks: int = 5, c3: int = 24):
        super().__init__()
        self.cfg = dict(c1=c1, c2=c2, blocks=blocks, c3=c3)
        self.blocks = blocks
        self.widths = [c1, c2] + [c2] * (2 * blocks) + [c3]
        self.norms = sum(self.widths)
        self.down1 = nn.Parameter(he_weight(c1, 12))
        self.down2 = nn.Parameter(he_weight(c2, c1))
        self.res = nn.ParameterList([nn.Parameter(he_weight(c2, c2)) for _ in range(2 * blocks)])
        self.up1 = nn.Parameter(shuffled_weight(c3 * 4, c2))
        self.up2 = nn.Parameter(shuffled_weight(12, c3, gain=0.5))
        self.up2_bias = nn.Parameter(torch.zeros(12))

    def first_code(self) -> torch.Tensor:
        """Neutral: gamma 1, or 0.3 at the end of a residual block, beta 0."""
        last = len(self.widths) - 1
        gammas = [torch.full((w,), 0.3 if 2 <= i < last and i % 2 else 1.0) for i, w in enumerate(self.widths)]
        return torch.cat(gammas + [torch.zeros(self.norms)])

    def forward(self, x: torch.Tensor, code: torch.Tensor) -> torch.Tensor:
        norm = fast_norm if self.training else exact_norm
        gammas = code[:, :self.norms].split(self.widths, 1)
        betas = code[:, self.norms:].split(self.widths, 1)
        x = F.pixel_unshuffle(x, 2)
        x = F.relu(norm(conv(x, self.down1), gammas[0], betas[0]))
        x = F.relu(norm(conv(x, self.down2, None, 2), gammas[1], betas[1]))
        for k in range(0, 2 * self.blocks, 2):
            y = F.relu(norm(conv(x, self.res[k]), gammas[2 + k], betas[2 + k]))
            x = x + norm(conv(y, self.res[k + 1]), gammas[3 + k], betas[3 + k])
        x = F.pixel_shuffle(conv(x, self.up1), 2)
        x = F.relu(norm(x, gammas[-1], betas[-1]))
        return torch.sigmoid(F.pixel_shuffle(conv(x, self.up2, self.up2_bias), 2))

    def tensors(self) -> dict[str, nn.Parameter]:
        """By the names that the graph uses."""
        t = {"down1": self.down1, "down2": self.down2, "up1": self.up1, "up2": self.up2, "up2_bias": self.up2_bias}
        return t | {f"res{i // 2}{'ab'[i % 2]}": w for i, w in enumerate(self.res)}

    def graph(self) -> list[dict]:
        c = self.cfg
        last = len(self.widths) - 1
        ops = [{"op": "pixel_unshuffle", "factor": 2},
               {"op": "conv", "w": "down1", "in": 12, "out": c["c1"], "stride": 1}, {"op": "norm", "i": 0}, {"op": "relu"},
               {"op": "conv", "w": "down2", "in": c["c1"], "out": c["c2"], "stride": 2}, {"op": "norm", "i": 1}, {"op": "relu"}]
        for b in range(self.blocks):
            ops += [{"op": "save"},
                    {"op": "conv", "w": f"res{b}a", "in": c["c2"], "out": c["c2"], "stride": 1},
                    {"op": "norm", "i": 2 + 2 * b}, {"op": "relu"},
                    {"op": "conv", "w": f"res{b}b", "in": c["c2"], "out": c["c2"], "stride": 1},
                    {"op": "norm", "i": 3 + 2 * b}, {"op": "add_saved"}]
        return ops + [{"op": "conv", "w": "up1", "in": c["c2"], "out": 4 * c["c3"], "stride": 1},
                      {"op": "pixel_shuffle", "factor": 2}, {"op": "norm", "i": last}, {"op": "relu"},
                      {"op": "conv", "w": "up2", "b": "up2_bias", "in": c["c3"], "out": 12, "stride": 1},
                      {"op": "pixel_shuffle", "factor": 2}, {"op": "sigmoid"}]


class Brush(nn.Module):
    """A generator and one learnt code for each style."""

    def __init__(self, styles: int, **cfg):
        super().__init__()
        self.net = Generator(**cfg)
        self.codes = nn.Parameter(self.net.first_code().repeat(styles, 1))

    def forward(self, x: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
        return self.net(x, self.codes[style])


class StyleEncoder(nn.Module):
    """Style picture -> code: mean and standard deviation of the features at each depth, one hidden layer."""

    def __init__(self, code_length: int, widths=WIDTHS, hidden: int = HIDDEN):
        super().__init__()
        self.cfg = dict(widths=list(widths), hidden=hidden)
        inputs = [12, *widths[:-1]]
        self.convs = nn.ParameterList([nn.Parameter(he_weight(c, i)) for i, c in zip(inputs, widths)])
        self.bias = nn.ParameterList([nn.Parameter(torch.zeros(c)) for c in widths])
        self.fc1 = nn.Linear(2 * sum(widths), hidden)
        self.fc2 = nn.Linear(hidden, code_length)

    def statistics(self, x: torch.Tensor) -> torch.Tensor:
        """[N, 2 * sum of widths]"""
        x = F.pixel_unshuffle(x - 0.5, 2)
        found = []
        for i, (w, b) in enumerate(zip(self.convs, self.bias)):
            x = F.relu(conv(x, w, b, 1 if i == 0 else 2))
            var, mean = torch.var_mean(x, dim=(2, 3), unbiased=False)
            found += [mean, torch.sqrt(var + EPS)]
        return torch.cat(found, 1)

    def code(self, statistics: torch.Tensor) -> torch.Tensor:
        return self.fc2(F.relu(self.fc1(statistics)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.code(self.statistics(x))

    def tensors(self) -> dict[str, nn.Parameter]:
        t = {"fc1": self.fc1.weight, "fc1_bias": self.fc1.bias, "fc2": self.fc2.weight, "fc2_bias": self.fc2.bias}
        for i, (w, b) in enumerate(zip(self.convs, self.bias)):
            t |= {f"enc{i}": w, f"enc{i}_bias": b}
        return t

    def graph(self) -> list[dict]:
        widths, hidden = self.cfg["widths"], self.cfg["hidden"]
        ops = [{"op": "sub", "value": 0.5}, {"op": "pixel_unshuffle", "factor": 2}]
        for i, (inputs, w) in enumerate(zip([12, *widths], widths)):
            ops += [{"op": "conv", "w": f"enc{i}", "b": f"enc{i}_bias", "in": inputs, "out": w,
                     "stride": 1 if i == 0 else 2}, {"op": "relu"}, {"op": "append_mean_std"}]
        return ops + [{"op": "linear", "w": "fc1", "b": "fc1_bias", "in": 2 * sum(widths), "out": hidden}, {"op": "relu"},
                      {"op": "linear", "w": "fc2", "b": "fc2_bias", "in": hidden, "out": self.fc2.out_features}]


class Correction(nn.Module):
    """What the code of a style lacks, from the statistics of the style and of a painting made with that code: none if
    they are the same."""

    def __init__(self, inputs: int, hidden: int, code_length: int):
        super().__init__()
        self.fc1 = nn.Linear(inputs, hidden)
        self.fc2 = nn.Linear(hidden, code_length, bias=False)

    def forward(self, wanted: torch.Tensor, found: torch.Tensor) -> torch.Tensor:
        return self.fc2(F.relu(self.fc1(wanted)) - F.relu(self.fc1(found)))

    def tensors(self) -> dict[str, nn.Parameter]:
        return {"correct1": self.fc1.weight, "correct1_bias": self.fc1.bias, "correct2": self.fc2.weight}

    def graph(self) -> list[dict]:
        return [{"op": "correct", "probe": "probe", "w": "correct1", "b": "correct1_bias", "w2": "correct2",
                 "in": self.fc1.in_features, "hidden": self.fc1.out_features}]


class Any(nn.Module):
    """The generator with an encoder that reads the code from any picture: it paints a small photograph of its own, the
    probe, looks at the painting as it looked at the style, and corrects the code by what the painting lacks."""

    def __init__(self, enc: dict | None = None, probe: torch.Tensor | None = None, **cfg):
        super().__init__()
        self.net = Generator(**cfg)
        self.enc = StyleEncoder(2 * self.net.norms, **(enc or {}))
        with torch.no_grad():
            self.enc.fc2.weight.mul_(0.3)
            self.enc.fc2.bias.copy_(self.net.first_code())
        self.register_buffer("probe", probe)
        if probe is not None:
            self.correct = Correction(self.enc.fc1.in_features, self.enc.fc1.out_features, 2 * self.net.norms)

    def code(self, style: torch.Tensor) -> torch.Tensor:
        wanted = self.enc.statistics(style)
        code = self.enc.code(wanted)
        if self.probe is None:
            return code
        with torch.no_grad():
            painting = self.net(self.probe.expand(len(style), -1, -1, -1), code)
        return code + self.correct(wanted, self.enc.statistics(painting))

    def tensors(self) -> dict[str, torch.Tensor]:
        """All but the generator's, by the names that the graph uses."""
        if self.probe is None:
            return self.enc.tensors()
        return self.enc.tensors() | self.correct.tensors() | {"probe": self.probe[0].permute(1, 2, 0)}

    def graph(self) -> list[dict]:
        return self.enc.graph() + ([] if self.probe is None else self.correct.graph())

    def begin(self, state: dict[str, torch.Tensor]) -> None:
        """The weights of a trained network, whose encoder may have fewer depths and a smaller hidden layer: what is
        new has no effect at first."""
        own = self.state_dict()
        wrong = [k for k, v in state.items() if k not in own
                 or any(n > m if k.startswith("enc.fc") else n != m for n, m in zip(v.shape, own[k].shape))]
        if wrong:
            raise InputError(f"the checkpoint's {wrong[0]} does not fit this network; an encoder can grow in depths "
                             "and in its hidden layer, and get a probe, but not lose them")
        with torch.no_grad():
            inputs, hidden = state["enc.fc1.weight"].shape[1], state["enc.fc1.weight"].shape[0]
            self.enc.fc1.weight[:hidden, inputs:] = 0
            self.enc.fc2.weight[:, hidden:] = 0
            for name, p in self.state_dict().items():
                if name in state:
                    p[tuple(slice(n) for n in state[name].shape)] = state[name]
            if self.probe is not None and "probe" not in state:
                self.correct.fc1.load_state_dict(self.enc.fc1.state_dict())
                self.correct.fc2.weight.copy_(CORRECTED * self.enc.fc2.weight)

    def forward(self, x: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
        return self.net(x, self.code(style))


def channels_last(module: nn.Module) -> nn.Module:
    for p in module.parameters():
        if p.dim() == 4:
            p.data = p.data.contiguous(memory_format=torch.channels_last)
    return module


def fill(module, file: container.Network, path: pathlib.Path) -> None:
    """Copies the tensors of a weight file into a module that has tensors()."""
    for name, p in module.tensors().items():
        if name not in file.tensors or tuple(file.tensors[name].shape) != tuple(p.shape):
            raise InputError(f"{path}: no tensor {name} of shape {tuple(p.shape)}: not a network of this project's shape")
        p.data.copy_(torch.from_numpy(file.array(name).copy()))


def read_container(path: pathlib.Path) -> container.Network:
    try:
        return container.read(path)
    except FileNotFoundError as e:
        raise InputError(f"{path}: no such file") from e
    except (ValueError, KeyError, OSError, MemoryError, OverflowError) as e:
        raise InputError(f"{path}: not a safetensors file") from e
    except Exception as e:  # struct.error of a short file
        raise InputError(f"{path}: not a safetensors file") from e


def read_generator(path: pathlib.Path) -> tuple[Generator, container.Network]:
    file = read_container(path)
    net = Generator()
    fill(net, file, path)
    return net, file


def read_any(path: pathlib.Path) -> Any:
    file = read_container(path)
    probe = torch.from_numpy(file.array("probe").copy()).permute(2, 0, 1)[None] if "probe" in file.tensors else None
    try:
        depths = sum(f"enc{i}" in file.tensors for i in range(len(file.tensors)))
        cfg = {"widths": [file.tensors[f"enc{i}"].shape[0] for i in range(depths)], "hidden": file.tensors["fc1"].shape[0]}
    except (KeyError, IndexError) as e:
        raise InputError(f"{path}: no encoder of this project's shape") from e
    net = Any(cfg, probe)
    fill(net.net, file, path)
    fill(net.enc, file, path)
    if probe is not None:
        fill(net.correct, file, path)
    return net
