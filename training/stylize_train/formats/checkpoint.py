"""What torch.save writes since PyTorch 1.6, read without PyTorch: a zip of a pickle and of the tensors' numbers.

Only dictionaries, lists, numbers, text and tensors are known. Nothing else is looked up by its name, so that nothing in a
file is run; and PyTorch 1.13, which reads as safely, does not know floats outside of tensors, such as a loss.
"""

import collections
import pathlib
import pickle
import zipfile

import numpy as np

KINDS = {"DoubleStorage": "<f8", "FloatStorage": "<f4", "HalfStorage": "<f2", "BFloat16Storage": "bfloat16",
         "LongStorage": "<i8", "IntStorage": "<i4", "ShortStorage": "<i2", "CharStorage": "i1", "ByteStorage": "u1",
         "BoolStorage": "?"}


def is_zip(path: pathlib.Path) -> bool:
    return zipfile.is_zipfile(path)


def read(path: pathlib.Path):
    """What was saved, tensors as arrays; bfloat16 becomes float32."""
    with zipfile.ZipFile(path) as file:
        (main,) = [n for n in file.namelist() if n.split("/")[1:] == ["data.pkl"]]
        folder = main.removesuffix("data.pkl")
        with file.open(main) as f:
            return Unpickler(f, file, folder).load()


class Unpickler(pickle.Unpickler):
    def __init__(self, source, file: zipfile.ZipFile, folder: str):
        super().__init__(source)
        self.file, self.folder = file, folder

    def find_class(self, module: str, name: str):
        if (module, name) in HARMLESS:
            return HARMLESS[module, name]
        if module in ("torch", "torch.storage") and name in KINDS:
            return KINDS[name]
        raise pickle.UnpicklingError(f"{module}.{name} is no tensor")

    def persistent_load(self, where):
        word, kind, key, *_ = where
        if word != "storage" or kind not in KINDS.values():
            raise pickle.UnpicklingError("no storage of a tensor")
        raw = self.file.read(f"{self.folder}data/{key}")
        if kind == "bfloat16":  # the upper half of a float32
            return (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32)
        return np.frombuffer(raw, kind)


def tensor(storage: np.ndarray, offset: int, size: tuple, stride: tuple, *_) -> np.ndarray:
    last = offset + sum((n - 1) * step for n, step in zip(size, stride))
    if len(size) != len(stride) or min((offset, *size, *stride)) < 0 or (0 not in size and last >= storage.size):
        raise pickle.UnpicklingError("a tensor that lies outside of its numbers")
    steps = tuple(step * storage.itemsize for step in stride)
    return np.lib.stride_tricks.as_strided(storage[offset:], size, steps).copy()


def parameter(data: np.ndarray, *_) -> np.ndarray:
    return data


HARMLESS = {("collections", "OrderedDict"): collections.OrderedDict, ("torch", "Size"): tuple,
            ("torch._utils", "_rebuild_tensor"): tensor, ("torch._utils", "_rebuild_tensor_v2"): tensor,
            ("torch._utils", "_rebuild_parameter"): parameter}
