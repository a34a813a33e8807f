"""The networks that are trained: one generator, steered by a flat style code, and the encoder of `any`."""

import pathlib

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from .paths import InputError
from .perceptual import conv
from .formats import network as container

EPS = 1e-5
MULTIPLE = 4
CORRECTED = 0.3  # how much of what a painting lacks is corrected, before that is learnt
PLAIN = {"relu": F.relu, "sigmoid": torch.sigmoid, "pixel_shuffle": lambda x: F.pixel_shuffle(x, 2),
         "pixel_unshuffle": lambda x: F.pixel_unshuffle(x, 2)}
NARROW, RISING = 16, 16  # channels at the beginning of the block that looks further, and on its way up
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
    """forward(x [N, 3, H, W], 0 to 1, code [N, 2 * norms]) -> [N, 3, H, W], 0 to 1. H and W multiples of `multiple`.

    `coarse` names the widths at an eighth, a sixteenth, ... of a block that looks further: down, one convolution at the
    bottom, up again, and added to what entered. It begins without effect, so a network without it can be trained on as
    one that has it."""

    def __init__(self, c1: int = 32, c2: int = 48, blocks: int = 5, c3: int = 24, coarse=()):
        super().__init__()
        self.cfg = dict(c1=c1, c2=c2, blocks=blocks, c3=c3, coarse=list(coarse))
        self.down1 = nn.Parameter(he_weight(c1, 12))
        self.down2 = nn.Parameter(he_weight(c2, c1))
        self.res = nn.ParameterList([nn.Parameter(he_weight(c2, c2)) for _ in range(2 * blocks)])
        self.far = nn.ParameterList([nn.Parameter((shuffled_weight if shuffle else he_weight)(o, i))
                                     for i, o, _, shuffle in self.far_layers()])
        self.up1 = nn.Parameter(shuffled_weight(c3 * 4, c2))
        self.up2 = nn.Parameter(shuffled_weight(12, c3, gain=0.5))
        self.up2_bias = nn.Parameter(torch.zeros(12))
        self.ops = self.graph()
        self.normed = self.norm_layers()
        self.widths = list(self.normed.values())
        self.norms = sum(self.widths)

    @property
    def multiple(self) -> int:
        return MULTIPLE * 2 ** len(self.cfg["coarse"])

    def first_code(self) -> torch.Tensor:
        """Neutral: gamma 1, or 0.3 at the end of a residual block, beta 0; 0 where a block begins without effect."""
        ends = {f"res{b}b": 0.3 for b in range(self.cfg["blocks"])} | {f"far{len(self.far) - 1}": 0.0}
        return torch.cat([torch.full((w,), ends.get(name, 1.0)) for name, w in self.normed.items()] + [torch.zeros(self.norms)])

    def forward(self, x: torch.Tensor, code: torch.Tensor) -> torch.Tensor:
        norm = fast_norm if self.training else exact_norm
        gammas, betas = (half.split(self.widths, 1) for half in code.split(self.norms, 1))
        tensors, saved = self.tensors(), x
        for op in self.ops:
            kind = op["op"]
            if kind == "conv":
                x = conv(x, tensors[op["w"]], tensors.get(op.get("b")), op["stride"])
            elif kind == "norm":
                x = norm(x, gammas[op["i"]], betas[op["i"]])
            elif kind == "save":
                saved = x
            elif kind == "add_saved":
                x = x + saved
            else:
                x = PLAIN[kind](x)
        return x

    def tensors(self) -> dict[str, nn.Parameter]:
        """By the names that the graph uses."""
        t = {"down1": self.down1, "down2": self.down2, "up1": self.up1, "up2": self.up2, "up2_bias": self.up2_bias}
        t |= {f"res{i // 2}{'ab'[i % 2]}": w for i, w in enumerate(self.res)}
        return t | {f"far{i}": w for i, w in enumerate(self.far)}

    def far_layers(self) -> list[tuple[int, int, int, bool]]:
        """Of the block that looks further: inputs, outputs, stride, whether a pixel shuffle follows. It begins with
        stride 1 and ends with a shuffle, as the native engine wants it; few channels keep both cheap."""
        c2, coarse = self.cfg["c2"], self.cfg["coarse"]
        if not coarse:
            return []
        narrow, rising = NARROW, [*[RISING] * (len(coarse) - 1), c2]
        down = [(c2, narrow, 1, False)] + [(i, o, 2, False) for i, o in zip([narrow, *coarse], coarse)]
        up = [(i, 4 * o, 1, True) for i, o in zip([coarse[-1], *rising], rising)]
        return down + [(coarse[-1], coarse[-1], 1, False)] + up

    def graph(self) -> list[dict]:
        """The operations, as files have them and as forward runs them."""
        c1, c2, c3, blocks = (self.cfg[k] for k in ("c1", "c2", "c3", "blocks"))
        counter = iter(range(1000))

        def layer(w: str, inputs: int, outputs: int, stride: int = 1, relu: bool = True, shuffle: bool = False) -> list[dict]:
            return [{"op": "conv", "w": w, "in": inputs, "out": outputs, "stride": stride},
                    *([{"op": "pixel_shuffle", "factor": 2}] if shuffle else []),
                    {"op": "norm", "i": next(counter)}, *([{"op": "relu"}] if relu else [])]
        ops = [{"op": "pixel_unshuffle", "factor": 2}] + layer("down1", 12, c1) + layer("down2", c1, c2, 2)
        for b in range(blocks):
            if b == blocks // 2 and len(self.far):
                ops.append({"op": "save"})
                for i, (inputs, outputs, stride, shuffle) in enumerate(self.far_layers()):
                    ops += layer(f"far{i}", inputs, outputs, stride, i < len(self.far) - 1, shuffle)
                ops.append({"op": "add_saved"})
            ops += [{"op": "save"}, *layer(f"res{b}a", c2, c2), *layer(f"res{b}b", c2, c2, relu=False), {"op": "add_saved"}]
        ops += layer("up1", c2, 4 * c3, shuffle=True)
        return ops + [{"op": "conv", "w": "up2", "b": "up2_bias", "in": c3, "out": 12, "stride": 1},
                      {"op": "pixel_shuffle", "factor": 2}, {"op": "sigmoid"}]

    def norm_layers(self) -> dict[str, int]:
        """The channels of each norm, by the convolution before it, in the order of the code."""
        found, last, channels = {}, "", 0
        for op in self.ops:
            if op["op"] == "conv":
                last, channels = op["w"], op["out"]
            elif op["op"] == "pixel_shuffle":
                channels //= 4
            elif op["op"] == "norm":
                found[last] = channels
        return found

    def longer_codes(self, codes: torch.Tensor, normed: dict[str, int]) -> torch.Tensor:
        """Codes of a network that has fewer norms, those of `normed`, as codes of this one."""
        longer = self.first_code().repeat(len(codes), 1)
        at, place = 0, dict(zip(self.normed, np.cumsum([0, *self.widths])))
        shorter = codes.shape[1] // 2
        for name, width in normed.items():
            for half, old in ((0, 0), (self.norms, shorter)):
                to = half + int(place[name])
                longer[:, to:to + width] = codes[:, old + at:old + at + width]
            at += width
        return longer


class Brush(nn.Module):
    """A generator and one learnt code for each style."""

    def __init__(self, styles: int, **cfg):
        super().__init__()
        self.net = Generator(**cfg)
        self.codes = nn.Parameter(self.net.first_code().repeat(styles, 1))
        self.fast = None  # what paints in training instead of the generator, if anything

    def forward(self, x: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
        if self.fast and self.training:
            return self.fast(x, self.codes[style])[0]
        return self.net(x, self.codes[style])

    def begin(self, state: dict[str, torch.Tensor], cfg: dict) -> None:
        """The weights of a trained network, which may lack the blocks that begin without effect."""
        first = Brush(len(self.codes), **cfg)
        try:
            first.load_state_dict(state)
            unknown = self.net.load_state_dict(first.net.state_dict(), strict=False).unexpected_keys
        except RuntimeError as e:
            raise InputError("the network to begin with has other channels than this one") from e
        if unknown:
            raise InputError("the network to begin with looks further: --coarse as it was made with is needed")
        with torch.no_grad():
            self.codes.copy_(self.net.longer_codes(first.codes, first.net.normed))


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


def shape_of(file: container.Network) -> dict:
    """The options of the Generator that a file holds."""
    far = sum(f"far{i}" in file.tensors for i in range(len(file.tensors)))
    return {"coarse": [file.tensors[f"far{i}"].shape[0] for i in range(1, far // 2)]}


def read_generator(path: pathlib.Path) -> tuple[Generator, container.Network]:
    file = read_container(path)
    net = Generator(**shape_of(file))
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
    net = Any(cfg, probe, **shape_of(file))
    fill(net.net, file, path)
    fill(net.enc, file, path)
    if probe is not None:
        fill(net.correct, file, path)
    return net
