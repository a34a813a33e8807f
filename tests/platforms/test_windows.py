"""The command for Windows, under wine: what is different there. STYLIZE_CLI runs it, STYLIZE_HERE is this system's own.

What holds everywhere is tested by tests/cli, which tools/platforms/windows_check.sh runs with the same command.
"""
import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
from helpers import ARTWORK, PHOTO, CliTest, png  # noqa: E402

HERE = os.environ["STYLIZE_HERE"]


def windows(path):
    """A path of this system as wine shows it."""
    return "Z:" + str(path).replace("/", "\\")


class SameBytes(CliTest):
    def here(self, *args, **more):
        subprocess.run([HERE, *map(str, args), "-q"], cwd=self.dir, check=True, stdout=subprocess.DEVNULL, **more)

    def test_each_instruction_set(self):
        for cpu in ("portable", "avx2", "avx512"):
            env = {**os.environ, "STYLIZE_CPU": cpu}
            for name in ("png", "jpg", "webp", "tif"):
                with self.subTest(cpu=cpu, name=name):
                    args = (PHOTO, "-s", "great_wave", "--size", "320")
                    self.here(*args, "-o", f"here.{name}", "-f", env=env)
                    self.ok(*args, "-o", f"there.{name}", "-f", env=env)
                    self.assertEqual(self.read(f"here.{name}"), self.read(f"there.{name}"))

    def test_picture_as_style_and_depth(self):
        for args in ((PHOTO, "-i", ARTWORK, "--size", "256"), (PHOTO, "-s", "scream", "--size", "128", "--depth", "16")):
            with self.subTest(args=args):
                self.here(*args, "-o", "here.png", "-f")
                self.ok(*args, "-o", "there.png", "-f")
                self.assertEqual(self.read("here.png"), self.read("there.png"))


class Names(CliTest):
    def test_utf8(self):
        self.write("été 雪.png", png(40, 40))
        out = self.ok("été 雪.png", "-s", "udnie", "-o", "ßи雪/")
        self.assertIn("ßи雪/été 雪.png".encode(), out)
        self.assertEqual(self.files(), ["ßи雪/été 雪.png", "été 雪.png"])
        self.ok("ßи雪", "-s", "udnie", "-o", "Ω", "-q")
        self.assertIn("Ω/été 雪.png", self.files())
        self.fails(3, "нет.png", "нет.png", "-s", "udnie")

    def test_models_by_a_variable_in_utf8(self):
        os.symlink(pathlib.Path(os.environ["STYLIZE_MODELS"]), self.path("réseaux"))
        env = {**os.environ, "STYLIZE_MODELS": windows(self.path("réseaux"))}
        self.assertIn("starry_night", self.ok("styles", "--ids", env=env).decode())

    def test_backslashes_drives_and_weights(self):
        self.write("a/in.png", png(40, 40))
        self.write("art.png", png(48, 48, seed=2))
        self.ok("a\\in.png", "-s", "udnie", "-q")
        self.assertIn("a/in.udnie.png", self.files())
        self.ok("a\\in.png", "-s", "udnie", "-o", "b\\", "-q")
        self.ok("a\\in.png", "-s", "udnie", "-o", "c\\d\\", "-q")
        self.assertTrue({"b/in.png", "c/d/in.png"} <= set(self.files()))
        self.ok(windows(self.path("a/in.png")), "-i", windows(self.path("art.png")) + ":0.5", "-s", "udnie:0.5",
                "-o", windows(self.path("out.png")), "-q")
        self.assertEqual(self.read("out.png")[:4], b"\x89PNG")
        self.fails(3, "Z:\\no\\such.jpg", "Z:\\no\\such.jpg", "-s", "udnie")

    def test_wildcards(self):
        for name in ("x1.png", "x2.png", "y.png"):
            self.write(name, png(32, 32))
        self.ok("x*.png", "-s", "udnie", "-o", "out", "-q")
        self.assertEqual(self.files("out"), ["x1.png", "x2.png"])

    def test_long_paths(self):
        """Above 260 characters, where Windows' plain names end."""
        folder = "/".join(["a folder with quite a long name " + str(i) * 20 for i in range(9)])
        self.assertGreater(len(self.path(folder)), 400)
        self.write("in.png", png(40, 40))
        self.ok("in.png", "-s", "udnie", "-o", folder + "/", "-q")
        self.ok(folder + "/in.png", "-s", "udnie", "-o", folder + "/again.png", "-q")
        self.ok(folder, "-s", "udnie", "-o", folder + "/all", "-q")
        self.assertEqual(self.files(folder), ["again.png", "all/again.png", "all/in.png", "in.png"])


class Files(CliTest):
    def test_a_file_is_replaced_and_nothing_else_is_left(self):
        self.write("in.png", png(40, 40))
        self.write("out.png", b"before")
        self.ok("in.png", "-s", "udnie", "-o", "out.png", "-q")
        self.assertEqual(self.read("out.png")[:4], b"\x89PNG")
        self.assertEqual(self.files(), ["in.png", "out.png"])

    def test_the_input_is_known_by_any_name(self):
        self.write("In.png", png(40, 40))
        before = self.read("In.png")
        for name in ("In.png", ".\\In.png", "in.PNG", windows(self.path("In.png"))):
            with self.subTest(name=name):
                self.fails(4, "is the input itself", "In.png", "-s", "udnie", "-o", name, "-f")
        self.ok("In.png", "-s", "udnie", "-o", "other.png", "-q")
        self.assertEqual(self.read("In.png"), before)

    def test_capital_letters_make_no_other_file(self):
        self.write("a/x.png", png(40, 40))
        self.write("b/X.PNG", png(40, 40, seed=2))
        self.fails(1, "its output out/X.PNG is that of a\\x.png", "a\\x.png", "b/X.PNG", "-s", "udnie", "-o", "out")
        self.assertEqual(self.files("out"), ["x.png"])

    def test_streams_carry_bytes(self):
        """A stream in text mode ends at 26, and has a return before each newline."""
        picture = png(40, 40)
        self.assertTrue(b"\x1a" in picture and b"\n" in picture)
        self.write("in.png", picture)
        self.ok("in.png", "-s", "udnie", "-o", "out.png", "-q")
        self.assertEqual(self.ok("-", "-s", "udnie", "--format", "png", input=picture), self.read("out.png"))
        self.assertNotIn(b"\r", self.ok("styles"))

    def test_resume_paints_what_is_new(self):
        self.write("in/a.png", png(40, 40))
        self.ok("in", "-s", "udnie", "-o", "out", "-q")
        self.write("in/b.png", png(40, 40, seed=2))
        first = self.read("out/a.png")
        self.assertIn(b"1 painted", self.ok("in", "-s", "udnie", "-o", "out", "--resume"))
        self.assertEqual(self.files("out"), ["a.png", "b.png"])
        self.assertEqual(self.read("out/a.png"), first)

    def test_films_are_said_not_to_be_there(self):
        self.fails(5, "no films", "video", "x.mp4", "-s", "udnie")


if __name__ == "__main__":
    unittest.main()
