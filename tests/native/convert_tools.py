"""`stylize_train convert` and stylize_train.formats. Exit status 77 (skipped) without numpy."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

try:
    import numpy as np
except ImportError:
    sys.exit(77)

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "training"))
from stylize_train.formats import loss  # noqa: E402
from stylize_train.formats import network as net  # noqa: E402


def run(*arguments) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", *map(str, arguments)], capture_output=True, text=True, cwd=ROOT / "training")


def convert(*arguments) -> subprocess.CompletedProcess:
    return run("stylize_train", "convert", *arguments)


def quantize(*arguments) -> subprocess.CompletedProcess:
    return run("stylize_train.formats.quantize", *arguments)


class Tools(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def test_files_come_back(self):
        tensors = {"f": np.arange(6, dtype=np.float32).reshape(2, 3), "h": np.ones(3, np.float16),
                   "q": np.array([[-127, 5]], np.int8), "q.scale": np.array([0.5], np.float32)}
        path = self.folder / "x.safetensors"
        net.write(path, net.Network(tensors, {"name": "x"}))
        back = net.read(path)
        self.assertEqual(back.meta, {"name": "x"})
        for name, array in tensors.items():
            self.assertEqual(back.tensors[name].dtype, array.dtype)
            np.testing.assert_array_equal(back.tensors[name], array)
        np.testing.assert_array_equal(back.array("q"), [[-63.5, 2.5]])
        with self.assertRaises(ValueError):
            net.write(path, net.Network({"f": np.array([np.nan], np.float32)}, {}))

    def test_loss_network(self):
        rng = np.random.default_rng(1)
        buffers = {}
        for name, (out, inputs) in {"1a": (4, 3), "1b": (5, 4), "2a": (6, 5), "2b": (7, 6)}.items():
            buffers[f"w_conv{name}"] = rng.random((out, inputs, 3, 3), np.float32)
            buffers[f"w_conv{name}_bias"] = rng.random(out, np.float32)
        made = loss.convert(buffers)
        self.assertEqual([o["op"] for o in made.operations("loss_graph")],
                         ["sub", "mul", "conv", "relu", "tap", "conv", "relu", "mean_pool", "conv", "relu", "tap"])
        self.assertNotIn("conv2b", made.tensors)  # no feature map sees it
        plain = made.operations("loss_graph")
        made = loss.convert(buffers | {f"w_filters{f}": rng.random((2, 3, 3, 3), np.float32) for f in (8, 2)})
        self.assertEqual(made.operations("loss_graph")[len(plain):],
                         [o for f in (2, 8) for o in (
                             {"op": "picture", "factor": f},
                             {"op": "conv", "w": f"filters{f}", "in": 3, "out": 2, "stride": 1}, {"op": "relu"}, {"op": "tap"})])
        np.testing.assert_array_equal(made.tensors["conv2a"], buffers["w_conv2a"])
        with self.assertRaises(ValueError):
            loss.convert({"w": buffers["w_conv1a"]})
        with self.assertRaises(ValueError):
            loss.convert({k: v for k, v in buffers.items() if "conv1" not in k})

    def test_random_network_is_the_golden_one(self):
        result = convert("--random", 1, "--width", 4, self.folder / "transformer")
        self.assertEqual(result.returncode, 0, result.stderr)
        made = net.read(self.folder / "transformer" / "transformer.safetensors")
        golden = net.read(ROOT / "tests" / "golden" / "transformer.safetensors")
        self.assertEqual(made.meta, golden.meta)
        self.assertEqual(set(made.tensors), set(golden.tensors))
        for name in golden.tensors:
            np.testing.assert_array_equal(made.tensors[name], golden.tensors[name])

    def test_state_dict(self):
        convert("--random", 1, "--width", 4, self.folder / "a")
        state = dict(net.read(self.folder / "a" / "a.safetensors").tensors)
        state = {n: v.astype(np.float16) if v.ndim == 4 else v for n, v in state.items()}
        state["in1.running_mean"] = np.zeros(4, np.float32)  # of older files
        np.savez(self.folder / "b.npz", **state)
        result = convert(self.folder / "b.npz", self.folder / "b")
        self.assertEqual(result.returncode, 0, result.stderr)
        made = net.read(self.folder / "b" / "b.safetensors")
        self.assertEqual(made.tensors["conv1.conv2d.weight"].dtype, np.float16)
        self.assertNotIn("in1.running_mean", made.tensors)
        model = json.loads((self.folder / "b" / "model.json").read_text())
        self.assertEqual(model["stats_length"], 2 * sum(net.norm_widths(made)))
        self.assertEqual(model["receptive_radius"], 57)

    def test_state_dicts_as_people_save_them(self):
        convert("--random", 1, "--width", 4, self.folder / "a")
        plain = dict(net.read(self.folder / "a" / "a.safetensors").tensors)
        tracked = {n.replace("weight", "num_batches_tracked"): np.array(5) for n in plain if n.startswith("in") and n.endswith("weight")}
        kinds = {
            "prefix": {f"module.{n}": v for n, v in plain.items()} | {"optimizer.step": np.array(3)},
            "deeper": {f"model.net.{n}": v for n, v in plain.items()},
            "double": {n: v.astype(np.float64) for n, v in plain.items()},
            "tracked": plain | tracked,
        }
        for kind, state in kinds.items():
            with self.subTest(kind=kind):
                np.savez(self.folder / "b.npz", **state)
                result = convert(self.folder / "b.npz", self.folder / kind)
                self.assertEqual(result.returncode, 0, result.stderr)
                made = net.read(self.folder / kind / f"{kind}.safetensors").tensors
                self.assertEqual(set(made), set(plain))
                for name, array in plain.items():
                    self.assertEqual(made[name].dtype, np.float32)
                    np.testing.assert_array_equal(made[name], array)

    def test_bfloat16_of_safetensors(self):
        convert("--random", 1, "--width", 4, self.folder / "a")
        plain = net.read(self.folder / "a" / "a.safetensors").tensors
        header, parts, at = {}, [], 0
        for name, array in plain.items():
            upper = (np.ascontiguousarray(array).view(np.uint32) >> 16).astype("<u2")
            header[name] = {"dtype": "BF16", "shape": list(array.shape), "data_offsets": [at, at + upper.nbytes]}
            parts.append(upper.tobytes())
            at += upper.nbytes
        text = json.dumps(header).encode()
        (self.folder / "b.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + b"".join(parts))
        result = convert(self.folder / "b.safetensors", self.folder / "b")
        self.assertEqual(result.returncode, 0, result.stderr)
        made = net.read(self.folder / "b" / "b.safetensors").tensors
        for name, array in plain.items():
            np.testing.assert_allclose(made[name], array, rtol=2**-7)

    def test_a_refusal_leaves_nothing(self):
        convert("--random", 1, "--width", 4, self.folder / "a")
        plain = dict(net.read(self.folder / "a" / "a.safetensors").tensors)
        large = plain | {"in1.bias": np.full(4, 1e300)}
        whole = plain | {"in1.bias": np.zeros(4, np.int64)}
        two = {f"a.{n}": v for n, v in plain.items()} | {f"b.{n}": v for n, v in plain.items()}
        for state, text in ((large, "in1.bias: holds numbers that are not finite"), (whole, "in1.bias: of int64"),
                            (two, "2 networks in it ('a.', 'b.')")):
            np.savez(self.folder / "bad.npz", **state)
            result = convert(self.folder / "bad.npz", self.folder / "new" / "bad")
            self.assertEqual(result.returncode, 1)
            self.assertIn(text, result.stderr)
            self.assertEqual(result.stderr.count("\n"), 1)
            self.assertFalse((self.folder / "new").exists())
            before = {f.name: f.read_bytes() for f in (self.folder / "a").iterdir()}
            self.assertEqual(convert(self.folder / "bad.npz", self.folder / "a").returncode, 1)
            self.assertEqual({f.name: f.read_bytes() for f in (self.folder / "a").iterdir()}, before)

    def test_other_state_dicts_are_refused(self):
        convert("--random", 1, "--width", 4, self.folder / "a")
        whole = dict(net.read(self.folder / "a" / "a.safetensors").tensors)
        missing = {n: v for n, v in whole.items() if n != "in3.bias"}
        for state, text in (({"x": np.zeros(1)}, "not a TransformerNet"), (missing, "in3.bias: missing"),
                            (whole | {"extra.weight": np.zeros(1)}, "extra.weight")):
            np.savez(self.folder / "bad.npz", **state)
            result = convert(self.folder / "bad.npz", self.folder / "bad")
            self.assertEqual(result.returncode, 1)
            self.assertIn(text, result.stderr)
            self.assertEqual(result.stderr.count("\n"), 1)
            self.assertFalse((self.folder / "bad").exists())

    def test_other_names_are_refused(self):
        result = convert("--random", 1, "--width", 4, self.folder / "My Net")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("a-z 0-9", result.stderr)

    def test_quantised_networks(self):
        for name in ("brush", "any"):
            source = ROOT / "models" / name / f"{name}.safetensors"
            result = quantize(source, self.folder / "q.safetensors")
            self.assertEqual(result.returncode, 0, result.stderr)
            whole, made = net.read(source), net.read(self.folder / "q.safetensors")
            shipped = net.read(ROOT / "models" / name / f"{name}_int8.safetensors")
            self.assertEqual(made.meta, shipped.meta)
            self.assertEqual(set(made.tensors), set(shipped.tensors))
            for tensor in (t for t in made.tensors if made.tensors[t].dtype == np.int8):
                rows = whole.array(tensor).reshape(len(whole.array(tensor)), -1)
                error = np.square(made.array(tensor).reshape(rows.shape) - rows).mean(axis=1)
                self.assertLess((error / np.square(rows).mean(axis=1)).max(), 1e-3)  # 30 dB
                np.testing.assert_allclose(made.array(tensor), shipped.array(tensor), atol=np.abs(rows).max() / 50)

    def test_half_precision(self):
        source = ROOT / "models" / "brush" / "brush.safetensors"
        self.assertEqual(quantize("--type", "f16", source, self.folder / "h.safetensors").returncode, 0)
        whole, made = net.read(source), net.read(self.folder / "h.safetensors")
        self.assertEqual(made.tensors["res0a"].dtype, np.float16)
        self.assertEqual(made.tensors["up2_bias"].dtype, np.float32)
        np.testing.assert_allclose(made.array("res0a"), whole.array("res0a"), rtol=1e-3, atol=1e-6)

    def test_receptive_radius(self):
        self.assertEqual(net.receptive_radius(net.read(ROOT / "models" / "brush" / "brush.safetensors"), 4), 53)


if __name__ == "__main__":
    unittest.main()
