"""The graph run by plain torch calls, operation by operation: what exported files are checked against."""
import torch
import torch.nn.functional as F


def run(net, ops, x, code=None, stats=None):
    """Returns x after the last operation and the statistics: [N, 2 * norm_channels] of the norms, or what
    append_mean_std found; None without either."""
    t = {n: torch.from_numpy(net.array(n).copy()) for n in net.network.tensors if not n.endswith(".scale")}
    n, saved, vector, found, linear = net.norm_channels, None, [], {}, False
    for o in ops:
        op = o["op"]
        if op == "conv":
            pad = (t[o["w"]].shape[2] - 1) // 2
            x = F.conv2d(F.pad(x, [pad] * 4, mode="reflect"), t[o["w"]], t.get(o.get("b")), o["stride"])
        elif op == "norm":
            at, c = net.offset(o["i"]), net.widths[o["i"]]
            var, mean = torch.var_mean(x, (2, 3), unbiased=False)
            found[o["i"]] = (mean, var)
            if stats is not None:
                mean, var = stats[:, at:at + c], stats[:, n + at:n + at + c]
            g, b = ((t[o["gamma"]][None], t[o["beta"]][None]) if "gamma" in o
                    else (code[:, at:at + c], code[:, n + at:n + at + c]))
            x = (x - mean[..., None, None]) / torch.sqrt(var + net.eps)[..., None, None]
            x = x * g[..., None, None] + b[..., None, None]
        elif op == "append_mean_std":
            var, mean = torch.var_mean(x, (2, 3), unbiased=False)
            vector += [mean, torch.sqrt(var + net.eps)]
        elif op == "linear":
            x, linear = F.linear(x if linear else torch.cat(vector, 1), t[o["w"]], t.get(o.get("b"))), True
        elif op == "correct":
            painting = run(net, net.graph, t[o["probe"]].permute(2, 0, 1)[None].expand(len(x), -1, -1, -1), x)[0]
            reading = ops[:[p["op"] for p in ops].index("linear")]
            looks = torch.cat(vector, 1), run(net, reading, painting)[1]
            wanted, got = (F.relu(F.linear(v, t[o["w"]], t[o["b"]])) for v in looks)
            x = x + F.linear(wanted - got, t[o["w2"]])
        elif op == "save":
            saved = x
        elif op == "add_saved":
            x = x + saved
        else:
            x = SIMPLE[op](x, o)
    norms = [found[i] for i in range(len(found))]
    if norms:
        return x, torch.cat([m for m, _ in norms] + [v for _, v in norms], 1)
    return x, torch.cat(vector, 1) if vector else None


SIMPLE = {
    "relu": lambda x, o: F.relu(x),
    "sigmoid": lambda x, o: torch.sigmoid(x),
    "clamp": lambda x, o: x.clamp(o["low"], o["high"]),
    "upsample": lambda x, o: F.interpolate(x, scale_factor=o["factor"], mode="nearest"),
    "pixel_shuffle": lambda x, o: F.pixel_shuffle(x, o["factor"]),
    "pixel_unshuffle": lambda x, o: F.pixel_unshuffle(x, o["factor"]),
    "sub": lambda x, o: x - o["value"],
    "mul": lambda x, o: x * o["value"],
}
