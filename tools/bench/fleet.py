#!/usr/bin/env python3
"""How far a fleet grows with its machines: fleet.py measure | simulate [--svg FILE].

`measure` takes from the programs themselves what a request costs each part (processor time of nginx, server, Redis
and worker, bytes on the wire), and writes it to build/fleet-costs.json. `simulate` runs requests through queues with
these costs, for 1 to 64 machines that paint, and prints where throughput ends and which part ends it.
What is assumed and not measured stands in ASSUMED. Start it by the Python of tools/fleet/run.sh.
"""
import argparse
import heapq
import json
import os
import pathlib
import re
import shutil
import sys
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
COSTS = SOURCE / "build/fleet-costs.json"
MACHINES = (1, 2, 4, 8, 16, 32, 64)
ASSUMED = {
    "cores_per_machine": 2,  # that paint; as the machine it was measured on
    "edge_cores": 2,
    "link_bytes_per_second": 125e6,  # of the machine with nginx: 1 Gbit/s; LINKS are tried in turn
    "store_seconds": 0.02,  # of an object store for one request; any number at a time
    "hit_ratio": 0.3,  # of requests that a cache answers
}


LINKS = {"1 Gbit/s": 125e6, "10 Gbit/s": 1250e6}


# What a request costs

def cpu_seconds(pids):
    """Of all their threads, as the scheduler counts it: finer than the ticks of /proc/PID/stat."""
    return sum(int((task / "schedstat").read_text().split()[0])
               for pid in pids for task in pathlib.Path(f"/proc/{pid}/task").iterdir()) / 1e9


def family(pid):
    """The process and those below it."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid] + [p for child in children for p in family(int(child))]


class Meter:
    """Processor time of parts between two moments, by request."""

    def __init__(self, **parts):
        self.parts = parts
        self.begin = self.now()

    def now(self):
        return {name: cpu_seconds(family(part.process.pid)) for name, part in self.parts.items()}

    def per(self, count):
        end = self.now()
        return {name: (end[name] - self.begin[name]) / count for name in self.parts}


def measure(count):
    sys.path.insert(0, str(SOURCE / "tools/fleet"))
    import hosts
    import load
    import parts
    folder = SOURCE / "build/fleet-costs"
    shutil.rmtree(folder, ignore_errors=True)
    machines = hosts.Hosts(["edge", "server1", "server2", "server3", "redis", "store", "worker1"])
    machines.real = False
    redis, store = parts.Redis(machines, "redis", folder), parts.Store(machines, "store", folder)
    shared = ["--redis", redis.url(0), "--broker", redis.url(1), "--storage", f"s3://{parts.BUCKET}",
              "--storage-endpoint", store.endpoint, "--cache-memory", "0", "--trusted-proxy", "127.0.0.0/8"]
    server = parts.Server(machines, "server1", folder, *shared)
    worker = parts.Worker(machines, "worker1", folder, redis, store)
    edge = parts.Edge(machines, "edge", folder, [server] * 3)
    running = [redis, store, server, worker, edge]
    http = load.pool()
    try:
        for part in running:
            part.start().ready()
        costs = {"photo_bytes": len(load.Wish.photos["photo.jpg"]), "output_size": 512, "requests": count}
        costs |= measure_requests(http, edge, server, redis, count)
        costs |= measure_jobs(http, edge, worker, redis, server, count)
    finally:
        for part in reversed(running):
            part.stop()
    COSTS.write_text(json.dumps(costs, indent=1) + "\n")
    print(json.dumps(costs, indent=1))


def form(load, number):
    return {"content_image": ("photo.jpg", load.Wish.photos["photo.jpg"], "image/jpeg"), "style_id": "udnie",
            "output_size": "512", "strength": f"{1 - number / 10000}"}


def measure_requests(http, edge, server, redis, count):
    import load

    def ask(number):
        answer = http.request("POST", edge.url + "/api/v1/style-transfer", fields=form(load, number),
                              headers={"Accept": "image/jpeg"})
        assert answer.status == 200, answer.data
        return len(answer.data), answer.headers["X-Stylize-Cache"]
    ask(10**4 - 1)
    meter = Meter(edge=edge, server=server, redis=redis)
    answers = [ask(n) for n in range(count)]
    assert {state for _, state in answers} == {"miss"}
    time.sleep(1)  # what is stored after the answer belongs to it
    miss = meter.per(count)
    meter = Meter(edge=edge, server=server, redis=redis)
    rounds = 5
    for _ in range(rounds):
        assert {ask(n)[1] for n in range(count)} == {"hit"}
    hit = meter.per(rounds * count)
    return {"miss": miss, "hit": hit, "result_bytes": sum(size for size, _ in answers) / count}


def measure_jobs(http, edge, worker, redis, server, count):
    import load
    meter = Meter(edge=edge, server=server, redis=redis, worker=worker)
    began = time.monotonic()
    paths = []
    for n in range(count):
        answer = http.request("POST", edge.url + "/api/v1/jobs", fields=form(load, 5000 + n))
        assert answer.status == 202, answer.data
        paths.append("/api/v1/jobs/" + json.loads(answer.data)["id"])
    for path in paths:
        while json.loads(http.request("GET", edge.url + path).data)["state"] != "done":
            time.sleep(0.05)
    took = time.monotonic() - began
    job = meter.per(count)
    log = (worker.folder / "log").read_text()
    inside = [float(s) for s in re.findall(r"succeeded in ([\d.]+)s", log)][-count:]
    return {"job": job, "job_seconds_in_worker": sum(inside) / len(inside), "job_seconds_each": took / count}


# Queues

class Station:
    """Some equal places, first come first served."""

    def __init__(self, name, places):
        self.name, self.free, self.queue, self.busy, self.places = name, places, [], 0.0, places


class Simulation:
    """Requests that each visit stations in turn; as many at a time as there are clients."""

    def __init__(self, stations, route, clients, total):
        self.stations, self.route, self.total = {s.name: s for s in stations}, route, total
        self.events, self.now, self.started, self.done, self.order = [], 0.0, 0, 0, 0
        for _ in range(min(clients, total)):
            self.arrive()
        while self.events:
            self.now, _, call = heapq.heappop(self.events)
            call()

    def after(self, seconds, call):
        self.order += 1
        heapq.heappush(self.events, (self.now + seconds, self.order, call))

    def arrive(self):
        if self.started < self.total:
            self.started += 1
            self.visit(iter(self.route(self.started)))

    def visit(self, steps):
        step = next(steps, None)
        if step is None:
            self.done += 1
            self.arrive()
            return
        name, seconds = step
        if name is None:  # waits without holding anything
            self.after(seconds, lambda: self.visit(steps))
            return
        station = self.stations[name]
        if station.free:
            self.serve(station, seconds, steps)
        else:
            station.queue.append((seconds, steps))

    def serve(self, station, seconds, steps):
        station.free -= 1
        station.busy += seconds

        def leave():
            station.free += 1
            if station.queue:
                self.serve(station, *station.queue.pop(0))
            self.visit(steps)
        self.after(seconds, leave)


# What nginx takes in it sends on: photograph and painting go over its link once in each direction.

def requests_of(costs, a):
    """The way of a request that waits for its picture."""
    wire = (costs["photo_bytes"] + costs["result_bytes"]) / a["link_bytes_per_second"]

    def route(number):
        # Spread evenly over the requests, so that every run is the same.
        hit = int(number * a["hit_ratio"]) != int((number - 1) * a["hit_ratio"])
        c = costs["hit" if hit else "miss"]
        yield "link of nginx", wire
        yield "nginx", c["edge"]
        yield "Redis", c["redis"]
        yield "servers", c["server"]
    return route


def jobs_of(costs, a):
    """The way of a job: the worker fetches from the store and puts there, and waits for it with its process."""
    wire = (costs["photo_bytes"] + costs["result_bytes"]) / a["link_bytes_per_second"]
    c = costs["job"]

    def route(_):
        yield "link of nginx", wire
        yield "nginx", c["edge"]
        yield "servers", c["server"]
        yield None, a["store_seconds"]
        yield "Redis", c["redis"]
        yield "workers", c["worker"] + 2 * a["store_seconds"]
    return route


def run(kind, machines, costs, a):
    """Requests a second with every client always waiting for one, and how busy each part was."""
    if kind == "requests":
        places = {"servers": machines * a["cores_per_machine"]}
        route = requests_of(costs, a)
    else:  # servers only hand on; a machine of them for every sixteen of workers
        places = {"workers": machines * a["cores_per_machine"], "servers": 2 * (1 + machines // 16)}
        route = jobs_of(costs, a)
    places |= {"nginx": a["edge_cores"], "link of nginx": 1, "Redis": 1}
    stations = [Station(name, n) for name, n in places.items()]
    clients = 4 * machines * a["cores_per_machine"] + 16
    s = Simulation(stations, route, clients, 400 * machines + 2000)
    busy = {station.name: station.busy / station.places / s.now for station in stations}
    return s.done / s.now, busy


def simulate_one(kind, machines, costs, a):
    rate, busy = run(kind, machines, costs, a)
    most = max(busy, key=busy.get)
    print(f"| {machines} | {rate:.0f} | {most} {busy[most]:.0%} | "
          + ", ".join(f"{name} {share:.0%}" for name, share in busy.items() if name != most) + " |")
    return machines, rate


def simulate(svg):
    costs = json.loads(COSTS.read_text())
    curves = {}
    for kind in ("requests", "jobs"):
        for link, rate in LINKS.items():
            a = ASSUMED | {"link_bytes_per_second": rate}
            print(f"\n{kind}, {link}: machines that paint, pictures a second, busiest part, the others")
            curves[f"{kind}, {link}"] = [simulate_one(kind, machines, costs, a) for machines in MACHINES]
            print(json.dumps(ceilings(costs, a), indent=1))
    if svg:
        pathlib.Path(svg).write_text(draw(curves))


def ceilings(costs, a):
    h = a["hit_ratio"]
    mean = {part: h * costs["hit"][part] + (1 - h) * costs["miss"][part] for part in ("edge", "server", "redis")}
    wire = costs["photo_bytes"] + costs["result_bytes"]
    return {"requests: a core that paints": round(1 / mean["server"], 1),
            "requests: nginx": round(a["edge_cores"] / mean["edge"]), "requests: Redis": round(1 / mean["redis"]),
            "both: link of nginx": round(a["link_bytes_per_second"] / wire),
            "jobs: a process of a worker": round(1 / (costs["job"]["worker"] + 2 * a["store_seconds"]), 1),
            "jobs: Redis": round(1 / costs["job"]["redis"]), "jobs: a core of a server": round(1 / costs["job"]["server"])}


def draw(curves):
    """Both axes logarithmic, so that a straight line is growth without loss."""
    import math
    width, height, left, top = 680, 380, 60, 20
    most = max(rate for curve in curves.values() for _, rate in curve)
    least = min(rate for curve in curves.values() for _, rate in curve)
    low, high = math.floor(math.log2(least)), math.ceil(math.log2(most))

    def x(machines):
        return left + math.log2(machines) / math.log2(MACHINES[-1]) * (width - left - 130)

    def y(rate):
        return top + (high - math.log2(rate)) / (high - low) * (height - top - 50)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
           f'<rect width="{width}" height="{height}" fill="#fff"/>']
    for power in range(low, high + 1):
        out.append(f'<path d="M{left} {y(2**power):.1f}H{width - 130}" stroke="#ddd"/>'
                   f'<text x="{left - 8}" y="{y(2**power) + 4:.1f}" text-anchor="end">{2**power:g}</text>')
    for machines in MACHINES:
        out.append(f'<text x="{x(machines):.1f}" y="{height - 28}" text-anchor="middle">{machines}</text>')
    out.append(f'<text x="{(left + width - 130) / 2}" y="{height - 8}" text-anchor="middle">machines that paint</text>'
               f'<text transform="translate(14 {height / 2}) rotate(-90)" text-anchor="middle">pictures a second</text>')
    taken = []
    for (kind, curve), colour in zip(curves.items(), ("#1b6ca8", "#6aa9dc", "#c0552b", "#e39a7b")):
        first = curve[0][1]
        ideal = " ".join(f"{x(m):.1f},{y(min(first * m, 2**high)):.1f}" for m in MACHINES if first * m <= 2**high)
        label = y(curve[-1][1]) + 4
        while any(abs(label - other) < 13 for other in taken):
            label += 13
        taken.append(label)
        line = " ".join(f"{x(m):.1f},{y(rate):.1f}" for m, rate in curve)
        out.append(f'<polyline points="{ideal}" fill="none" stroke="{colour}" stroke-dasharray="3 4" opacity="0.6"/>'
                   f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>'
                   f'<text x="{x(curve[-1][0]) + 8:.1f}" y="{label:.1f}" fill="{colour}">{kind}</text>')
    return "\n".join(out) + "\n</svg>\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("measure", "simulate"))
    parser.add_argument("--count", type=int, default=40, help="requests of each kind to measure [40]")
    parser.add_argument("--svg", help="draw the curves into this file")
    options = parser.parse_args()
    if options.what == "measure":
        measure(options.count)
    elif COSTS.exists():
        simulate(options.svg)
    else:
        raise SystemExit(f"fleet: {COSTS} is not there; run measure first")


if __name__ == "__main__":
    main()
