"""run.py EXAMPLES: each program of examples/ does what its first lines say, with the shipped networks."""

import contextlib
import http.client
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from patience import PATIENCE  # noqa: E402

PHOTO = ROOT / "examples" / "data" / "photo.jpg"  # 1024 x 768
PROGRAMS = pathlib.Path(sys.argv.pop())
BODY_MAX = 16 << 20


def size_of(jpeg: bytes) -> tuple[int, int]:
    """Width and height, from the frame header."""
    assert jpeg[:2] == b"\xff\xd8" and jpeg[-2:] == b"\xff\xd9", jpeg[:16]
    at = 2
    while jpeg[at + 1] not in (0xc0, 0xc1, 0xc2):
        at += 2 + int.from_bytes(jpeg[at + 2:at + 4], "big")
    return int.from_bytes(jpeg[at + 7:at + 9], "big"), int.from_bytes(jpeg[at + 5:at + 7], "big")


def form(**fields: bytes) -> tuple[bytes, dict[str, str]]:
    parts = [b'--frontier\r\nContent-Disposition: form-data; name="%s"; filename="x"\r\n\r\n%s\r\n' % (k.encode(), v)
             for k, v in fields.items()]
    return b"".join(parts) + b"--frontier--\r\n", {"Content-Type": "multipart/form-data; boundary=frontier"}


class Programs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_program(self, *command) -> subprocess.CompletedProcess:
        return subprocess.run([PROGRAMS / command[0], *map(str, command[1:])], capture_output=True, text=True)

    def test_minimal(self):
        result = self.run_program("minimal", PHOTO, "starry_night", self.folder / "painted.jpg")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(size_of((self.folder / "painted.jpg").read_bytes()), (1024, 768))

    def test_minimal_says_what_is_wrong(self):
        result = self.run_program("minimal", PHOTO, "nope", self.folder / "painted.jpg")
        self.assertEqual(result.returncode, 1)
        self.assertIn('"nope"', result.stderr)
        self.assertEqual(self.run_program("minimal").returncode, 2)

    def test_batch(self):
        for name in ("a", "b", "c"):
            (self.folder / f"{name}.jpg").write_bytes(PHOTO.read_bytes())
        out = self.folder / "painted"
        out.mkdir()
        result = self.run_program("batch", "udnie", out, *sorted(self.folder.glob("*.jpg")))
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("3 painted", result.stdout)
        self.assertEqual([size_of((out / f"{n}.jpg").read_bytes()) for n in "abc"], [(768, 512)] * 3)

    def test_batch_goes_on_after_a_bad_file(self):
        result = self.run_program("batch", "udnie", self.folder, __file__, PHOTO)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr.count("\n"), 1)
        self.assertTrue((self.folder / "photo.jpg").exists())


@unittest.skipUnless((PROGRAMS / "http").exists(), "built without libmicrohttpd")
class Http(unittest.TestCase):
    def setUp(self):
        self.process = subprocess.Popen([PROGRAMS / "http", "0"], stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.process.stderr.close)
        self.addCleanup(self.process.wait)
        self.addCleanup(self.process.kill)
        line = self.process.stderr.readline()
        self.port = int(re.fullmatch(r"http://127\.0\.0\.1:(\d+)/, .*\n", line)[1])

    def tearDown(self):
        """A sanitizer's findings, leaks too, are in the exit status."""
        self.process.send_signal(signal.SIGTERM)
        said = self.process.stderr.read()
        self.assertEqual((self.process.wait(PATIENCE), said), (0, ""))

    def ask(self, method: str, path: str = "/", body: bytes | None = None, headers: dict[str, str] | None = None):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)) as connection:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.headers, response.read()

    def refused(self, status: int, text: str, *request) -> None:
        got, headers, body = self.ask(*request)
        self.assertEqual(got, status, body[:200])
        self.assertTrue(headers["Content-Type"].startswith("text/plain"))
        self.assertIn(text, body.decode())
        self.assertEqual(body.count(b"\n"), 1)
        self.assertTrue(body.endswith(b"\n"))

    def post(self, **fields: bytes):
        return ("POST", "/", *form(**fields))

    def test_a_photograph_becomes_a_painting(self):
        status, headers, body = self.ask(*self.post(style=b"starry_night", picture=PHOTO.read_bytes()))
        self.assertEqual((status, headers["Content-Type"]), (200, "image/jpeg"))
        self.assertEqual(size_of(body), (1024, 768))
        self.assertNotEqual(body, PHOTO.read_bytes())

    def test_get_says_how(self):
        self.refused(200, "POST a form", "GET")
        status, _, body = self.ask("HEAD")
        self.assertEqual((status, body), (200, b""))

    def test_what_is_missing(self):
        photo = PHOTO.read_bytes()
        self.refused(400, "picture", *self.post(style=b"udnie"))
        self.refused(400, "picture", *self.post(style=b"udnie", picture=b""))
        self.refused(400, "style", *self.post(picture=photo))
        self.refused(400, "form", "POST", "/", photo, {"Content-Type": "image/jpeg"})
        self.refused(400, "form", "POST", "/", b"")
        self.refused(400, "form", "POST", "/", b"style=udnie", {"Content-Type": "application/x-www-form-urlencoded"})

    def test_what_is_wrong(self):
        photo = PHOTO.read_bytes()
        self.refused(422, '"nope"', *self.post(style=b"nope", picture=photo))
        self.refused(400, "style", *self.post(style=b"x" * 100, picture=photo))
        self.refused(422, "JPEG", *self.post(style=b"udnie", picture=b"hello"))
        self.refused(422, "cut short", *self.post(style=b"udnie", picture=photo[:2000]))
        self.refused(422, "unsupported", *self.post(style=b"udnie", picture=photo.replace(b"\xff\xc0", b"\xff\xc3", 1)))

    def test_a_field_without_a_name(self):
        body, headers = form(style=b"udnie", picture=b"x")
        self.refused(400, "form", "POST", "/", body.replace(b'; name="style"', b"").replace(b'; name="picture"', b""), headers)

    def test_too_large(self):
        body, headers = form(style=b"udnie", picture=bytes(BODY_MAX))
        self.refused(413, "16 MiB", "POST", "/", body, headers)
        half = body[:BODY_MAX // 2]
        self.refused(413, "16 MiB", "POST", "/", iter([half, half, half]), headers)  # in chunks: no length is given
        self.refused(422, "JPEG", *self.post(style=b"udnie", picture=bytes(BODY_MAX - 1000)))

    def test_other_paths_and_methods(self):
        self.refused(404, "/", "GET", "/paint")
        self.refused(404, "/", *("POST", "/paint", *form(style=b"udnie")))
        for method in ("PUT", "DELETE", "PATCH"):
            self.refused(405, "POST", method)
        self.assertEqual(self.ask("PUT")[1]["Allow"], "GET, HEAD, POST")

    def test_a_client_that_hangs_up(self):
        body, _ = form(style=b"udnie", picture=PHOTO.read_bytes())
        with socket.create_connection(("127.0.0.1", self.port)) as s:
            s.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=frontier\r\n"
                      b"Content-Length: %d\r\n\r\n%s" % (len(body), body[:50000]))
        self.refused(200, "POST a form", "GET")


if __name__ == "__main__":
    unittest.main()
