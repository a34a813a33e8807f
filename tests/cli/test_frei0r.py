#!/usr/bin/env python3
"""The frei0r plug-in in the programs that load it. Left out where the build has none; each host where it is missing."""
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

from helpers import CLI, PATIENCE, PHOTO, CliTest

PLUGIN = pathlib.Path(CLI).parents[1] / "lib/frei0r-1/stylize.so"


@unittest.skipUnless(PLUGIN.exists() and shutil.which("ffmpeg"), "no frei0r plug-in in this build, or no ffmpeg")
class Frei0r(CliTest):
    def setUp(self):
        super().setUp()
        self.ffmpeg("-loop", "1", "-i", str(PHOTO), "-vf", "scale=400:-2,crop=160:96:3*n:50,fps=10", "-frames:v", "6", "-c:v",
                    "ffv1", "-pix_fmt", "bgr0", "in.mkv")

    def run_host(self, *command):
        more = dict(os.environ, FREI0R_PATH=str(PLUGIN.parent), HOME=str(self.dir))
        run = subprocess.run([*command], capture_output=True, text=True, cwd=self.dir, env=more, timeout=PATIENCE, stdin=subprocess.DEVNULL)
        self.assertEqual(run.returncode, 0, run.stderr)
        return run.stderr

    def ffmpeg(self, *args):
        return self.run_host("ffmpeg", "-v", "warning", "-nostdin", "-y", *args)

    def filtered(self, name, values):
        return self.ffmpeg("-i", "in.mkv", "-vf", f"frei0r=stylize:{values}", "-c:v", "ffv1", "-pix_fmt", "bgr0", name)

    def likeness(self, a, b):
        """Mean PSNR; 99 for equal films."""
        run = subprocess.run(["ffmpeg", "-nostdin", "-i", self.path(a), "-i", self.path(b), "-lavfi",
                              "[0]format=rgb24,fps=10[a];[1]format=rgb24,fps=10[b];[a][b]psnr=shortest=1", "-f", "null", "-"],
                             capture_output=True, text=True).stderr
        self.assertIn("average:", run)
        return float(run.split("average:")[-1].split()[0].replace("inf", "99"))

    def test_ffmpeg(self):
        self.filtered("still.mkv", "udnie|1|1|0|0.5")
        self.filtered("each.mkv", "udnie|1|0|0|0.5")
        self.filtered("none.mkv", "udnie|0|0|0|0.5")
        self.filtered("large.mkv", "udnie|1|0|0|1")
        self.assertLess(self.likeness("in.mkv", "each.mkv"), 20)
        self.assertEqual(self.likeness("in.mkv", "none.mkv"), 99)
        self.assertLess(self.likeness("still.mkv", "each.mkv"), 40)
        self.assertLess(self.likeness("large.mkv", "each.mkv"), 40)

    def test_a_picture_as_the_style(self):
        self.ffmpeg("-f", "lavfi", "-i", "testsrc=size=128x128", "-frames:v", "1", "art.png")
        self.filtered("any.mkv", "./art.png|1|0|0|0.5")
        self.assertLess(self.likeness("in.mkv", "any.mkv"), 25)

    def test_what_cannot_be_painted_stays_and_is_said_once(self):
        said = self.filtered("same.mkv", "nothing|1|0.5|0|0.5")
        self.assertEqual(said.count("style \"nothing\" is not in the library; the film stays as it is"), 1, said)
        self.assertEqual(self.likeness("in.mkv", "same.mkv"), 99)
        said = self.filtered("same.mkv", "./none.jpg|1|0.5|0|0.5")
        self.assertEqual(said.count("the film stays as it is"), 1, said)

    def melt(self, *args):
        """melt itself (7.12) sometimes waits for ever when it is done on a busy machine, also without the plug-in."""
        for _ in range(5):
            try:
                return self.run_host("timeout", "-s", "KILL", "30", "melt", "-silent", *args)
            except AssertionError:
                continue
        return self.run_host("timeout", "-s", "KILL", "30", "melt", "-silent", *args)

    @unittest.skipUnless(shutil.which("melt"), "no melt")
    def test_mlt(self):
        for name, *painting in [("plain.mkv",), ("mlt.mkv", "-filter", "frei0r.stylize", "0=udnie", "2=1")]:
            self.melt("in.mkv", "out=4", *painting, "-consumer", f"avformat:{name}", "vcodec=ffv1", "an=1", "width=160",
                      "height=96")
        self.assertLess(self.likeness("plain.mkv", "mlt.mkv"), 20)

    @unittest.skipUnless(shutil.which("gst-launch-1.0"), "no GStreamer")
    def test_gstreamer(self):
        known = subprocess.run(["gst-inspect-1.0", "frei0r"], capture_output=True, env=dict(os.environ, HOME=str(self.dir)))
        if known.returncode:
            self.skipTest("GStreamer has no frei0r")
        self.run_host("gst-launch-1.0", "-q", "videotestsrc", "num-buffers=3", "!", "video/x-raw,width=160,height=96", "!",
                      "videoconvert", "!", "tee", "name=t", "t.", "!", "queue", "!", "pngenc", "!", "multifilesink",
                      "location=p%d.png", "t.", "!", "queue", "!", "frei0r-filter-stylize", "style=udnie", "stability=1", "!",
                      "videoconvert", "!", "pngenc", "!", "multifilesink", "location=g%d.png")
        self.assertEqual(len([f for f in self.files() if f.startswith("g")]), 3)
        self.assertFalse(self.read("p2.png") == self.read("g2.png"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
