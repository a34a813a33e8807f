"""Tests of `stylize style`, end to end."""
import json
import os
import shutil
import signal
import unittest

from helpers import ARTWORK, PATIENCE, PHOTO, CliTest, kind, png, png_size, wait


class Own(CliTest):
    """Styles of one's own. Learning is cut short: what is learnt, the tests of the library know."""

    def setUp(self):
        super().setUp()
        self.folder = self.dir / "data" / "styles"
        self.env = os.environ | {"STYLIZE_STYLES": str(self.folder)}

    def learn(self, id_="mine", *args):
        return self.ok("style", "add", id_, ARTWORK, "--time-budget", 0.2, *args, env=self.env)

    def test_a_style_is_learnt_shown_painted_and_removed(self):
        self.assertEqual(self.ok("style", "list", env=self.env), b"")
        said = json.loads(self.learn("mine", "--json", "--name", "My \"style\"", "--artist", "Me", "--preview",
                                     self.path("grown.png")))
        self.assertEqual((said["id"], said["effort"], said["network_steps"]), ("mine", "fast", 0))
        self.assertGreaterEqual(said["code_steps"], 1)
        self.assertTrue(said["ended_early"])
        self.assertEqual(kind(self.read("grown.png")), "png")
        self.assertEqual(self.files("data/styles"), ["mine/" + f for f in
                         ("artwork.jpg", "code.safetensors", "preview.jpg", "style.json")])
        self.assertEqual(self.ok("style", "list", env=self.env), b"mine\n")
        shown = json.loads(self.ok("style", "show", "mine", "--json", env=self.env))
        self.assertEqual((shown["name"], shown["artist"], shown["network"]), ("My \"style\"", "Me", "brush"))
        self.assertIn("mine", self.ok("styles", "--ids", env=self.env).decode().split())
        photo = self.write("x.png", png(64, 48))
        self.ok(photo, "--style", "mine", "-o", "a.png", env=self.env)
        self.ok(photo, "--style", "mine:0.5,scream:0.5", "-o", "b.png", "--style-dir", self.folder)
        self.ok(photo, "--style", "mine", "--method", "any", "-o", "c.png", env=self.env)
        self.assertEqual(png_size(self.read("a.png")), (64, 48))
        self.fails(2, "there already", "style", "add", "mine", ARTWORK, env=self.env)
        self.ok("style", "remove", "mine", env=self.env)
        self.assertEqual(self.files("data/styles"), [])
        self.fails(2, "no style", "style", "remove", "mine", env=self.env)
        self.fails(2, "mine", photo, "--style", "mine", "-o", "d.png", env=self.env)

    def test_a_network_of_its_own_paints(self):
        photos = self.dir / "photos" / "below"
        photos.mkdir(parents=True)
        shutil.copy(PHOTO, photos / "good.JPE")
        (photos / "bad.jpg").write_bytes(b"\xff\xd8 no picture")
        code, out, err = self.run_cli("style", "add", "net", ARTWORK, "--effort", "good", "--time-budget", 30, "--photos",
                                      self.dir / "photos", "--memory", "40M", "--json", env=self.env)
        self.assertEqual(code, 0, err)
        self.assertIn("bad.jpg", err)
        said = json.loads(out)
        if said["network_steps"] == 0:  # so slow a machine that the code took all the time
            return
        self.assertIn("net/network.safetensors", self.files("data/styles"))
        self.ok(PHOTO, "--style", "net", "--size", 64, "-o", "a.png", env=self.env)
        self.ok(PHOTO, "--style", "net,scream", "--size", 64, "-o", "b.png", env=self.env)
        self.assertNotEqual(json.loads(self.ok("style", "show", "net", "--json", env=self.env))["network"], "brush")

    def test_wrong_use(self):
        for args, text in (([], "add, list, show or remove"), (["paint"], "not \"paint\""), (["add"], "add ID ARTWORK"),
                           (["add", "x"], "add ID ARTWORK"), (["list", "x"], "use: stylize style list"), (["show"], "show ID"),
                           (["show", "nothing"], "no style"), (["remove", "scream"], "not a style of one's own"),
                           (["add", "Bad Name", ARTWORK], "a-z 0-9"), (["add", "scream", ARTWORK], "there already")):
            with self.subTest(args=args):
                self.fails(2, text, "style", *args, env=self.env)
        self.fails(3, "cannot read", "style", "add", "x", "missing.jpg", env=self.env)
        self.fails(2, "64x64 is the least", "style", "add", "x", self.write("small.png", png(40, 40)), env=self.env)
        self.fails(2, "--effort", "style", "add", "x", ARTWORK, "--effort", "huge", env=self.env)
        self.fails(3, "cannot read", "style", "add", "x", ARTWORK, "--photos", "missing", env=self.env)
        self.fails(5, "style folder", "style", "add", "x", ARTWORK, env=self.env | {"STYLIZE_STYLES": ""})
        self.write("file", b"")
        self.fails(4, "cannot make the folder", "style", "add", "x", ARTWORK, "--time-budget", 0.1, "-q", "--style-dir",
                   "file/styles", env=self.env)
        self.assertEqual(self.files("data"), [])

    def test_interrupted_it_keeps_what_it_has(self):
        process = self.start("style", "add", "mine", ARTWORK, "--preview", self.path("grown.png"), env=self.env)
        wait(lambda: process.poll() is not None or (self.dir / "grown.png").exists())
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 130, err)
        self.assertIn(b"mine", out)
        self.assertIn("mine/style.json", self.files("data/styles"))


if __name__ == "__main__":
    unittest.main()
