"""Small pictures, a scratch folder, and running the command: what the tests of the command share."""
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from patience import PATIENCE, wait  # noqa: E402

CLI = os.environ.get("STYLIZE_CLI", str(ROOT / "build/release/bin/stylize"))
EXAMPLES = os.environ.get("STYLIZE_EXAMPLES", str(ROOT / "build/release/examples"))
PHOTO = ROOT / "examples/data/photo.jpg"
ARTWORK = ROOT / "examples/data/artwork.jpg"


def png(width, height, seed=1, alpha=False, gray=None):
    """A PNG file with a pattern that no two seeds share, or all of one grey."""
    channels = 4 if alpha else 3
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        for x in range(width):
            pixel = [(x * 5 + seed * 40) % 256, (y * 7 + seed) % 256, (x * y + seed * 13) % 256, (x * 4) % 256]
            rows += bytes(pixel[:channels] if gray is None else [gray] * channels)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 6 if alpha else 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(rows))) +
            chunk(b"IEND", b""))


def gray_png(width, height, rows):
    """A grey PNG of rows that begin with their filter."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def png_size(data):
    assert data[:8] == b"\x89PNG\r\n\x1a\n", data[:8]
    return struct.unpack(">II", data[16:24])


def kind(data):
    """Format of an encoded picture by its first bytes."""
    if data[:2] == b"\xff\xd8" and data[-2:] == b"\xff\xd9":
        return "jpeg"
    if data[:8] == b"\x89PNG\r\n\x1a\n" and data[-8:-4] == b"IEND":
        return "png"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP" and struct.unpack("<I", data[4:8])[0] + 8 == len(data):
        return "webp"
    if data[:4] == b"II*\0":
        return "tiff"
    return "nothing known or cut short"


class CliTest(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="stylize-cli-"))
        self.addCleanup(self.remove_dir)

    def remove_dir(self):
        for path, _, _ in os.walk(self.dir):
            os.chmod(path, 0o700)
        shutil.rmtree(self.dir)

    def path(self, name):
        return str(self.dir / name)

    def write(self, name, data):
        path = self.dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return str(path)

    def read(self, name):
        return (self.dir / name).read_bytes()

    def files(self, name="."):
        top = self.dir / name
        return sorted(str(p.relative_to(top)) for p in top.rglob("*") if p.is_file())

    def start(self, *args, **more):
        more.setdefault("stdin", subprocess.DEVNULL)
        more.setdefault("stdout", subprocess.PIPE)
        more.setdefault("stderr", subprocess.PIPE)
        return subprocess.Popen([CLI, *map(str, args)], cwd=self.dir, **more)

    def run_cli(self, *args, **more):
        """Runs the command to its end: exit code, standard output (bytes), standard error (text)."""
        data = more.pop("input", None)
        if data is not None:
            more["stdin"] = subprocess.PIPE
        process = self.start(*args, **more)
        out, err = process.communicate(data, timeout=PATIENCE)
        return process.returncode, out, err.decode(errors="replace")

    def ok(self, *args, **more):
        code, out, err = self.run_cli(*args, **more)
        self.assertEqual(code, 0, err)
        return out

    def have(self, name):
        """Whether the build reads pictures of this kind."""
        return name in json.loads(self.ok("info", "--json"))["formats"]

    def fails(self, code, text, *args, **more):
        """The command must end with `code` and say `text` in one line."""
        got, out, err = self.run_cli(*args, **more)
        self.assertEqual(got, code, (args, err))
        lines = [line for line in err.splitlines() if line.startswith("stylize: ")]
        self.assertEqual(len(lines), 1, err)
        self.assertIn(text, lines[0])
        return err
