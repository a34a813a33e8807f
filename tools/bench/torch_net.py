"""A network of ours as a torch function. torch's own fastest forms of it are in VARIANTS."""

import torch
import torch.nn.functional as F


class Net(torch.nn.Module):
    def __init__(self, network, code):
        super().__init__()
        self.steps = []
        offset = 0
        half = 0 if code is None else len(code) // 2
        for number, op in enumerate(network.operations()):
            step = dict(op)
            for member in ("w", "b", "gamma", "beta"):
                if isinstance(op.get(member), str):
                    step[member] = self.add(number, member, network.array(op[member]))
            if op["op"] == "norm" and "gamma" not in op:
                step["gamma"] = self.add(number, "gamma", code[offset : offset + channels])
                step["beta"] = self.add(number, "beta", code[half + offset : half + offset + channels])
                offset += channels
            elif op["op"] == "conv":
                channels = op["out"]
            elif op["op"] == "pixel_shuffle":
                channels //= 4
            self.steps.append(step)
        self.eps = network.eps

    def add(self, number: int, member: str, array) -> str:
        name = f"{member}{number}"
        self.register_parameter(name, torch.nn.Parameter(torch.tensor(array), requires_grad=False))
        return name

    def forward(self, x):
        saved = x
        for s in self.steps:
            kind = s["op"]
            if kind == "conv":
                weight = getattr(self, s["w"])
                pad = weight.shape[-1] // 2
                if pad:
                    x = F.pad(x, (pad, pad, pad, pad), mode="reflect")
                x = F.conv2d(x, weight, getattr(self, s["b"]) if "b" in s else None, s["stride"])
            elif kind == "norm":
                # For one picture it is the instance norm, without the copy that F.instance_norm makes of
                # channels-last tensors.
                x = F.batch_norm(x, None, None, getattr(self, s["gamma"]), getattr(self, s["beta"]), training=True,
                                 eps=self.eps)
            elif kind == "save":
                saved = x
            else:
                x = self.plain(kind, s, x, saved)
        return x

    @staticmethod
    def plain(kind: str, s: dict, x, saved):
        if kind == "relu":
            return F.relu(x)
        if kind == "sigmoid":
            return torch.sigmoid(x)
        if kind == "clamp":
            return x.clamp(float(s["low"]), float(s["high"]))
        if kind == "sub":
            return x - float(s["value"])
        if kind == "mul":
            return x * float(s["value"])
        if kind == "add_saved":
            return x + saved
        if kind == "upsample":
            return F.interpolate(x, scale_factor=float(s["factor"]), mode="nearest")
        if kind == "pixel_shuffle":
            return F.pixel_shuffle(x, s["factor"])
        if kind == "pixel_unshuffle":
            return F.pixel_unshuffle(x, s["factor"])
        raise ValueError(kind)


def eager(network, code, x):
    return Net(network, code).eval()


def channels_last(network, code, x):
    model = Net(network, code).eval().to(memory_format=torch.channels_last)
    return lambda y: model(y.to(memory_format=torch.channels_last)).contiguous()


def torchscript(network, code, x):
    model = torch.jit.trace(Net(network, code).eval(), x, check_trace=False)
    return torch.jit.optimize_for_inference(torch.jit.freeze(model))


VARIANTS = {"eager": eager, "channels last": channels_last, "TorchScript": torchscript}
