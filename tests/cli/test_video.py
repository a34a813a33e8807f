#!/usr/bin/env python3
"""Films: stylize video on small clips that FFmpeg makes. Left out where the build has none, or ffmpeg is missing."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import unittest

from helpers import CLI, PATIENCE, PHOTO, CliTest, wait

HELPER = pathlib.Path(CLI).with_name("stylize-video")
MISSING = not HELPER.exists() or not shutil.which("ffmpeg") or not shutil.which("ffprobe")

SUBTITLES = "1\n00:00:00,100 --> 00:00:00,900\nhello\n"


class VideoTest(CliTest):
    def make(self, name, *args):
        """A clip by ffmpeg's command line; names of outputs are in the scratch folder."""
        subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *args, self.path(name)], check=True, cwd=self.dir)
        return self.path(name)

    def clip(self, name="in.mp4", size="64x48", seconds="0.6", *args):
        return self.make(name, "-f", "lavfi", "-i", f"testsrc2=size={size}:rate=10:duration={seconds}", *args)

    def probe(self, name):
        run = subprocess.run(["ffprobe", "-v", "error", "-of", "json", "-show_streams", "-show_format", "-show_frames",
                              self.path(name)], capture_output=True, text=True, check=True)
        return json.loads(run.stdout)

    def paint(self, *args, code=0):
        run = subprocess.run([CLI, "video", *args], capture_output=True, text=True, cwd=self.dir)
        self.assertEqual(run.returncode, code, run.stderr)
        return run

    def refuse(self, text, *args, code):
        """One line that says what was wrong, and nothing left behind."""
        before = self.files()
        run = self.paint(*args, "--style", "udnie", code=code)
        lines = [line for line in run.stderr.splitlines() if "damaged in" not in line and "left out" not in line]
        self.assertEqual(len(lines), 1, run.stderr)
        self.assertIn(text, lines[0])
        self.assertEqual(self.files(), before)

    @staticmethod
    def times(probe):
        return [float(f["pts_time"]) for f in probe["frames"] if f["media_type"] == "video"]


@unittest.skipIf(MISSING, "no films in this build, or no ffmpeg")
class Video(VideoTest):
    def test_sound_text_and_tags_are_kept(self):
        self.write("a.srt", SUBTITLES.encode())
        self.make("in.mkv", "-f", "lavfi", "-i", "testsrc2=size=64x48:rate=10:duration=1", "-f", "lavfi", "-i",
                  "sine=440:duration=1", "-i", "a.srt", "-c:v", "libx264", "-c:a", "aac", "-c:s", "srt", "-colorspace", "bt709",
                  "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv", "-metadata", "title=T",
                  "-metadata:s:a:0", "language=fra", "-vf", "setsar=4/3")
        self.paint("in.mkv", "--style", "udnie", "-o", "out.mkv")
        before, after = self.probe("in.mkv"), self.probe("out.mkv")
        self.assertEqual([s["codec_name"] for s in after["streams"]], ["h264", "aac", "subrip"])
        picture, sound = after["streams"][:2]
        for key in ("color_space", "color_primaries", "color_transfer", "color_range", "sample_aspect_ratio", "width"):
            self.assertEqual(picture[key], before["streams"][0][key], key)
        self.assertEqual(sound["tags"]["language"], "fra")
        self.assertEqual(after["format"]["tags"]["title"], "T")
        for kind in ("audio", "video"):
            self.assertEqual(*[[f["pts_time"] for f in p["frames"] if f["media_type"] == kind] for p in (before, after)])

    def test_all_of_the_sound_is_kept(self):
        """Also what lies before its start, which decoders begin with."""
        self.make("in.mp4", "-f", "lavfi", "-i", "testsrc2=size=64x48:rate=10:duration=1", "-f", "lavfi", "-i", "sine=440:duration=1")
        run = self.paint("in.mp4", "--style", "udnie", "-q", "-o", "out.mp4")
        self.assertEqual(run.stderr, "")
        packets = [subprocess.run(["ffprobe", "-v", "error", "-select_streams", "a", "-show_entries", "packet=pts_time,size", "-of", "csv",
                                   self.path(n)], capture_output=True, check=True).stdout for n in ("in.mp4", "out.mp4")]
        self.assertIn(b",-0.0", packets[0])
        self.assertEqual(*packets)

    def test_rotation_is_kept(self):
        self.clip("flat.mp4")
        self.make("in.mp4", "-i", "flat.mp4", "-c", "copy", "-metadata:s:v:0", "rotate=90")
        self.paint("in.mp4", "--style", "udnie", "-o", "out.mp4")
        sides = [self.probe(n)["streams"][0]["side_data_list"][0]["rotation"] for n in ("in.mp4", "out.mp4")]
        self.assertEqual(sides[0], sides[1])
        self.assertEqual(abs(sides[0]), 90)

    def test_variable_frame_rates_are_kept(self):
        self.clip("in.mkv", "64x48", "1", "-vf", "select='not(mod(n\\,3))+gt(n\\,6)'", "-vsync", "vfr")
        self.paint("in.mkv", "--style", "udnie", "-o", "out.mkv")
        self.assertEqual(self.times(self.probe("in.mkv")), self.times(self.probe("out.mkv")))

    def test_a_part_is_painted(self):
        self.make("in.mp4", "-f", "lavfi", "-i", "testsrc2=size=64x48:rate=10:duration=3", "-f", "lavfi", "-i",
                  "sine=440:duration=3", "-g", "100")
        self.paint("in.mp4", "--style", "udnie", "-o", "out.mp4", "--from", "0:01", "--to", "1.5")
        probe = self.probe("out.mp4")
        self.assertEqual(len(self.times(probe)), 5)
        self.assertAlmostEqual(self.times(probe)[0], 0, delta=0.03)
        sound = [float(f["pts_time"]) for f in probe["frames"] if f["media_type"] == "audio"]
        self.assertTrue(-0.03 < sound[0] < 0.05 and 0.4 < sound[-1] < 0.55, sound)
        self.refuse("no frame between", "in.mp4", "--from", "10", "-o", "none.mp4", code=3)

    def test_sizes_are_even(self):
        self.clip("in.mkv", "65x49", "0.3", "-pix_fmt", "yuv444p")
        self.paint("in.mkv", "--style", "udnie", "-o", "out.mp4")
        self.assertEqual([self.probe("out.mp4")["streams"][0][k] for k in ("width", "height")], [64, 48])
        self.paint("in.mkv", "--style", "udnie", "--size", "99", "-o", "large.mp4")
        self.assertEqual([self.probe("large.mp4")["streams"][0][k] for k in ("width", "height")], [100, 74])

    def test_every_kind_of_frame_is_read(self):
        for name, *args in [("rgb.mkv", "-c:v", "ffv1", "-pix_fmt", "bgr0"), ("ten.mkv", "-c:v", "ffv1", "-pix_fmt", "yuv420p10"),
                            ("full.mkv", "-c:v", "mjpeg", "-q:v", "2"), ("grey.mkv", "-c:v", "ffv1", "-pix_fmt", "gray")]:
            self.clip(name, "64x48", "0.3", *args)
            run = self.paint(name, "--style", "udnie", "--strength", "0", "-o", "out.mkv", "--crf", "0")
            self.assertEqual("painted are 8" in run.stderr, name == "ten.mkv", run.stderr)
            # At strength 0 the film is the film: by FFmpeg's own measure.
            psnr = subprocess.run(["ffmpeg", "-nostdin", "-i", self.path("out.mkv"), "-i", self.path(name), "-lavfi",
                                   "[0]format=rgb24[a];[1]format=rgb24[b];[a][b]psnr", "-f", "null", "-"],
                                  capture_output=True, text=True).stderr
            average = float(psnr.split("average:")[-1].split()[0].replace("inf", "99"))
            self.assertGreater(average, 27, (name, average)) # chroma of 4:4:4 lines is halved

    def test_styles_may_change(self):
        self.clip("in.mp4", "64x48", "1")
        self.paint("in.mp4", "--style", "udnie@0,scream@0.5", "-o", "out.mp4")
        self.assertEqual(len(self.times(self.probe("out.mp4"))), 10)
        self.refuse("which rises", "in.mp4", "--style", "scream@2,udnie@1", "-o", "no.mp4", code=2)
        self.refuse("each with a time", "in.mp4", "--style", "scream@2", "-o", "no.mp4", code=2)

    def test_stability_matters(self):
        self.make("in.mp4", "-loop", "1", "-i", str(PHOTO), "-vf", "scale=400:-2,crop=160:96:3*n:50", "-frames:v", "6")
        for stability in ("0", "1"):
            self.paint("in.mp4", "--style", "udnie", "-o", f"{stability}.mp4", "--stability", stability)
        self.assertFalse(self.read("0.mp4") == self.read("1.mp4"))
        run = self.paint("in.mp4", "--style", "udnie", "--stability", "2", code=2)
        self.assertIn("0 to 1", run.stderr)

    def test_codecs_and_containers(self):
        self.clip()
        for name, codec, *args in [("a.webm", "vp9"), ("a.mov", "h264"), ("a.mkv", "mpeg4", "--codec", "mpeg4"), ("a.avi", "h264")]:
            self.paint("in.mp4", "--style", "udnie", "-o", name, *args)
            self.assertEqual(self.probe(name)["streams"][0]["codec_name"], codec)
        self.refuse("no encoder \"nothing\"", "in.mp4", "-o", "a.mp4", "--codec", "nothing", code=2)
        self.refuse("cannot be put into", "in.mp4", "-o", "b.webm", "--codec", "mpeg4", code=2)
        self.refuse("takes neither YUV 4:2:0 nor RGB", "in.mp4", "-o", "b.mkv", "--codec", "prores", code=2)
        self.refuse("no kind of film", "in.mp4", "-o", "b.jpg2", code=2)

    def test_results_are_reported(self):
        self.clip()
        said = json.loads(self.paint("in.mp4", "--style", "udnie", "--json").stdout)
        self.assertEqual((said["output"], said["frames"], said["width"]), ("in.udnie.mp4", 6, 64))
        self.assertIn("in.udnie.mp4", self.files())
        self.refuse("exists already", "in.mp4", code=4)
        self.refuse("the input itself", "in.mp4", "-o", "in.mp4", code=4)
        self.refuse("does not exist", "in.mp4", "-o", "no/out.mp4", code=4)


@unittest.skipIf(MISSING, "no films in this build, or no ffmpeg")
class VideoFaults(VideoTest):
    def test_what_is_no_film(self):
        self.write("text.mp4", b"this is no film\n" * 100)
        self.write("empty.mp4", b"")
        self.make("sound.mp4", "-f", "lavfi", "-i", "sine=440:duration=1")
        self.refuse("cannot be read as a film", "text.mp4", "-o", "out.mp4", code=3)
        self.refuse("cannot be read as a film", "empty.mp4", "-o", "out.mp4", code=3)
        self.refuse("no moving picture", "sound.mp4", "-o", "out.mp4", code=3)
        self.refuse("No such file", "none.mp4", "-o", "out.mp4", code=3)
        self.write("list.m3u8", b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n")
        self.refuse("", "list.m3u8", "-o", "out.mp4", code=3)

    def test_films_that_are_cut_short(self):
        self.clip("whole.mkv", "64x48", "6", "-c:v", "ffv1")
        data = self.read("whole.mkv")
        self.write("cut.mkv", data[:len(data) // 3])
        self.refuse("is cut short", "cut.mkv", "-o", "out.mp4", code=3)
        self.paint("cut.mkv", "--style", "udnie", "-o", "out.mp4", "--tolerant")
        self.assertGreater(len(self.times(self.probe("out.mp4"))), 10)
        self.clip("whole.mp4", "64x48", "6")
        self.write("cut.mp4", self.read("whole.mp4")[:-500])
        self.refuse("cannot be read as a film", "cut.mp4", "-o", "other.mp4", code=3)

    def test_a_film_without_frames(self):
        self.clip("whole.mkv", "64x48", "1")
        data = self.read("whole.mkv")
        self.write("head.mkv", data[:data.index(b"\x1f\x43\xb6\x75")])  # up to the first cluster
        self.refuse("", "head.mkv", "-o", "out.mp4", code=3)

    def test_a_size_that_changes(self):
        for name, size in (("a.ts", "64x48"), ("b.ts", "96x64")):
            self.clip(name, size, "0.5", "-c:v", "mpeg2video")
        self.write("both.ts", self.read("a.ts") + self.read("b.ts"))
        self.refuse("changes at 0:00 from 64x48 to 96x64", "both.ts", "-o", "out.mp4", code=3)

    def test_high_dynamic_range(self):
        self.clip("in.mkv", "64x48", "0.3", "-pix_fmt", "yuv420p10", "-c:v", "ffv1", "-color_trc", "smpte2084")
        self.refuse("high dynamic range", "in.mkv", "-o", "out.mp4", code=3)

    def start(self):
        self.clip("long.mp4", "320x240", "60")
        process = subprocess.Popen([CLI, "video", "long.mp4", "--style", "udnie", "-o", "out.mp4"], cwd=self.dir,
                                   stderr=subprocess.PIPE, text=True)
        wait(lambda: process.poll() is not None or any(p.startswith(".out.mp4.") for p in os.listdir(self.dir)))
        return process

    def test_an_interruption_leaves_nothing(self):
        process = self.start()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 130)
        self.assertEqual(self.files(), ["long.mp4"])

    def test_killed_in_the_middle_there_is_no_film(self):
        process = self.start()
        process.kill()
        process.communicate(timeout=PATIENCE)
        self.assertFalse((self.dir / "out.mp4").exists())

    def test_a_full_disk(self):
        self.clip("in.mp4", "64x48", "0.5")
        run = subprocess.run(["sh", "-c", f'ulimit -f 1; trap "" XFSZ; "{CLI}" video in.mp4 --style udnie -o out.mkv'],
                             cwd=self.dir, capture_output=True, text=True)
        self.assertEqual(run.returncode, 4, run.stderr)
        self.assertIn("cannot be written", run.stderr)
        self.assertEqual(self.files(), ["in.mp4"])


class VideoMissing(CliTest):
    def test_a_build_without_films_says_so(self):
        alone = self.path("stylize")
        shutil.copy(CLI, alone)
        run = subprocess.run([alone, "video", "in.mp4", "--style", "udnie"], capture_output=True, text=True)
        self.assertEqual(run.returncode, 5, run.stderr)
        self.assertIn("this build has no films", run.stderr)

    def test_times_are_for_films(self):
        run = subprocess.run([CLI, "in.jpg", "--style", "udnie@3"], capture_output=True, text=True)
        self.assertEqual(run.returncode, 2)
        self.assertIn("for stylize video only", run.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
