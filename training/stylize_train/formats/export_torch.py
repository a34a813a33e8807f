"""safetensors with a graph -> TorchScript for libtorch 1.13 and later.

    python -m stylize_train.formats.export_torch models/brush/brush.safetensors models/brush/brush.pt

The module has these methods, where `code` is left out if the network has one style inside:
    forward(x, code)           x [N, 3, H, W], code [N, code_length] -> [N, 3, H, W]
    stats(x, code)             -> [N, stats_length]: means of what enters each norm, then biased variances
    frozen(x, code, stats)     forward with given statistics
    look(x)                    -> [N, n], what the encoder's append_mean_std find, if the file has an encoder_graph
    encode(style)              -> [N, code_length], likewise

It is written out as TorchScript source that uses built-in operators only, so it does not depend on the
version of torch that runs this tool. Needs torch (any from 1.13 on) and numpy. ONNX files are made by to_onnx.py."""
import argparse
import os
import warnings
import zipfile

warnings.filterwarnings("ignore", message=".*torch.jit.*")

import torch  # noqa: E402

from . import network, reference  # noqa: E402


class Graph:
    """A network with what the methods need to know: its lists of operations and where each norm's channels are."""

    def __init__(self, path):
        self.network = network.read(path)
        self.array, self.eps = self.network.array, self.network.eps
        self.graph = self.network.operations()
        self.encoder = self.network.operations("encoder_graph") if "encoder_graph" in self.network.meta else None
        self.widths = network.norm_widths(self.network)
        self.norm_channels = sum(self.widths)
        self.fixed = all("gamma" in o for o in self.graph if o["op"] == "norm")
        self.code_length = 0 if self.fixed else 2 * self.norm_channels

    def offset(self, norm):
        return sum(self.widths[:norm])


class Writer:
    """The body of one method. how: "own" statistics, "frozen" ones, "collect" them; "look" at a picture, "encode"."""

    def __init__(self, net, how):
        self.net, self.how, self.lines, self.used = net, how, [], set()

    def tensor(self, name):
        self.used.add(name)
        return "self." + attribute(name)

    def add(self, line):
        self.lines.append("    " + line)

    def conv(self, o):
        pad = (self.net.network.tensors[o["w"]].shape[2] - 1) // 2
        x = f"torch._C._nn.reflection_pad2d(x, [{pad}, {pad}, {pad}, {pad}])" if pad else "x"
        b = self.tensor(o["b"]) if o.get("b") else "None"
        self.add(f"x = torch.conv2d({x}, {self.tensor(o['w'])}, {b}, [{o['stride']}, {o['stride']}])")

    def norm(self, o):
        """Instance norm as batch norm with pictures and channels in one dimension: one pass, sums in double
        on a CPU, and gamma and beta of each picture for free."""
        i, n = o["i"], self.net.norm_channels
        c, at = self.net.widths[i], self.net.offset(i)
        if "gamma" in o:
            g, b = (f"{self.tensor(o[k])}.repeat(x.size(0))" for k in ("gamma", "beta"))
        else:
            g, b = (f"code[:, {k}:{k + c}].reshape(-1)" for k in (at, n + at))
        self.add("y = x.reshape(1, -1, x.size(2), x.size(3))")
        if self.how == "collect":  # the kernel gives away what it found: 1 / sqrt(variance + eps)
            self.add(f"y, m, s = torch.native_batch_norm(y, {g}, {b}, None, None, True, 0.0, {self.net.eps!r})")
            self.add(f"means[{i}] = m.reshape(-1, {c})")
            self.add(f"variances[{i}] = torch.clamp_min(1.0 / (s * s) - {self.net.eps!r}, 0.0).reshape(-1, {c})")
        else:
            mean, var = "None", "None"
            if self.how == "frozen":
                mean, var = (f"stats[:, {k}:{k + c}].reshape(-1)" for k in (at, n + at))
            self.add(f"y = torch.batch_norm(y, {g}, {b}, {mean}, {var}, {self.how == 'own'}, 0.0, {self.net.eps!r}, False)")
        self.add(f"x = y.reshape(-1, {c}, x.size(2), x.size(3))")

    def operation(self, o):
        op = o["op"]
        if op in ("conv", "norm"):
            getattr(self, op)(o)
        elif op == "append_mean_std":
            self.add("v, m = torch.var_mean(x, [2, 3], False, False)")
            self.add(f"vector += [m, torch.sqrt(v + {self.net.eps!r})]")
        elif op == "linear":
            b = self.tensor(o["b"]) if o.get("b") else "None"
            self.add(f"x = torch._C._nn.linear(x, {self.tensor(o['w'])}, {b})")
        elif op == "correct":
            w, b, w2, probe = (self.tensor(o[k]) for k in ("w", "b", "w2", "probe"))
            self.add(f"y = {probe}.permute([2, 0, 1]).unsqueeze(0).expand([x.size(0), -1, -1, -1]).contiguous()")
            self.add("y = self.look(self.forward(y, x))")
            looks = (f"torch.relu(torch._C._nn.linear({v}, {w}, {b}))" for v in ("wanted", "y"))
            self.add(f"x = x + torch._C._nn.linear({' - '.join(looks)}, {w2}, None)")
        else:
            self.add(SIMPLE[op](o))

    def method(self, name, ops, parameters):
        self.add("saved = x")
        if self.how == "collect":
            last = max(i for i, o in enumerate(ops) if o["op"] == "norm")
            ops = ops[:last] + [ops[last]]
            self.add(f"means = [x] * {len(self.net.widths)}")
            self.add(f"variances = [x] * {len(self.net.widths)}")
        if self.how == "look":
            self.add("vector = [x]")
            self.add("vector.pop()")
        if self.how == "encode":
            self.add("wanted = self.look(x)")
            self.add("x = wanted")
        for o in ops:
            self.operation(o)
        result = {"collect": "torch.cat(means + variances, 1)", "look": "torch.cat(vector, 1)"}.get(self.how, "x")
        head = f"def {name}(self, {', '.join(parameters)}):"
        return "\n".join([head] + self.lines + [f"    return {result}", ""])


SIMPLE = {
    "relu": lambda o: "x = torch.relu(x)",
    "sigmoid": lambda o: "x = torch.sigmoid(x)",
    "clamp": lambda o: f"x = torch.clamp(x, {float(o['low'])!r}, {float(o['high'])!r})",
    "save": lambda o: "saved = x",
    "add_saved": lambda o: "x = x + saved",
    "upsample": lambda o: f"x = torch._C._nn.upsample_nearest2d(x, [x.size(2) * {o['factor']}, x.size(3) * {o['factor']}])",
    "pixel_shuffle": lambda o: f"x = torch.pixel_shuffle(x, {o['factor']})",
    "pixel_unshuffle": lambda o: f"x = torch.pixel_unshuffle(x, {o['factor']})",
    "sub": lambda o: f"x = x - {float(o['value'])!r}",
    "mul": lambda o: f"x = x * {float(o['value'])!r}",
}


def attribute(name):
    return "w_" + "".join(c if c.isalnum() else "_" for c in name)


def exported(tensors):
    """A module that holds the tensors and waits for its methods. The class is new each time: torch shares the
    methods of a class among all modules whose tensors have the same names."""
    class Exported(torch.jit.ScriptModule):
        def __init__(self):
            super().__init__()
            for name, tensor in tensors.items():
                self.register_buffer(name, tensor)
    return Exported()


def build(net):
    """The scripted module."""
    inputs = ["x"] if net.fixed else ["x", "code"]
    writers, source = [], []

    def add(how, name, ops, parameters):
        writers.append(Writer(net, how))
        source.append(writers[-1].method(name, ops, parameters))

    add("own", "forward", net.graph, inputs)
    if net.widths:
        add("collect", "stats", net.graph, inputs)
        add("frozen", "frozen", net.graph, inputs + ["stats"])
    if net.encoder:
        first = [o["op"] for o in net.encoder].index("linear")
        add("look", "look", net.encoder[:first], ["x"])
        add("encode", "encode", net.encoder[first:], ["x"])
    used = sorted(set().union(*(w.used for w in writers)))
    module = exported({attribute(n): torch.from_numpy(net.array(n).copy()) for n in used})
    for text in source:
        module.define(text)
    return module.eval()


def save(module, path):
    """Without the debug records, which hold paths of the machine, and the same bytes every time."""
    temporary = path + ".tmp"
    module.save(temporary)
    with zipfile.ZipFile(temporary) as a, zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as b:
        top = a.infolist()[0].filename.split("/")[0]
        name = os.path.splitext(os.path.basename(path))[0]
        for i in a.infolist():
            if not i.filename.endswith(".debug_pkl") and "/.data/" not in i.filename:
                b.writestr(zipfile.ZipInfo(name + i.filename[len(top):]), a.read(i))
    os.remove(temporary)


def check(net, module, path):
    """The largest difference of the file, loaded again, to the graph run operation by operation; of numbers
    above 1 the relative one."""
    torch.manual_seed(1)
    again = torch.jit.load(path)
    worst = 0.0

    def compare(got, expected):
        nonlocal worst
        assert got.shape == expected.shape
        worst = max(worst, ((got - expected) / (1 + expected.abs())).abs().max().item())

    with torch.inference_mode():
        for n, h, w in ((1, 64, 96), (3, 48, 32)):
            x, code = torch.rand(n, 3, h, w), torch.randn(n, net.code_length) * 0.5
            args = [x] if net.fixed else [x, code]
            y, stats = reference.run(net, net.graph, x, code)
            compare(again(*args), y)
            if net.widths:
                compare(again.stats(*args), stats)
                other = stats * 0.9 + 0.1
                compare(again.frozen(*args, other), reference.run(net, net.graph, x, code, other)[0])
            if net.encoder:
                first = [o["op"] for o in net.encoder].index("linear")
                compare(again.look(x), reference.run(net, net.encoder[:first], x)[1])
                compare(again.encode(x), reference.run(net, net.encoder, x)[0])
    if not worst < 1e-3:
        os.remove(path)
        raise SystemExit(f"{path}: {worst} away from the graph")
    return worst


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("input", help="safetensors file with a graph in its metadata")
    ap.add_argument("output", help="TorchScript file to write")
    a = ap.parse_args()
    net = Graph(a.input)
    module = build(net)
    save(module, a.output)
    worst = check(net, module, a.output)
    print(f"{a.output}: code_length {net.code_length}, stats_length {2 * net.norm_channels}, "
          f"encodes {bool(net.encoder)}, {worst:.1e} from the graph")


if __name__ == "__main__":
    main()
