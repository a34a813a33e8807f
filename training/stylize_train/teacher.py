"""The teacher of `any`: a published network, which shows paintings and is not copied."""

import pathlib

import torch

from . import published
from .paths import InputError


class MicroAST(published.MicroAST):
    def __init__(self, folder: pathlib.Path):
        missing = [p for p in self.PARTS if not (pathlib.Path(folder) / f"{p}.npz").is_file()]
        if missing:
            raise InputError(f"{folder}: no {missing[0]}.npz: not MicroAST's folder")
        super().__init__(folder)
        self.eval().requires_grad_(False)
