"""One engine in a process of its own, driven by lines of JSON on standard input (see peers.py)."""

import ctypes
import json
import os
import signal
import sys
import warnings

warnings.filterwarnings("ignore")


PR_SET_PDEATHSIG = 1


def answer(engine, request: dict) -> dict:
    if request["do"] == "version":
        return {"version": engine.version()}
    if request["do"] == "load":
        engine.load(request["case"])
        engine.run()
        import numpy as np

        np.save(request["output"], engine.output())
        return {"note": engine.note()}
    return {"seconds": engine.times(request["count"])}


def set_priority(nice: int) -> None:
    """Linux shares processors between sessions first, so a session of its own gets the priority too."""
    if nice:
        os.nice(nice)
        os.setsid()
        try:
            with open("/proc/self/autogroup", "w") as file:
                file.write(str(nice))
        except OSError:
            pass  # a kernel without it


def main() -> None:
    # If peers.py is killed, this process may be stopped and could not notice.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    replies = os.fdopen(os.dup(1), "w")  # what libraries print must not come between
    os.dup2(2, 1)
    os.sched_setaffinity(0, json.loads(sys.argv[2]))
    set_priority(int(sys.argv[3]))
    import engines

    engine = engines.ENGINES[sys.argv[1]]()
    for line in sys.stdin:
        try:
            reply = answer(engine, json.loads(line))
        except Exception as e:  # reported, and the engine is left out of the case
            reply = {"error": f"{type(e).__name__}: {e}"[:300]}
        print(json.dumps(reply), file=replies, flush=True)


if __name__ == "__main__":
    main()
