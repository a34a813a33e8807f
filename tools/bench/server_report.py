"""Writes the section on stylize-server in docs/benchmarks.md from the results of server.py."""

import pathlib
import textwrap

import report

LABELS = ("stylize-server", "Flask", "Flask, channels last")
NAMES = {"brush": "brush", "transformer": "TransformerNet, width 32, random weights"}
SETTLED = 2  # answers for each client before the times mean something


def number(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def cell(result: dict, clients: int) -> str:
    """Answers a second, and p50 and p99 of the time of one; no times where few clients had an answer yet."""
    if result["answers"] < SETTLED * clients:
        return f"{number(result['rate'])} (-)"
    return f"{number(result['rate'])} ({number(result['p50_ms'])}, {number(result['p99_ms'])})"


def lead(services: dict, labels: tuple[str, ...]) -> str:
    rates = [services[label]["rate"] for label in labels if label in services]
    return f"{services['stylize-server']['rate'] / max(rates):.1f}x" if rates and max(rates) else "-"


def tables(results: dict, how: str, title: str) -> list[str]:
    lines = []
    for network in NAMES:
        cases = [c for c in results["cases"] if c["how"] == how and c["network"] == network]
        if not cases:
            continue
        labels = [label for label in LABELS if label in cases[0]["services"]]
        flasks = labels[1:]
        rows = [[str(c["clients"]), *(cell(c["services"][label], c["clients"]) for label in labels),
                 *(lead(c["services"], (label,)) for label in flasks)] for c in cases]
        head = ["clients", *labels, *(f"stylize-server / {label}" for label in flasks)]
        lines += [f"### {NAMES[network]}, {title}", "", *report.table(head, rows)]
    return lines


def settings(results: dict) -> list[str]:
    """How the Flask service ran: what was fastest for one client, and for many."""
    best = [t for t in results["tuning"] if t.get("best")]
    if not best:
        return []
    rows = []
    for label, network in dict.fromkeys((t["service"], t["network"]) for t in best):
        one, many = sorted((t for t in best if (t["service"], t["network"]) == (label, network)),
                           key=lambda t: t["clients"])
        rows.append([f"{label}, {network}", *(f"{t['workers']} x {t['threads']} ({number(t['rate'])})"
                                              for t in (one, many))])
    return ["### Settings of the Flask service", "",
            "Workers and PyTorch threads in each that were fastest when tried for one client and for "
            f"{many['clients']}, with the pictures a second of that trial. All of 1 and the number of processors were "
            "tried.", "", *report.table(["", "one client", "more"], rows)]


def errors(results: dict) -> str:
    found = []
    for case in results["cases"]:
        for label, result in case["services"].items():
            if result["errors"]:
                counts = ", ".join(f"{n} of {status}" for status, n in result["errors"].items())
                found.append(f"{label}, {case['network']} {case['how']}, {case['clients']} clients: {counts}")
    return f"Errors: {'; '.join(found)}." if found else "No request failed in any of these runs."


def levels(results: dict) -> str:
    worst = {}
    for case in results["cases"]:
        for label, result in case["services"].items():
            if "levels" in result:
                worst[label] = max(worst.get(label, 0), result["levels"])
    return "Answers of each uncached run were compared with what the command `stylize` makes of the same pictures: " \
           "those of stylize-server are the same bytes" + \
           "".join(f"; those of {label} differ by {value:.2g} of 255 in the mean" for label, value in worst.items()
                   if label != "stylize-server") + "."


def shipped(results: dict) -> list[str]:
    found = results.get("shipped")
    if not found:
        return []
    counts = ", ".join(f"{n:,} times {status}" for status, n in found["errors"].items()) or "nobody"
    return ["### Limits as shipped", "",
            f"{found['clients']} clients, {found['network']} uncached, all limits but the rate of one client as they are, "
            f"and clients that wait a second when they are refused: {number(found['rate'])} pictures a second; refused: "
            f"{counts}.", ""]


def section(results: dict) -> str:
    machine = results["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    priority = f", all with priority {results['nice']}" if results["nice"] else ""
    flask = " Beside it a Flask service with the same networks in PyTorch (`tools/bench/flask_service`; " \
            f"{versions}): as TorchScript loads them, and with tensors in channels-last order, each with the number of " \
            "workers and threads that is best for it." if results["versions"] else ""
    lines = [
        report.SERVER_HEADING, "",
        f"Measured on {results['date']} by `make bench-server` (`tools/bench/server.py`): {machine['cpu']}, "
        f"{machine['processors']} processors, which services and the load generator wrk share; the load of the machine "
        f"was {machine['load']:.1f} at the start{priority}. {machine['system']}.{flask}", "",
        "512x512 JPEG of 90 kB in a form, JPEG of quality 92 without subsampling out. Figures are answers of status 200 "
        "a second, and in brackets the times of one answer in milliseconds, median and 99th percentile; (-): fewer than "
        f"{SETTLED} answers for each client within the run. Each client sends its next request when it has its answer. "
        + (f"The better of {results['rounds']} interleaved rounds counts. " if results["rounds"] > 1 else "") +
        "In uncached runs every request is a file that was not seen before. So that all do the same work, stylize-server "
        f"refuses nobody and makes nothing smaller: `{' '.join(results['options'])}`. "
        f"{errors(results)} {levels(results)}", "",
    ]
    lines += tables(results, "uncached", "uncached")
    lines += tables(results, "cached", "from the cache")
    lines += shipped(results)
    lines += settings(results)
    wrapped = [line if line.startswith("|") else textwrap.fill(line, 118, break_on_hyphens=False) for line in lines]
    return "\n".join(wrapped).rstrip() + "\n"


def write(results: dict, docs: pathlib.Path) -> None:
    path = docs / "benchmarks.md"
    rest, _ = report.split_server(path.read_text() if path.exists() else "# Benchmarks\n")
    path.write_text(rest.rstrip() + "\n\n" + section(results))
