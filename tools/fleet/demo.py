#!/usr/bin/env python3
"""A fleet on one machine, under load, with a server, a worker and Redis killed once each: demo.py [--seconds N].

nginx before three servers, Redis, two Celery workers, an object store; a network namespace for each where this runs
as root. It exits with 0 if no request was lost, no picture was wrong and the caches were shared.
"""
import argparse
import hashlib
import json
import pathlib
import re
import shutil
import statistics
import sys
import threading
import time

import hosts
import load
import parts

SOURCE = pathlib.Path(__file__).resolve().parents[2]
NAMES = ["edge", "server1", "server2", "server3", "redis", "store", "worker1", "worker2", "alone"]
DOWN = 4  # seconds between a kill and the new start


class Fleet:
    def __init__(self, machines, folder):
        self.redis = parts.Redis(machines, "redis", folder)
        self.store = parts.Store(machines, "store", folder)
        shared = ["--redis", self.redis.url(0), "--broker", self.redis.url(1), "--storage", f"s3://{parts.BUCKET}",
                  "--storage-endpoint", self.store.endpoint, "--cache-memory", "4M", "--trusted-proxy",
                  f"{machines.address('edge')}/32"]
        self.servers = [parts.Server(machines, f"server{n}", folder, *shared) for n in (1, 2, 3)]
        self.workers = [parts.Worker(machines, f"worker{n}", folder, self.redis, self.store) for n in (1, 2)]
        self.edge = parts.Edge(machines, "edge", folder, self.servers)
        self.alone = parts.Server(machines, "alone", folder, "--cache-memory", "0")

    def start(self):
        for part in (self.redis, self.store):
            part.start().ready()
        for part in self.servers + self.workers:
            part.start()
        for part in self.servers + self.workers:
            part.ready()
        self.edge.start().ready()

    def stop(self):
        for part in [self.edge, self.alone, *self.servers, *self.workers, self.store, self.redis]:
            part.stop()


def kill_in_turn(fleet, seconds, log):
    """A server, a worker and Redis, at a quarter, half and three quarters of the time."""
    began = time.monotonic()
    for share, part in ((0.25, fleet.servers[1]), (0.5, fleet.workers[0]), (0.75, fleet.redis)):
        time.sleep(max(0, began + seconds * share - time.monotonic()))
        part.kill()
        log.append({"part": part.name, "killed": round(time.monotonic() - began, 1)})
        say(f"{part.name} was killed")
        time.sleep(DOWN)
        part.start().ready()
        log[-1]["back"] = round(time.monotonic() - began, 1)
        say(f"{part.name} is back")


def say(text):
    print(f"fleet: {text}", flush=True)


def hits(fleet):
    """Results by where servers had them from; a server that was killed has counted since its new start only."""
    found = {}
    http = load.pool()
    for server in fleet.servers:
        text = http.request("GET", server.url + "/metrics").data.decode()
        for tier, result, count in re.findall(
                r'stylize_cache_requests_total\{tier="(\w+)",result="(\w+)"\} (\d+)', text):
            found.setdefault(f"{tier} {result}", {})[server.name] = int(count)
    return found


def shared(fleet):
    """What one server painted, another has: asked past nginx, one after the other."""
    http, states = load.pool(), []
    wish = load.Wish(load.random.Random("shared"), False)
    for server in fleet.servers:
        answer = http.request("POST", server.url + "/api/v1/style-transfer", fields=wish.form(),
                              headers={"Accept": "image/jpeg"})
        states.append((answer.headers.get("X-Stylize-Cache"), hashlib.sha256(answer.data).hexdigest()))
        time.sleep(1)  # it goes to the shared caches after the answer
    return [state for state, _ in states] == ["miss", "hit", "hit"] and len({h for _, h in states}) == 1


def wrong(fleet, book, limit):
    """Wishes whose answers differ from each other, or from what a server without any cache paints."""
    bad = [key for key, found in book.hashes.items() if len(found) > 1]
    fleet.alone.start().ready()
    http = load.pool()
    compared = list(book.wishes.values())[:limit]
    for wish in compared:
        answer = http.request("POST", fleet.alone.url + "/api/v1/style-transfer", fields=wish.form(),
                              headers={"Accept": "image/jpeg"})
        if answer.status != 200 or hashlib.sha256(answer.data).hexdigest() not in book.hashes[wish.key]:
            bad.append(wish.key)
    return bad, len(compared)


def figures(seconds):
    if not seconds:
        return None
    ordered = sorted(seconds)
    return {"count": len(ordered), "median_s": round(statistics.median(ordered), 3),
            "p95_s": round(ordered[int(len(ordered) * 0.95)], 3), "max_s": round(ordered[-1], 3)}


def report(book, kills, cache, is_shared, bad, compared, seconds, machines):
    kinds = {kind: figures([took for k, _, took, _ in book.answers if k == kind]) for kind in ("paint", "job")}
    again = sum(1 for *_, sendings in book.answers if sendings > 1)
    return {"seconds": seconds, "hosts": "network namespaces" if machines.real else "addresses of loopback",
            "paintings": kinds["paint"], "jobs": kinds["job"], "jobs_accepted": book.jobs_accepted,
            "sent_again_by_clients": again, "sendings": {str(k): v for k, v in sorted(book.sendings.items(), key=str)},
            "kills": kills, "different_pictures": len(book.hashes), "compared_with_a_lone_server": compared,
            "wrong": [list(map(str, key)) for key in bad], "lost": book.lost, "cache": cache, "cache_is_shared": is_shared}


def run(fleet, options, machines):
    say(f"starting: {', '.join(n for n in NAMES if n != 'alone')} on {'namespaces' if machines.real else 'loopback'}")
    fleet.start()
    is_shared = shared(fleet)
    say(f"load for {options.seconds} s: {options.painters} clients that wait, {options.jobs} that hand in jobs")
    book, kills = load.Book(), []
    end = time.monotonic() + options.seconds
    clients = [load.Client("paint" if n < options.painters else "job", fleet.edge.url, book, end, options.pause, n)
               for n in range(options.painters + options.jobs)]
    killer = threading.Thread(target=kill_in_turn, args=(fleet, options.seconds, kills), daemon=True)
    for thread in [*clients, killer]:
        thread.start()
    for thread in [*clients, killer]:
        thread.join()
    cache = hits(fleet)
    bad, compared = wrong(fleet, book, options.compare)
    return report(book, kills, cache, is_shared, bad, compared, options.seconds, machines)


def judge(result):
    """What a run must have shown, beyond having ended."""
    faults = [f"lost: {line}" for line in result["lost"]]
    faults += [f"wrong picture: {key}" for key in result["wrong"]]
    if result["jobs"] is None or result["paintings"] is None:
        faults.append("nothing was painted")
    elif result["jobs"]["count"] != result["jobs_accepted"]:
        faults.append(f"{result['jobs_accepted']} jobs were accepted, {result['jobs']['count']} were done")
    if [k["part"] for k in result["kills"] if "back" in k] != ["server2", "worker1", "redis"]:
        faults.append(f"not all parts were killed and came back: {result['kills']}")
    if not result["cache_is_shared"]:
        faults.append("a server did not have what another had painted")
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=600, help="of load, at least 40 [600]")
    parser.add_argument("--painters", type=int, default=4, help="clients that wait for their picture [4]")
    parser.add_argument("--jobs", type=int, default=2, help="clients that hand in jobs [2]")
    parser.add_argument("--pause", type=float, default=0.3, help="mean seconds between requests of a client [0.3]")
    parser.add_argument("--compare", type=int, default=300, help="pictures to paint again on a lone server [300]")
    parser.add_argument("--folder", type=pathlib.Path, default=SOURCE / "build/fleet", help="of logs and report [build/fleet]")
    options = parser.parse_args()
    folder = options.folder.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    with hosts.Hosts(NAMES) as machines:
        fleet = Fleet(machines, folder)
        try:
            result = run(fleet, options, machines)
        finally:
            fleet.stop()
    (folder / "report.json").write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps({k: v for k, v in result.items() if k not in ("lost", "wrong")}, indent=1))
    faults = judge(result)
    for fault in faults[:20]:
        say(fault)
    say("no request was lost, no picture was wrong" if not faults else f"{len(faults)} faults; logs in {folder}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
