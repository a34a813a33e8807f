"""The training loop that all subcommands share: seeds, learning rate, checkpoints, previews, progress."""

import argparse
import json
import math
import os
import pathlib
import signal
import sys
import time

import numpy as np
import torch

from .paths import InputError

WARM_UP = 100  # steps
EMA = 0.998
CLIP = 5.0


def add_options(p: argparse.ArgumentParser, minutes: float, out: str | None, lr: float) -> None:
    g = p.add_argument_group("run")
    if out:
        g.add_argument("--out", type=pathlib.Path, default=pathlib.Path(out),
                       help=f"folder of the checkpoint and the previews ({out}); a run found there goes on")
    g.add_argument("--minutes", type=float, default=minutes, help=f"length of the run in all ({minutes:g})")
    g.add_argument("--steps", type=int, help="length in steps instead: the same seed then gives the same network")
    g.add_argument("--piece", type=float, metavar="MINUTES", help="end after so long, saved; the same command then goes on")
    g.add_argument("--lr", type=float, default=lr, help=f"highest learning rate ({lr:g})")
    g.add_argument("--seed", type=int, default=1)
    g.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu", help="cpu, cuda or cuda:N")
    g.add_argument("--threads", type=int, default=torch.get_num_threads(), help="of the processor")
    g.add_argument("--workers", type=int, default=0, metavar="N", help="processes that make style pictures ahead (any, loss; 0)")
    g.add_argument("--save-every", type=float, default=180, metavar="SECONDS")
    g.add_argument("--preview-every", type=float, default=300, metavar="SECONDS")


def check_options(a: argparse.Namespace) -> torch.device:
    """Also sets the seed, which the first weights are drawn from."""
    if a.piece is not None and a.piece <= 0:
        raise InputError("--piece must be above 0")
    if a.minutes <= 0 or (a.steps is not None and a.steps < 1):
        raise InputError("--minutes and --steps must be above 0")
    if not 0 < a.lr <= 1:
        raise InputError("--lr must be above 0 and at most 1")
    if not 0 <= a.workers <= 256:
        raise InputError("--workers must be from 0 to 256")
    if a.threads < 1:
        raise InputError("--threads must be at least 1")
    try:
        device = torch.device(a.device)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as e:
        raise InputError(f"device {a.device} cannot be used: {str(e).splitlines()[0]}") from e
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    return device


def write_whole(path: pathlib.Path, write) -> None:
    """write(temporary path), then rename: never half a file."""
    temporary = path.with_name(path.name + ".tmp")
    try:
        write(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def load_checkpoint(path: pathlib.Path) -> dict:
    """Tensors as torch saves them, all else as JSON: what torch 1.13 reads without running code has no floats."""
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as e:
        raise InputError(f"{path}: no such file") from e
    except Exception as e:  # torch.load has no exception of its own for what is no checkpoint
        raise InputError(f"{path}: not a checkpoint") from e
    if isinstance(checkpoint, dict) and isinstance(checkpoint.get("plain"), str):
        checkpoint |= json.loads(checkpoint.pop("plain"))
    if not isinstance(checkpoint, dict) or not {"net", "ema", "state"} <= checkpoint.keys():
        raise InputError(f"{path}: not a checkpoint of this tool")
    if checkpoint.pop("apart", False):  # `state` made it small
        checkpoint["net"] = {k: checkpoint["ema"][k] + v.float() for k, v in checkpoint["net"].items()}
    return checkpoint


def clock(seconds: float) -> str:
    minutes, s = divmod(int(seconds + 0.5), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{s:02d}" if minutes >= 60 else f"{minutes}:{s:02d}"


def wide(moments: dict) -> dict:
    """The optimiser's numbers as it works with them: `state` keeps them shorter."""
    return {k: {n: v.float() if isinstance(v, torch.Tensor) else v for n, v in row.items()} for k, row in moments.items()}


class Progress:
    """One line that is rewritten on a terminal; elsewhere a line now and then."""

    def __init__(self, name: str):
        self.name, self.shown, self.step, self.live = name, 0.0, -1, sys.stderr.isatty()

    def show(self, part: float, left: float, step: int, figures: dict[str, float], last: bool = False) -> None:
        now = time.monotonic()
        if not last and now - self.shown < (0.5 if self.live else 60):
            return
        if last and step == self.step and not self.live:
            return
        self.shown, self.step = now, step
        bar = "#" * int(20 * part) + "." * (20 - int(20 * part))
        text = " ".join(f"{k} {v:.3f}" for k, v in figures.items())
        line = f"{self.name} [{bar}] {100 * part:3.0f} % step {step} {clock(left)} left  {text}"
        sys.stderr.write(f"\r{line}\x1b[K" + ("\n" if last else "") if self.live else line + "\n")
        sys.stderr.flush()


class Run:
    """A task has: name, net (a module), groups() for the optimiser, loss(rng, part) -> (tensor, figures, pictures),
    extra() for what else belongs into the checkpoint (as JSON), restore(checkpoint), preview(folder); perhaps turn(step),
    before the loss of that step."""

    def __init__(self, task, a: argparse.Namespace, device: torch.device, keep: bool = True):
        self.task, self.a, self.device, self.keep = task, a, device, keep
        self.optimizer = torch.optim.Adam(task.groups(), lr=a.lr, betas=(0.9, 0.99))
        self.factors = [g.get("factor", 1.0) for g in self.optimizer.param_groups]
        self.state = {"step": 0, "pictures": 0, "seconds": 0.0}
        self.ema = {k: v.detach().clone() for k, v in task.net.state_dict().items()}
        self.stopped = False
        self.figures: dict[str, float] = {}
        if keep:
            try:
                a.out.mkdir(parents=True, exist_ok=True)
            except OSError as e:
                raise InputError(f"{a.out}: cannot be made a folder: {e.strerror}") from e
            self.resume()

    @property
    def path(self) -> pathlib.Path:
        return self.a.out / "checkpoint.pt"

    def resume(self) -> None:
        if not self.path.exists():
            return
        c = load_checkpoint(self.path)
        if c.get("kind") != self.task.name:
            raise InputError(f"{self.path}: a run of \"{c.get('kind')}\", not of \"{self.task.name}\"; name another --out")
        try:
            self.task.net.load_state_dict(c["net"])
            self.optimizer.load_state_dict(self.optimizer.state_dict() | {"state": wide(c["opt"])})
        except (RuntimeError, ValueError) as e:
            raise InputError(f"{self.path}: a network of another shape; name another --out") from e
        self.ema = {k: v.to(self.device) for k, v in c["ema"].items()}
        self.state = c["state"]
        self.task.restore(c)
        print(f"goes on at step {self.state['step']} ({clock(self.state['seconds'])} of work so far)", file=sys.stderr)

    def save(self) -> None:
        if not self.keep:
            return
        plain = {"kind": self.task.name, "state": self.state, **self.task.extra()}
        content = {"net": self.task.net.state_dict(), "opt": self.optimizer.state_dict()["state"], "ema": self.ema,
                   "plain": json.dumps(plain)}
        write_whole(self.path, lambda p: torch.save(content, p))

    def preview(self) -> None:
        """With the averaged weights, which are the ones that are exported."""
        if not self.keep:
            return
        own = {k: v.detach().clone() for k, v in self.task.net.state_dict().items()}
        self.task.net.load_state_dict(self.ema)
        self.task.net.eval()
        with torch.no_grad():
            self.task.preview(self.a.out)
        self.task.net.train()
        self.task.net.load_state_dict(own)

    def part(self) -> float:
        if self.a.steps is not None:
            return self.state["step"] / self.a.steps
        return self.state["seconds"] / (60 * self.a.minutes)

    def left(self, part: float, begun: float, started: float) -> float:
        gone = time.monotonic() - started
        return gone * (1 - part) / (part - begun) if part > begun else 60 * self.a.minutes

    def step(self, part: float) -> None:
        step = self.state["step"]
        rng = np.random.default_rng([self.a.seed, step])
        rate = self.a.lr * min(1, (step + 1) / WARM_UP) * (0.5 + 0.5 * math.cos(math.pi * part)) + 1e-6
        for group, factor in zip(self.optimizer.param_groups, self.factors):
            group["lr"] = rate * factor
        if hasattr(self.task, "turn"):
            self.task.turn(step)
        loss, figures, pictures = self.task.loss(rng, part)
        if not torch.isfinite(loss):
            raise InputError(f"step {step}: the loss is not finite; a lower --lr may help, the checkpoint is kept")
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_([p for g in self.optimizer.param_groups for p in g["params"]], CLIP)
        self.optimizer.step()
        self.state["step"] += 1
        self.state["pictures"] += pictures
        keep = min(EMA, (1 + step) / (10 + step))
        with torch.no_grad():
            for k, v in self.task.net.state_dict().items():
                self.ema[k].lerp_(v, 1 - keep)
        for k, v in figures.items():
            old = self.figures.get(k, v)
            self.figures[k] = old + 0.05 * (v - old)

    def go(self) -> dict[str, torch.Tensor]:
        """Returns the averaged weights. An interrupt saves and ends with exit status 130."""
        previous = {s: signal.signal(s, self.stop) for s in (signal.SIGINT, signal.SIGTERM)}
        progress = Progress(self.task.name)
        self.task.net.train()
        started = saved = shown = time.monotonic()
        begun = part = self.part()
        try:
            while part < 1 and not self.stopped:
                before = time.monotonic()
                self.step(part)
                now = time.monotonic()
                self.state["seconds"] += now - before
                part = self.part()
                progress.show(min(1, part), self.left(part, begun, started), self.state["step"], self.figures)
                if self.a.piece and now - started > 60 * self.a.piece:
                    break
                if now - saved > self.a.save_every:
                    self.save()
                    saved = time.monotonic()
                if now - shown > self.a.preview_every:
                    self.preview()
                    shown = time.monotonic()
            self.save()
        finally:
            for s, handler in previous.items():
                signal.signal(s, handler)
        progress.show(min(1, part), 0 if part >= 1 else self.left(part, begun, started), self.state["step"],
                      self.figures, last=True)
        if self.stopped:
            print(f"interrupted; the same command goes on at step {self.state['step']}" if self.keep else "interrupted",
                  file=sys.stderr)
            raise SystemExit(130)
        self.preview()
        if part < 1:
            print(f"this piece ends at step {self.state['step']}; the same command goes on", file=sys.stderr)
        return self.ema

    def stop(self, *_) -> None:
        self.stopped = True
