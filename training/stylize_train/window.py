"""Any number of picture files, of which so many at a time are in memory and drawn from: the window moves on with the steps
of a run. Which pictures are in it depends on the step alone, so a run that goes on draws what it would have drawn."""

import os
import pathlib
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Sequence

import numpy as np

from .paths import InputError, PictureError

SIZE = 512  # pictures, of about 2 MB each
MOVED = 2  # of them are others in the next step
CHILD = 64  # pictures that a forked process keeps besides those it was born with


class Window(Sequence[np.ndarray]):
    """As a list of pictures. A file that cannot be read is left out with a line, and the next one stands in for it."""

    def __init__(self, files: Sequence[pathlib.Path], load: Callable[[pathlib.Path], np.ndarray], size: int | None = None):
        self.files, self.load, self.size = list(files), load, size or SIZE
        self.first, self.process = 0, os.getpid()
        self.read: dict[int, np.ndarray] = {}  # by the number of the file
        self.own: list[int] = []  # those that a forked process has read itself
        self.bad: set[int] = set()
        if len(self.files) <= self.size:  # read at once, before others are forked
            with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
                list(pool.map(self.fetch, range(len(self.files))))
        self.picture(0)

    def __len__(self) -> int:
        return min(len(self.files), self.size)

    def number(self, i: int) -> int:
        """Of the file that is drawn as i."""
        if not -len(self) <= i < len(self):
            raise IndexError(i)
        return (self.first + i % len(self)) % len(self.files)

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return [self[k] for k in range(*i.indices(len(self)))]
        return self.picture(self.number(int(i)))

    def turn(self, step: int) -> None:
        """To where it is in that step."""
        n = len(self.files)
        if n <= self.size:
            return
        self.first = step * MOVED % n
        for k in [k for k in self.read if (k - self.first) % n >= self.size]:
            del self.read[k]

    def picture(self, number: int) -> np.ndarray:
        n = len(self.files)
        for k in range(number, number + n):
            found = self.fetch(k % n)
            if found is not None:
                return found
        raise InputError(f"none of the {n} pictures can be read")

    def fetch(self, number: int) -> np.ndarray | None:
        if number in self.bad:
            return None
        if number in self.read:
            return self.read[number]
        try:
            picture = self.load(self.files[number])
        except PictureError as e:
            self.bad.add(number)
            print(f"{e}; it is left out", file=sys.stderr)
            return None
        self.read[number] = picture
        if os.getpid() != self.process:  # there may be many
            self.own = [k for k in self.own if k in self.read] + [number]
            while len(self.own) > CHILD:
                del self.read[self.own.pop(0)]
        return picture


def turn(pictures: Any, step: int) -> None:
    """Pictures that have no window, as lists, stay as they are."""
    if hasattr(pictures, "turn"):
        pictures.turn(step)
