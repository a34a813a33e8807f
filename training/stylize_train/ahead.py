"""Material that other processes make while the network learns from what they made before."""

import multiprocessing
from typing import Any, Callable

import numpy as np

DEEP = 2  # steps ahead for each process
makers: dict[int, Callable[[np.random.Generator], Any]] = {}  # as the processes were forked


def called(key: int, seed: list[int]) -> Any:
    return makers[key](np.random.default_rng(seed))


class Ahead:
    """get(step): make(rng) with a generator of that step's own, so it is the same with any number of processes."""

    def __init__(self, make: Callable[[np.random.Generator], Any], seed: int, workers: int = 0):
        self.make, self.seed, self.workers = make, seed, workers
        self.coming: dict[int, Any] = {}
        if workers:
            self.key = len(makers)
            makers[self.key] = make
            self.pool = multiprocessing.get_context("fork").Pool(workers)

    def get(self, step: int) -> Any:
        if not self.workers:
            return self.make(np.random.default_rng([self.seed, step, 1]))
        for s in range(step, step + DEEP * self.workers):
            if s not in self.coming:
                self.coming[s] = self.pool.apply_async(called, (self.key, [self.seed, s, 1]))
        return self.coming.pop(step).get()
