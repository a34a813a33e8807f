"""python -m stylize_train COMMAND: trains, exports and converts networks of libstylize."""

import argparse
import importlib
import sys
import warnings

from .paths import InputError

COMMANDS = {
    "brush": "train a network with one code for each artwork of a folder",
    "any": "train a network that reads its style from any picture",
    "loss": "train our own loss network from a published one",
    "measure": "steadiness of a network, and its style and content by judges",
    "state": "a checkpoint made small, to be kept and gone on from",
    "export": "checkpoint -> model folder: safetensors, 8-bit weights, TorchScript, ONNX",
    "convert": "published fast_neural_style checkpoint -> model folder (needs no torch but for old .pth)",
}


def parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(prog="stylize_train", formatter_class=argparse.RawDescriptionHelpFormatter,
                                description="Trains, exports and converts the networks of libstylize.",
                                epilog="commands (each has its own --help):\n"
                                + "\n".join(f"  {name:8} {text}" for name, text in COMMANDS.items()))
    p.add_argument("command", choices=COMMANDS, metavar="COMMAND")
    p.add_argument("arguments", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return p


def main(arguments: list[str] | None = None) -> int:
    warnings.filterwarnings("ignore", message=".*torch.jit.*")
    first = parser().parse_args(arguments)
    try:
        try:
            module = importlib.import_module(f".{first.command}", __package__)
        except ModuleNotFoundError as e:
            if e.name in ("torch", "numpy", "PIL", "onnx"):
                raise InputError(f"{first.command} needs the Python package {e.name}: training/pyproject.toml lists them") from e
            raise
        p = argparse.ArgumentParser(prog=f"stylize_train {first.command}", description=COMMANDS[first.command])
        module.add_options(p)
        module.main(p.parse_args(first.arguments))
    except InputError as e:
        print(f"stylize_train: {e}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
