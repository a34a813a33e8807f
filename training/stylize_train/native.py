"""Networks run forward and back by libstylize's kernels, as functions that PyTorch differentiates. On a processor they are
several times as fast as PyTorch's own; the losses and the optimiser stay PyTorch's."""

import argparse
import ctypes as c
import json
import pathlib
import tempfile
import weakref
from typing import Callable, Sequence

import numpy as np
import torch

from . import filters
from .formats import loss as loss_file
from .formats import network as container
from .nets import EPS, Generator
from .paths import InputError
from .perceptual import LossNet
from .reader import library

MAPS_MAX = 8
SIZES = 2  # that a network stays open for
Maps = c.c_void_p * MAPS_MAX
_contexts: dict[int, object] = {}


def _context(threads: int):
    """One for each number of threads, as long as the program runs."""
    library()
    from stylize._context import Context
    from stylize._errors import StylizeError

    if threads not in _contexts:
        try:
            _contexts[threads] = Context(threads=threads)
        except StylizeError as e:
            raise InputError(f"the library libstylize, which runs the networks, cannot be used: {e}") from e
    return _contexts[threads]


def _declare(lib: c.CDLL) -> None:
    from stylize import _abi as abi

    error, net, size = c.POINTER(abi.Error), c.c_void_p, c.c_uint32
    for name, result, parameters in (
        ("open", c.c_int, [c.c_void_p, c.c_char_p, size, size, size, c.POINTER(net), error]),
        ("close", None, [net]),
        ("weight_count", c.c_size_t, [net]),
        ("code_length", c.c_size_t, [net]),
        ("map_count", c.c_size_t, [net]),
        ("map_shape", c.c_int, [net, c.c_size_t, size * 3, error]),
        ("set_weights", c.c_int, [net, c.c_void_p, error]),
        ("get_weights", c.c_int, [net, c.c_void_p, error]),
        ("forward", c.c_int, [net, size, c.c_void_p, c.c_void_p, Maps, error]),
        ("backward", c.c_int, [net, size, Maps, c.c_void_p, c.c_void_p, c.c_void_p, error]),
    ):
        try:
            function = getattr(lib, "stylize_net_" + name)
        except AttributeError as e:
            raise InputError("the library is too old: it has no stylize_net_open") from e
        function.restype, function.argtypes = result, parameters


class Net:
    """A network's file, open for pictures of one size. Pictures and maps are [H, W, C] of float32."""

    def __init__(self, path: pathlib.Path, width: int, height: int, places: int, threads: int = 1):
        from stylize import _abi as abi
        from stylize._errors import StylizeError
        from stylize._library import check

        self._check, self._error, self._failure = check, abi.Error, StylizeError
        handle, context = c.c_void_p(), _context(threads)
        with context.borrow() as (lib, ctx):
            _declare(lib)
            self._lib = lib
            self._call(lib.stylize_net_open, ctx, str(path).encode(), width, height, places, c.byref(handle))
        self.handle = handle.value
        weakref.finalize(self, lib.stylize_net_close, self.handle)
        self.tickets, self.next = [0] * places, 0
        self.sent: list[int] = []  # versions of the weights that it has
        self.weight_count = lib.stylize_net_weight_count(self.handle)
        self.code_length = lib.stylize_net_code_length(self.handle)
        self.shapes = []
        for i in range(lib.stylize_net_map_count(self.handle)):
            shape = (c.c_uint32 * 3)()
            self._call(lib.stylize_net_map_shape, self.handle, i, shape)
            self.shapes.append(tuple(shape))

    def _call(self, function, *arguments) -> None:
        error = self._error()
        try:
            self._check(function(*arguments, c.byref(error)), error)
        except self._failure as e:
            raise InputError(str(e)) from e

    def set_weights(self, weights: torch.Tensor) -> None:
        assert weights.numel() == self.weight_count and weights.dtype == torch.float32 and weights.is_contiguous()
        self._call(self._lib.stylize_net_set_weights, self.handle, weights.data_ptr())

    def take(self) -> tuple[int, int]:
        """A place, in turn, and what tells whether it still holds the run."""
        place, self.next = self.next, (self.next + 1) % len(self.tickets)
        self.tickets[place] += 1
        return place, self.tickets[place]

    def weights(self) -> torch.Tensor:
        found = torch.empty(self.weight_count)
        self._call(self._lib.stylize_net_get_weights, self.handle, found.data_ptr())
        return found

    def forward(self, place: int, picture: torch.Tensor, code: torch.Tensor | None) -> list[torch.Tensor]:
        maps = [torch.empty(s) for s in self.shapes]
        pointers = Maps(*[m.data_ptr() for m in maps])
        self._call(self._lib.stylize_net_forward, self.handle, place, picture.data_ptr(),
                   None if code is None else code.data_ptr(), pointers)
        return maps

    def backward(self, place: int, gradients: Sequence[torch.Tensor | None], picture: torch.Tensor | None,
                 code: torch.Tensor | None, weights: torch.Tensor | None) -> None:
        pointers = Maps(*[None if g is None else g.data_ptr() for g in gradients])
        self._call(self._lib.stylize_net_backward, self.handle, place, pointers,
                   *[None if t is None else t.data_ptr() for t in (picture, code, weights)])


def pixels(x: torch.Tensor) -> torch.Tensor:
    """[N, C, H, W] as [N, H, W, C] without gaps, which it is in channels-last memory."""
    return x.permute(0, 2, 3, 1).contiguous()


class Function(torch.autograd.Function):
    """apply(runner, x [N, 3, H, W], codes [N, L] or None, weights or None) -> maps, each [N, C, H, W]."""

    @staticmethod
    def forward(ctx, runner, x, codes, weights):
        x, codes = pixels(x), None if codes is None else codes.contiguous()
        ctx.net, ctx.size, ctx.places = runner.net, runner.size, [runner.net.take() for _ in x]
        ctx.like = None if codes is None else codes.shape
        found = [runner.net.forward(place, x[i], None if codes is None else codes[i]) for i, (place, _) in enumerate(ctx.places)]
        return tuple(torch.stack([f[k] for f in found]).permute(0, 3, 1, 2) for k in range(len(runner.net.shapes)))

    @staticmethod
    def backward(ctx, *gradients):
        net, n = ctx.net, len(ctx.places)
        wants = ctx.needs_input_grad
        given = [None if g is None else pixels(g.float()) for g in gradients]
        x = torch.empty(n, *ctx.size, 3) if wants[1] else None
        codes = torch.empty(ctx.like) if wants[2] else None
        total = torch.zeros(net.weight_count) if wants[3] else None
        one = torch.empty(net.weight_count) if wants[3] and n > 1 else total
        for i, (place, ticket) in enumerate(ctx.places):
            if net.tickets[place] != ticket:
                raise RuntimeError("more runs forward than places before the way back, or other weights")
            net.backward(place, [None if g is None else g[i] for g in given], None if x is None else x[i],
                         None if codes is None else codes[i], one)
            if total is not one:
                total += one
        return None, None if x is None else x.permute(0, 3, 1, 2), codes, total


class Runner:
    """A network that runs in the library; opened for each size of pictures that comes. The weights are those of the module,
    a function that gives its tensors by the names of the file."""

    def __init__(self, file: container.Network, tensors: Callable[[], dict[str, torch.Tensor]], places: int, threads: int = 1):
        self.file, self.tensors, self.place_count, self.threads = file, tensors, places, threads
        self.names = weight_names(file)
        self.opened: dict[tuple[int, int], Net] = {}
        self.net: Net | None = None
        self.size: tuple[int, int] | None = None

    def open(self, height: int, width: int) -> None:
        """The sizes of before stay open, as many as SIZES."""
        if self.size == (height, width):
            return
        self.net, self.size = self.opened.pop((height, width), None), (height, width)
        if not self.net:
            with tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder) / "network.safetensors"
                container.write(path, self.file)
                self.net = Net(path, width, height, self.place_count, self.threads)
        self.opened[self.size] = self.net
        if len(self.opened) > SIZES:
            self.opened.pop(next(iter(self.opened)))

    def weights(self) -> torch.Tensor | None:
        """As the library orders them, and sent there if they are others than before; None if none is to be learnt."""
        found = [self.tensors()[name] for name in self.names]
        versions = [t._version for t in found]
        learn = torch.is_grad_enabled() and any(t.requires_grad for t in found)
        if not learn and versions == self.net.sent:
            return None
        flat = torch.cat([t.reshape(-1) for t in found])
        if versions != self.net.sent:
            self.net.set_weights(flat.detach())
            self.net.sent = versions
            self.net.tickets = [t + 1 for t in self.net.tickets]
        return flat if learn else None

    def __call__(self, x: torch.Tensor, codes: torch.Tensor | None = None) -> list[torch.Tensor]:
        if len(x) > self.place_count:
            raise RuntimeError(f"{len(x)} pictures, {self.place_count} places")
        self.open(*x.shape[2:])
        return list(Function.apply(self, x, codes, self.weights()))


def weight_names(file: container.Network) -> list[str]:
    """Of the tensors, in the order of the library's weights."""
    names = []
    for op in file.operations("loss_graph" if "loss_graph" in file.meta else "graph"):
        members = {"conv": ("w", "b"), "norm": ("gamma", "beta")}.get(op["op"], ())
        names += [op[m] for m in members if m in op]
    return names


class Eyes:
    """A loss network's module, to be called as it is, and in the same run the fixed filters beside it or, in their stead, what
    the ends of its depths see: a file has no more maps than that. Pictures of other sides than the library takes, such as
    artworks, are looked at by the modules."""

    def __init__(self, net: LossNet, places: int, threads: int, ends: bool = False):
        self.ends = ends
        self.net, self.depths, self.multiple = net, len(net.levels), 2 ** (len(net.levels) - 1)
        self.filters = filters.FixedFilters()
        arrays = {n: np.ascontiguousarray(t.detach().numpy()) for n, t in self.tensors().items()}
        self.runner = Runner(loss_file.convert(arrays, net.ends if ends else ()), lambda: {n.removeprefix("w_"): t for n, t in self.tensors().items()}, places, threads)
        self.key: tuple = ()  # of the picture that was looked at last
        self.picture: torch.Tensor | None = None
        self.seen: list[torch.Tensor] = []

    def tensors(self) -> dict[str, torch.Tensor]:
        found = {f"w_{n}": p for n, p in self.net.weights.items()} | {f"w_{n}_bias": p for n, p in self.net.biases.items()}
        return found if self.ends else found | {f"w_filters{f}": w for f, w in zip(filters.FACTORS, self.filters.buffers())}

    def maps(self, x: torch.Tensor) -> list[torch.Tensor]:
        """The depths, then what the filters see. The same picture is looked at once."""
        if x.shape[2] % self.multiple or x.shape[3] % self.multiple:
            return self.net(x, ends=True) if self.ends else self.net(x) + self.filters(x)
        key = (x._version, torch.is_grad_enabled(), tuple(p._version for p in self.net.parameters()))
        if key != self.key or self.picture is not x:
            self.key, self.picture, self.seen = key, x, self.in_order(self.runner(x))
        return self.seen

    def in_order(self, maps: list[torch.Tensor]) -> list[torch.Tensor]:
        """The file's maps come as its layers do."""
        if not self.ends:
            return maps
        order = sorted([self.net.name(level, i) for level, widths in enumerate(self.net.levels, 1) for i in range(len(widths))
                        if self.net.is_tap(level, i)] + self.net.ends)
        at = {name: maps[k] for k, name in enumerate(order)}
        return [at[n] for n in order if n not in self.net.ends] + [at[n] for n in self.net.ends]

    def __call__(self, x: torch.Tensor, last: int | None = None, ends: bool = False) -> list[torch.Tensor]:
        return self.maps(x)[:None if ends else last or self.depths]

    def texture(self, x: torch.Tensor) -> list[torch.Tensor]:
        return self.maps(x)[self.depths:]


def generator(net: Generator, places: int, threads: int) -> Runner:
    """net(x, codes) -> [painting]."""
    arrays = {n: np.ascontiguousarray(t.detach().numpy()) for n, t in net.tensors().items()}
    meta = {"graph": json.dumps(net.graph()), "norm_widths": json.dumps(net.widths), "code_length": str(2 * net.norms),
            "multiple_of": str(net.multiple), "norm_eps": str(EPS)}
    return Runner(container.Network(arrays, meta), net.tensors, places, threads)


def add_options(p: argparse.ArgumentParser) -> None:
    p.add_argument("--engine", choices=("torch", "native"), default="torch",
                   help="native: networks run in libstylize, faster on a processor (torch)")


def check_options(a: argparse.Namespace, device: torch.device) -> None:
    if a.engine == "native":
        if device.type != "cpu":
            raise InputError("--engine native works on a processor: --device cpu")
        _context(a.threads)
