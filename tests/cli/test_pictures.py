"""Tests of the stylize command with pictures of all kinds: formats, metadata, damage."""
import json
import os
import shutil
import subprocess
import unittest

from helpers import PHOTO, ROOT, CliTest, kind, png, png_size


class Formats(CliTest):
    """Of what another program wrote, as far as the build has it."""

    def have(self, name):
        return name in json.loads(self.ok("info", "--json"))["formats"]

    def test_what_is_only_read_becomes_jpeg_or_png(self):
        data = ROOT / "tests/codec/data"
        os.mkdir(self.path("in"))
        for name, form, want in (("v3.bmp", "bmp", "jpg"), ("v5alpha.bmp", "bmp", "png"), ("rgb16.tif", "tiff", "jpg"),
                                 ("small.gif", "gif", "png"), ("alpha.avif", "avif", "png"), ("plain.heic", "heic", "jpg")):
            shutil.copy(data / name, self.path("in"))
            if not self.have(form):
                self.fails(3, "which this build does not have", f"in/{name}", "-s", "udnie")
                continue
            self.ok(f"in/{name}", "-s", "udnie")
            self.assertEqual(kind(self.read(f"in/{name.split('.')[0]}.udnie.{want}")), {"jpg": "jpeg"}.get(want, want))
        self.ok("in/v3.bmp", "-s", "udnie", "-o", "o.webp")
        self.fails(2, "allowed are .jpg", "in/v3.bmp", "-s", "udnie", "-o", "o.bmp")
        code, _, err = self.run_cli("in", "-s", "udnie", "-o", "out", "--force")
        self.assertEqual(code, 0, err)
        self.assertIn("v3.jpg", self.files("out"))

    def test_a_kind_that_is_not_supported_stops_no_others(self):
        """A JPEG of 12 bits is as unsupported as a missing engine, but only for itself."""
        jpeg = bytearray(PHOTO.read_bytes())
        at = jpeg.index(b"\xff\xc0") if b"\xff\xc0" in jpeg else jpeg.index(b"\xff\xc2")
        jpeg[at + 4] = 12
        self.write("in/a.jpg", jpeg)
        self.write("in/b.png", png(64, 64))
        code, _, err = self.run_cli("in", "-s", "udnie", "-o", "out", "-j", "1")
        self.assertEqual(code, 1, err)
        self.assertIn("12 bits", err)
        self.assertEqual(self.files("out"), ["b.png"])


@unittest.skipUnless(shutil.which("exiftool"), "no exiftool")
class Metadata(CliTest):
    """As another program reads it."""

    def tags(self, name):
        text = subprocess.run(["exiftool", "-j", "-G1", "-n", self.path(name)], capture_output=True, check=True).stdout
        return json.loads(text)[0]

    def test_keep_metadata(self):
        source = ROOT / "tests/codec/data/meta.jpg"
        for ending in ("jpg", "png", "webp"):
            paint = [source, "-s", "udnie", "-o", f"o.{ending}", "--force"]
            self.ok(*paint)
            before = self.tags(f"o.{ending}")
            self.assertFalse([t for t in before if t.startswith(("IFD0", "ExifIFD", "GPS", "ICC"))], before)
            self.ok(*paint, "--keep-metadata", "copyright")
            self.assertEqual({t for t in self.tags(f"o.{ending}") if t.startswith(("IFD0", "ExifIFD", "GPS", "ICC"))},
                             {"IFD0:Artist", "IFD0:Copyright"})
            self.ok(*paint, "--keep-metadata", "exif,icc")
            kept = self.tags(f"o.{ending}")
            self.assertEqual((kept["IFD0:Model"], kept["IFD0:Orientation"], kept["ExifIFD:ExposureTime"]),
                             ("Camera 1", 1, 0.01))
            self.assertIn("ICC_Profile:RedMatrixColumn", kept)
            self.assertFalse([t for t in kept if t.startswith(("GPS", "IFD1"))], kept)
            self.ok(*paint, "--keep-metadata", "all")
            kept = self.tags(f"o.{ending}")
            self.assertEqual((kept["GPS:GPSLatitude"], kept["GPS:GPSLatitudeRef"]), (48.5, "N"))
            self.assertNotIn("ExifTool:Warning", kept)

    def test_what_has_none_gives_none(self):
        self.write("in.png", png(64, 64))
        self.ok("in.png", "-s", "udnie", "-o", "o.jpg", "--keep-metadata", "all")
        self.assertFalse([t for t in self.tags("o.jpg") if t.startswith(("IFD0", "GPS", "ICC"))])


class Damaged(CliTest):
    def test_tolerant(self):
        whole = png(200, 120)
        self.write("cut.png", whole[: len(whole) * 2 // 3])
        self.fails(3, "cut short", "cut.png", "-s", "udnie", "-o", "o.png")
        code, out, err = self.run_cli("cut.png", "-s", "udnie", "-o", "o.png", "--tolerant", "--json")
        self.assertEqual(code, 0, err)
        self.assertIn("cut.png: damaged, painted as far as it goes", err)
        self.assertIs(json.loads(out)["damaged"], True)
        self.assertEqual(png_size(self.read("o.png")), (200, 120))
        self.write("whole.png", whole)
        code, out, err = self.run_cli("whole.png", "-s", "udnie", "-o", "w.png", "--tolerant", "--json")
        self.assertEqual((code, err), (0, ""))
        self.assertNotIn("damaged", json.loads(out))

    def test_tolerant_of_all_pictures(self):
        whole = png(64, 64)
        os.mkdir(self.path("in"))
        self.write("in/cut.png", whole[: len(whole) * 2 // 3])
        self.write("in/head.png", whole[:40])
        code, out, err = self.run_cli("in", "-i", "in/cut.png", "-o", "out", "--tolerant")
        self.assertEqual(code, 1, err)
        self.assertIn("in/cut.png: damaged", err)
        self.assertIn("in/head.png: ", err)
        self.assertEqual(self.files("out"), ["cut.png"])


if __name__ == "__main__":
    unittest.main()
