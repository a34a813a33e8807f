"""Reads a network of ours: a safetensors file whose metadata holds the graph."""
import json
import struct

import numpy as np

TYPES = {"F32": np.float32, "F16": np.float16, "I8": np.int8, "I32": np.int32}


class Network:
    """meta: the file's metadata; tensors: fp32 arrays by name; graph, encoder: lists of operations (or None)."""

    def __init__(self, path):
        with open(path, "rb") as f:
            header = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
            data = f.read()
        self.meta = header.pop("__metadata__", {})
        raw = {}
        for name, t in header.items():
            begin, end = t["data_offsets"]
            raw[name] = np.frombuffer(data[begin:end], TYPES[t["dtype"]]).reshape(t["shape"])
        self.tensors = {n: self._fp32(n, a, raw) for n, a in raw.items() if not n.endswith(".scale")}
        self.graph = self._operations("graph")
        self.encoder = self._operations("encoder_graph")
        self.eps = float(self.meta.get("norm_eps", 1e-5))
        self.widths = self._widths()
        self.fixed = all("gamma" in o for o in self.graph or [] if o["op"] == "norm")
        self.norm_channels = sum(self.widths)
        self.code_length = 0 if self.fixed else 2 * self.norm_channels

    @staticmethod
    def _fp32(name, a, raw):
        if a.dtype == np.int8:
            scale = raw[name + ".scale"].astype(np.float32)
            return a.astype(np.float32) * scale.reshape((-1,) + (1,) * (a.ndim - 1))
        return a.astype(np.float32)

    def _operations(self, key):
        return json.loads(self.meta[key]) if key in self.meta else None

    def _widths(self):
        """Channels of each norm, in the order of their index."""
        found, channels = {}, 3
        for o in self.graph or []:
            if o["op"] == "conv":
                channels = o["out"]
            elif o["op"] == "pixel_shuffle":
                channels //= o["factor"] ** 2
            elif o["op"] == "pixel_unshuffle":
                channels *= o["factor"] ** 2
            elif o["op"] == "norm":
                found[o["i"]] = channels
        if sorted(found) != list(range(len(found))):
            raise ValueError("the norms are not numbered 0, 1, 2, ...")
        return [found[i] for i in range(len(found))]

    def offset(self, norm):
        return sum(self.widths[:norm])
