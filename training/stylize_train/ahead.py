"""Material that other processes make while the network learns from what they made before."""

import multiprocessing
from typing import Any, Callable

import numpy as np

DEEP = 2  # steps ahead for each process
makers: dict[int, "Ahead"] = {}  # as the processes were forked


def called(key: int, step: int) -> Any:
    return makers[key].made(step)


class Ahead:
    """get(step): make(rng) with a generator of that step's own, so it is the same with any number of processes. turn(step),
    if given, is called before."""

    def __init__(self, make: Callable[[np.random.Generator], Any], seed: int, workers: int = 0,
                 turn: Callable[[int], None] | None = None):
        self.make, self.seed, self.workers, self.turn = make, seed, workers, turn
        self.coming: dict[int, Any] = {}
        if workers:
            self.key = len(makers)
            makers[self.key] = self
            self.pool = multiprocessing.get_context("fork").Pool(workers)

    def made(self, step: int) -> Any:
        if self.turn:
            self.turn(step)
        return self.make(np.random.default_rng([self.seed, step, 1]))

    def get(self, step: int) -> Any:
        if not self.workers:
            return self.made(step)
        for s in range(step, step + DEEP * self.workers):
            if s not in self.coming:
                self.coming[s] = self.pool.apply_async(called, (self.key, s))
        return self.coming.pop(step).get()
