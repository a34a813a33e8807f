"""Networks as the native engine reads them: safetensors with the operations in the metadata.

The format of the operations is described in lib/engine/native/graph.h. Needs numpy only.
"""

import dataclasses
import json
import pathlib
import struct

import numpy as np

DTYPES = {"F32": "<f4", "F16": "<f2", "I8": "i1", "I32": "<i4"}
WEIGHT_MEMBERS = ("w", "b", "gamma", "beta", "w2", "probe")


@dataclasses.dataclass
class Network:
    tensors: dict[str, np.ndarray]  # as they are stored
    meta: dict[str, str]

    def operations(self, key: str = "graph") -> list[dict]:
        return json.loads(self.meta[key])

    def array(self, name: str) -> np.ndarray:
        """A tensor as float32, whatever it is stored as."""
        stored = self.tensors[name]
        values = stored.astype(np.float32)
        if stored.dtype == np.int8:
            scale = self.tensors[name + ".scale"]
            values *= scale.reshape(-1, *[1] * (values.ndim - 1))
        return values

    @property
    def eps(self) -> float:
        return float(self.meta.get("norm_eps", "1e-5"))

    @property
    def code_length(self) -> int:
        return int(self.meta.get("code_length", "0"))


def read(path: pathlib.Path | str) -> Network:
    data = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    meta = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        raw = data[8 + length + begin : 8 + length + end]
        tensors[name] = np.frombuffer(raw, DTYPES[entry["dtype"]]).reshape(entry["shape"])
    return Network(tensors, meta)


def write(path: pathlib.Path | str, network: Network) -> None:
    """Large elements first, so that every tensor is aligned; the same input gives the same bytes."""
    names = {np.dtype(numpy_name): name for name, numpy_name in DTYPES.items()}
    order = sorted(network.tensors, key=lambda n: (-network.tensors[n].dtype.itemsize, n))
    header: dict = {"__metadata__": dict(sorted(network.meta.items()))}
    parts, at = [], 0
    for name in order:
        array = np.ascontiguousarray(network.tensors[name])
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ValueError(f'tensor "{name}" holds numbers that are not finite')
        header[name] = {
            "dtype": names[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [at, at + array.nbytes],
        }
        parts.append(array.tobytes())
        at += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + b"".join(parts))


def used_tensors(operations: list[dict]) -> list[str]:
    """Names of the tensors that a list of operations uses, each once, in its order."""
    names = [op[m] for op in operations for m in WEIGHT_MEMBERS if isinstance(op.get(m), str)]
    return list(dict.fromkeys(names))


def receptive_radius(network: Network, multiple: int) -> int:
    """How far an output pixel sees, in pixels, at the worst position on the grid."""
    largest = 0
    for pixel in range(multiple):
        low = high = pixel
        for op in reversed(network.operations()):
            if op["op"] == "conv":
                pad = network.tensors[op["w"]].shape[-1] // 2
                low, high = low * op["stride"] - pad, high * op["stride"] + pad
            elif op["op"] in ("upsample", "pixel_shuffle"):
                low, high = low // op["factor"], high // op["factor"]
            elif op["op"] == "pixel_unshuffle":
                low, high = low * op["factor"], (high + 1) * op["factor"] - 1
        largest = max(largest, pixel - low, high - pixel)
    return largest


def norm_widths(network: Network) -> list[int]:
    """Channels of each norm of the generator."""
    widths, channels = [], 3
    for op in network.operations():
        if op["op"] == "conv":
            channels = op["out"]
        elif op["op"] == "pixel_shuffle":
            channels //= op["factor"] ** 2
        elif op["op"] == "pixel_unshuffle":
            channels *= op["factor"] ** 2
        elif op["op"] == "norm":
            widths.append(channels)
    return widths
