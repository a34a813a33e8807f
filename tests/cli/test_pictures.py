"""Tests of the stylize command with pictures of all kinds: formats, metadata, damage."""
import json
import os
import shutil
import struct
import subprocess
import unittest
import zlib

from helpers import ARTWORK, PHOTO, ROOT, CliTest, kind, png, png_size


PROFILES = os.environ["STYLIZE_PROFILES"] == "1"  # without lcms2 nothing can be painted in another than sRGB


class Formats(CliTest):
    """Of what another program wrote, as far as the build has it."""

    def test_what_is_only_read_becomes_jpeg_or_png(self):
        data = ROOT / "tests/codec/data"
        os.mkdir(self.path("in"))
        for name, form, want in (("v3.bmp", "bmp", "jpg"), ("v5alpha.bmp", "bmp", "png"), ("rgb16.tif", "tiff", "tif"),
                                 ("small.gif", "gif", "png"), ("alpha.avif", "avif", "png"), ("plain.heic", "heic", "jpg"), ("rgba8.jxl", "jxl", "png")):
            shutil.copy(data / name, self.path("in"))
            if not self.have(form):
                self.fails(3, "which this build does not have", f"in/{name}", "-s", "udnie")
                os.remove(self.path(f"in/{name}"))
                continue
            self.ok(f"in/{name}", "-s", "udnie")
            self.assertEqual(kind(self.read(f"in/{name.split('.')[0]}.udnie.{want}")), {"jpg": "jpeg", "tif": "tiff"}.get(want, want))
        if self.have("webp"):
            self.ok("in/v3.bmp", "-s", "udnie", "-o", "o.webp")
        else:
            self.fails(5, "WebP is not in this build (libwebp)", "in/v3.bmp", "-s", "udnie", "-o", "o.webp")
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


class Deep(CliTest):
    """16 bits a channel, read and written by Python itself."""

    WIDTH, HEIGHT = 256, 64

    def slope(self, alpha=False):
        """A sky: two of 8 bits' levels over the whole width, in 16 bits."""
        rows = b""
        for _ in range(self.HEIGHT):
            rows += b"\0"
            for x in range(self.WIDTH):
                v = 0x6000 + x * 2
                rows += struct.pack(">HHH", v, v + 0x2000, v + 0x4000) + (struct.pack(">H", 1000 + x) if alpha else b"")
        chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        head = struct.pack(">IIBBBBB", self.WIDTH, self.HEIGHT, 16, 6 if alpha else 2, 0, 0, 0)
        return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")

    def samples(self, name):
        """Depth, and the values of a PNG, as ImageMagick reads them."""
        done = subprocess.run(["convert", self.path(name), "-depth", "16", "rgba:-"], capture_output=True, check=True)
        return self.read(name)[24], struct.unpack(f"{len(done.stdout) // 2}H", done.stdout)

    @unittest.skipUnless(shutil.which("convert"), "no ImageMagick")
    def test_more_than_8_bits_go_through(self):
        self.write("sky.png", self.slope(alpha=True))
        self.ok("sky.png", "-s", "udnie", "-o", "same.png", "--strength", "0", "--depth", "16")
        self.assertEqual(self.samples("same.png"), self.samples("sky.png"))
        for budget in ("32M", "1G"):
            self.ok("sky.png", "-s", "udnie", "-o", "deep.png", "--depth", "16", "--memory", budget, "-f")
            self.ok("sky.png", "-s", "udnie", "-o", "flat.png", "--memory", budget, "-f")
            deep, flat = self.samples("deep.png"), self.samples("flat.png")
            self.assertEqual((deep[0], flat[0]), (16, 8))
            self.assertGreater(len(set(deep[1][0::4])), 4 * len(set(flat[1][0::4])))
            self.assertEqual(deep[1][3::4], tuple(1000 + x for x in range(self.WIDTH)) * self.HEIGHT)

    @unittest.skipUnless(shutil.which("convert"), "no ImageMagick")
    def test_the_same_painting_as_with_8_bits(self):
        """Of a photograph of 8 bits it is that, before it was rounded: half a level at most, and what tiles differ by."""
        for size, budget in (("160", "1G"), ("1100x300", "32M")):
            for depth in ("8", "16"):
                self.ok(PHOTO, "-s", "udnie", "-o", f"{depth}.png", "--depth", depth, "--size", size, "--memory", budget, "-f")
            flat, deep = self.samples("8.png"), self.samples("16.png")
            self.assertEqual((flat[0], deep[0]), (8, 16))
            far = [abs(a - b) for a, b in zip(deep[1], flat[1])]
            self.assertLess(sum(far) / len(far), 257 * 0.5)
            self.assertLess(max(far), 257 * 6)

    @unittest.skipUnless(shutil.which("convert"), "no ImageMagick")
    def test_with_masks_a_style_scale_and_optimize(self):
        """Finer than with 8 bits, and the same but for that: the search of optimize goes its own way from there."""
        self.write("mask.png", png(64, 16, gray=150))
        for most, more in ((6, ["--mask", "mask.png"]), (6, ["--style-scale", "2"]), (6, ["--style-scale", "0.5", "--mask", "mask.png"]), (24, ["--look", "64"]),
                           (60, ["--method", "optimize", "--iterations", "4"]),
                           (60, ["--method", "optimize", "--iterations", "4", "--mask", "mask.png"])):
            for depth in ("8", "16"):
                self.ok(PHOTO, "-s", "udnie", "-o", f"{depth}.png", "--depth", depth, "--size", "160", "-f", *more)
            flat, deep = self.samples("8.png"), self.samples("16.png")
            self.assertEqual((flat[0], deep[0]), (8, 16))
            self.assertGreater(len(set(deep[1][0::4])), 3 * len(set(flat[1][0::4])), more)
            self.assertLess(max(abs(a - b) for a, b in zip(deep[1], flat[1])), 257 * most, more)

    @unittest.skipUnless(shutil.which("convert"), "no ImageMagick")
    def test_with_the_other_controls(self):
        self.write("sky.png", self.slope())
        for more in (["--strength", "0.5"], ["--strength", "auto"], ["--preserve-color"], ["--size", "100"],
                     ["-i", str(ARTWORK)]):
            self.ok("sky.png", "-s", "udnie", "-o", "deep.png", "--depth", "16", "-f", *more)
            self.assertEqual(self.read("deep.png")[24], 16)
        if "tiff" in json.loads(self.ok("info", "--json"))["formats"]:
            self.ok("sky.png", "-s", "udnie", "-o", "deep.tif", "--depth", "16")
            self.ok("sky.png", "-s", "udnie", "-o", "deep.png", "--depth", "16", "-f")
            self.assertEqual(self.samples("deep.tif")[1], self.samples("deep.png")[1])

    def test_avif(self):
        if "avif" not in json.loads(self.ok("info", "--json"))["formats"]:
            self.skipTest("not in this build")
        self.write("sky.png", self.slope())
        self.ok("sky.png", "-s", "udnie", "-o", "o.avif")
        self.assertEqual(self.read("o.avif")[4:12], b"ftypavif")
        self.ok("sky.png", "-s", "udnie", "--format", "avif", "--quality", "30", "-o", "small.avif")
        self.assertLess(len(self.read("small.avif")), len(self.read("o.avif")))
        self.ok("o.avif", "-s", "scream", "-o", "again.png")
        self.fails(2, "the output would be avif", "sky.png", "-s", "udnie", "-o", "p.avif", "--depth", "16")
        self.assertFalse([n for n in os.listdir(self.path(".")) if n.startswith((".", "p."))])

    def test_what_it_is_not_for(self):
        self.write("sky.png", self.slope())
        self.fails(2, "the output would be jpeg", "sky.png", "-s", "udnie", "-o", "o.jpg", "--depth", "16")


@unittest.skipUnless(shutil.which("exiftool"), "no exiftool")
class Metadata(CliTest):
    """As another program reads it."""

    def tags(self, name):
        text = subprocess.run(["exiftool", "-j", "-G1", "-n", self.path(name)], capture_output=True, check=True).stdout
        return json.loads(text)[0]

    def test_keep_metadata(self):
        source = ROOT / "tests/codec/data/meta.jpg"
        for ending in ("jpg", "png", "webp")[: 2 + self.have("webp")]:
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
            (self.assertIn if PROFILES else self.assertNotIn)("ICC_Profile:RedMatrixColumn", kept)
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
