#!/usr/bin/env python3
"""Measures stylize-server beside a Flask service on PyTorch with the same networks; writes into docs/benchmarks.md.

    server.py                     everything: most of an hour, on a machine that does nothing else
    server.py --quick --dry       a few minutes, and the document stays as it is
    server.py --networks brush --clients 1,16 --without flask
    server.py --json              the results as JSON on standard output
    server.py --report            only write the report of the last results again

Needs wrk (apt install wrk). The Flask service's packages, with PyTorch several GB, go to build/bench-venv on first use.
Both services and wrk run on the same processors. Services take turns, each started afresh for its turn, and the better
of the rounds counts. Answers are compared with what the command stylize makes of the same pictures.
"""

import argparse
import datetime
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys

import peers
import server_report
from services import UNLIMITED, Flask, Load, Service, Stylize, run_wrk

HERE, ROOT = peers.HERE, peers.ROOT
WORK = ROOT / "build" / "bench-server"
PICTURES, SAMPLES, MODELS = WORK / "pictures", WORK / "samples", WORK / "models"
STYLES = {"brush": "starry_night", "transformer": "transformer"}
FORMS = {"Flask": "as-loaded", "Flask, channels last": "channels-last"}
COUNT = 32  # different pictures
CACHED_COUNT = 8
TUNE_CLIENTS = 16
STEADY = 3  # runs last until this many answers for each client, if they may
LEVELS_ALLOWED = 1.0  # mean difference from the command's result, of 255


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


# ---------------------------------------------------------------------- preparation


def ensure_venv(with_flask: bool) -> pathlib.Path:
    packages = (HERE / "flask_service/requirements.txt").read_text().split() if with_flask else ["numpy", "pillow"]
    return peers.install(packages, "installed-flask" if with_flask else "installed-pictures", "Python packages", say)


PREPARE_PICTURES = """
import pathlib, random, sys
from PIL import Image
source, folder, count = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
image, random = Image.open(source).convert("RGB"), random.Random(1)
edge = min(image.size)
for number in range(count):
    side = random.randint(2 * edge // 3, edge)
    x, y = random.randint(0, image.width - side), random.randint(0, image.height - side)
    piece = image.crop((x, y, x + side, y + side)).resize((512, 512), Image.Resampling.LANCZOS)
    piece.save(folder / f"{number:03}.jpg", quality=90)
"""


def prepare(python: pathlib.Path, args) -> None:
    """Pictures, models, and what the command makes of them."""
    for folder in (PICTURES, MODELS, SAMPLES, WORK / "expected"):
        shutil.rmtree(folder, ignore_errors=True)
    PICTURES.mkdir(parents=True)
    subprocess.run([python, "-c", PREPARE_PICTURES, ROOT / "examples/data/photo.jpg", PICTURES, str(COUNT)], check=True)
    for name in ("brush", "any", "styles"):
        shutil.copytree(ROOT / "models" / name, MODELS / name)
    peers.add_transformer(python, MODELS)
    if "flask" not in args.without:
        subprocess.run([python, "-W", "ignore", "-m", "stylize_train.formats.export_torch",
                        MODELS / "transformer/transformer.safetensors", MODELS / "transformer/transformer.pt"],
                       check=True, cwd=ROOT / "training", stdout=sys.stderr)
    for network in args.networks:
        subprocess.run([args.command, PICTURES, "--style", STYLES[network], "--models", MODELS, "--quiet",
                        "-o", WORK / "expected" / network], check=True)


# ---------------------------------------------------------------------- answers


COMPARE = """
import pathlib, sys
import numpy as np
from PIL import Image
read = lambda path: np.asarray(Image.open(path).convert("RGB"), np.float32)
expected = [read(p) for p in sorted(pathlib.Path(sys.argv[1]).iterdir())]
samples = [read(p) for p in sorted(pathlib.Path(sys.argv[2]).iterdir())]
print(max(min(float(np.abs(s - e).mean()) if s.shape == e.shape else 255.0 for e in expected) for s in samples))
"""


def check_answers(python: pathlib.Path, service: Service, network: str) -> float:
    """Each answer that wrk kept is one of the command's results: how far off the worst is, in levels of 255."""
    expected = WORK / "expected" / network
    if not any(SAMPLES.iterdir()):
        raise SystemExit(f"{service.label} gave no picture of {network}")
    levels = float(subprocess.run([python, "-c", COMPARE, expected, SAMPLES], check=True, text=True,
                                  capture_output=True).stdout)
    if isinstance(service, Stylize):
        known = {path.read_bytes() for path in expected.iterdir()}
        if any(path.read_bytes() not in known for path in SAMPLES.iterdir()):
            raise SystemExit(f"an answer of {service.label} is not byte for byte what the command paints")
    if levels > LEVELS_ALLOWED:
        raise SystemExit(f"an answer of {service.label} differs from the command's result by {levels:.1f} of 255")
    return levels


# ---------------------------------------------------------------------- measurement


class Bench:
    def __init__(self, python: pathlib.Path, args):
        self.python, self.args = python, args
        self.log = WORK / "services.log"
        self.log.write_text("")
        self.settings: dict[tuple[str, str, bool], tuple[int, int]] = {}  # workers and threads
        self.rates: dict[tuple[str, str, bool], float] = {}  # pictures a second, for how long to measure

    def stylize(self, options=UNLIMITED) -> Stylize:
        return Stylize("stylize-server", self.log, self.args.server, MODELS, options)

    def flask(self, label: str, workers: int, threads: int) -> Flask:
        return Flask(label, self.log, self.python, MODELS, FORMS[label], workers, threads)

    def service(self, label: str, network: str, clients: int) -> Service:
        if label == "stylize-server":
            return self.stylize()
        return self.flask(label, *self.settings[label, network, clients > 1])

    def run(self, service: Service, network: str, clients: int, **more) -> dict:
        return run_wrk(service, Load(PICTURES, STYLES[network], clients, count=COUNT, **more))

    def tune(self, label: str, network: str) -> list[dict]:
        """Which workers and threads are best for one client, and which for many."""
        processors = len(os.sched_getaffinity(0))
        choices = [(w, t) for w in sorted({1, processors}) for t in sorted({1, processors})]
        tried = []
        for workers, threads in choices:
            with self.flask(label, workers, threads) as service:
                for clients in (1, TUNE_CLIENTS):
                    rate = self.run(service, network, clients, seconds=self.args.seconds)["rate"]
                    tried.append({"service": label, "network": network, "workers": workers, "threads": threads,
                                  "clients": clients, "rate": rate})
                    say(f"  {label}, {workers} worker(s), {threads} thread(s), {clients} client(s): {rate:.1f}/s")
        for many in (False, True):
            best = max((t for t in tried if (t["clients"] > 1) == many), key=lambda t: t["rate"])
            best["best"] = True
            self.settings[label, network, many] = best["workers"], best["threads"]
            self.rates[label, network, many] = best["rate"]
        return tried

    def seconds_for(self, label: str, network: str, clients: int) -> float:
        rate = self.rates.get((label, network, clients > 1), 0)
        steady = STEADY * clients / rate if rate else 0
        return min(max(self.args.seconds, steady), self.args.longest)

    def uncached(self, label: str, network: str, clients: int) -> dict:
        shutil.rmtree(SAMPLES, ignore_errors=True)
        SAMPLES.mkdir()
        with self.service(label, network, clients) as service:
            result = self.run(service, network, clients, samples=4,
                              seconds=self.seconds_for(label, network, clients))
        result["levels"] = check_answers(self.python, service, network)
        key = label, network, clients > 1
        self.rates[key] = max(self.rates.get(key, 0), result["rate"])
        return result

    def cached(self, label: str, network: str, clients: int) -> dict:
        """A run beforehand fills the cache, that of each worker."""
        rate = self.rates.get((label, network, True)) or self.rates[label, network, False]
        fill = 2 + 6 * CACHED_COUNT / rate
        with self.service(label, network, TUNE_CLIENTS) as service:
            for seconds, count in ((fill, TUNE_CLIENTS), (self.args.seconds / 2, clients)):
                result = run_wrk(service, Load(PICTURES, STYLES[network], count, seconds, cached=True,
                                               count=CACHED_COUNT))
        return result

    def case(self, how: str, network: str, clients: int, labels: list[str]) -> dict:
        measure = self.cached if how == "cached" else self.uncached
        best: dict[str, dict] = {}
        say(f"{network}, {how}, {clients} client(s)")
        for _ in range(self.args.rounds):
            for label in labels:
                result = measure(label, network, clients)
                say(f"  {label}: {server_report.cell(result, clients)} {result['errors'] or ''}")
                if label not in best or result["rate"] > best[label]["rate"]:
                    best[label] = result
        return {"network": network, "how": how, "clients": clients, "services": best}

    def shipped(self, network: str, clients: int) -> dict:
        """With the limits as shipped: who is too many is refused at once, or served smaller."""
        say(f"{network}, limits as shipped, {clients} clients")
        with self.stylize(("--rate-limit", "0")) as service:
            result = self.run(service, network, clients, seconds=self.args.seconds)
        say(f"  {server_report.cell(result, clients)} {result['errors'] or ''}")
        return {"network": network, "clients": clients, **result}


def save(results: dict) -> None:
    (WORK / "results.json").write_text(json.dumps(results, indent=1))


def measure_all(bench: Bench, args, results: dict) -> None:
    flasks = [] if "flask" in args.without else list(FORMS)
    for network in args.networks:
        for label in flasks:
            say(f"{network}, which workers and threads are best")
            results["tuning"] += bench.tune(label, network)
        for clients in args.clients:
            results["cases"].append(bench.case("uncached", network, clients, ["stylize-server", *flasks]))
            save(results)
    for network in args.networks:  # the form of the network makes no difference here
        for clients in args.clients:
            results["cases"].append(bench.case("cached", network, clients, ["stylize-server", *flasks[:1]]))
            save(results)
    results["shipped"] = bench.shipped(args.networks[0], max(args.clients))
    save(results)


def version_of(python: pathlib.Path, packages: list[str]) -> dict[str, str]:
    code = "import importlib.metadata as m, sys; print(*[m.version(p) for p in sys.argv[1:]])"
    text = subprocess.run([python, "-c", code, *packages], check=True, text=True, capture_output=True).stdout
    return dict(zip(packages, text.split()))


def raise_priority(nice: int) -> None:
    """Of this process and so of all that it starts; Linux shares processors between sessions first."""
    if nice:
        os.nice(nice)
        if os.getpgrp() != os.getpid():
            os.setsid()
        pathlib.Path("/proc/self/autogroup").write_text(str(nice))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--networks", default=",".join(STYLES))
    parser.add_argument("--clients", default=None, help="connections at a time (1,16,64,500)")
    parser.add_argument("--without", default="", help="flask: do not measure it, nor install it")
    parser.add_argument("--rounds", type=int, help="(2)")
    parser.add_argument("--seconds", type=float, help="of one run at least (12)")
    parser.add_argument("--longest", type=float, help="of one run at most (60)")
    parser.add_argument("--quick", action="store_true", help="1 and 16 clients, one round of 4 seconds")
    parser.add_argument("--server", type=pathlib.Path, default=ROOT / "build/release/bin/stylize-server")
    parser.add_argument("--command", type=pathlib.Path, default=ROOT / "build/release/bin/stylize")
    parser.add_argument("--nice", type=int, default=0, help="priority of all, below 0 needs root")
    parser.add_argument("--docs", type=pathlib.Path, default=ROOT / "docs")
    parser.add_argument("--dry", action="store_true", help="measure, but leave the document as it is")
    parser.add_argument("--json", action="store_true", help="results on standard output")
    parser.add_argument("--report", action="store_true", help="write the document from the last results")
    args = parser.parse_args()
    for name, quick, full in (("clients", "1,16", "1,16,64,500"), ("rounds", 1, 2), ("seconds", 4, 12),
                              ("longest", 8, 60)):
        if getattr(args, name) is None:
            setattr(args, name, quick if args.quick else full)
    args.networks = args.networks.split(",")
    args.without = args.without.split(",")
    args.clients = [int(n) for n in args.clients.split(",")]
    unknown = [n for n in args.networks if n not in STYLES]
    if unknown:
        parser.error(f"not known: {', '.join(unknown)}")
    if not args.report and not shutil.which("wrk"):
        parser.error("wrk is missing (apt install wrk)")
    return args


def main() -> None:
    args = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # ends the services too
    if not args.report:
        raise_priority(args.nice)
        WORK.mkdir(parents=True, exist_ok=True)
        with_flask = "flask" not in args.without
        python = ensure_venv(with_flask)
        results = {"date": datetime.date.today().isoformat(), "machine": peers.machine(), "nice": args.nice,
                   "rounds": args.rounds, "options": list(UNLIMITED), "tuning": [], "cases": [],
                   "versions": version_of(python, ["flask", "gunicorn", "gevent", "torch"]) if with_flask else {}}
        prepare(python, args)
        measure_all(Bench(python, args), args, results)
    results = json.loads((WORK / "results.json").read_text())
    if args.json:
        print(json.dumps(results, indent=1))
    if not args.dry:
        server_report.write(results, args.docs)


if __name__ == "__main__":
    main()
