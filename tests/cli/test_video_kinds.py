#!/usr/bin/env python3
"""Films of other kinds: animations, folders, pipes, what stands for a camera; and all kinds damaged."""
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import time
import unittest

from helpers import CLI, PATIENCE, wait
from test_video import MISSING, VideoTest

SOURCE = "testsrc2=size=64x48:rate=10:duration=0.6"


def webp_times(data):
    """Milliseconds of each frame of an animation."""
    found, at = [], 12
    while at + 8 <= len(data):
        kind, size = data[at:at + 4], struct.unpack("<I", data[at + 4:at + 8])[0]
        if kind == b"ANMF":
            found.append(int.from_bytes(data[at + 20:at + 23], "little"))
        at += 8 + size + size % 2
    return found


@unittest.skipIf(MISSING, "no films in this build, or no ffmpeg")
class VideoKinds(VideoTest):
    def alpha(self, name):
        """The alpha of all frames."""
        return subprocess.run(["convert", self.path(name), "-coalesce", "-alpha", "extract", "-depth", "8", "gray:-"],
                              capture_output=True, check=True).stdout

    def frames(self, name):
        return subprocess.run(["identify", self.path(name)], capture_output=True, text=True, check=True).stdout.splitlines()

    def test_animations_become_each_other(self):
        for kind in ("gif", "webp", "mp4"):
            self.make(f"in.{kind}", "-f", "lavfi", "-i", SOURCE, *(["-c:v", "libwebp_anim"] if kind == "webp" else []))
            for out in ("gif", "webp", "apng", "mp4"):
                run = self.paint(f"in.{kind}", "--style", "udnie", "-o", f"{kind}.{out}")
                self.assertNotIn("left out", run.stderr)
                if out == "webp":
                    self.assertEqual(webp_times(self.read(f"{kind}.webp")), [100] * 6)
                else:
                    times = self.times(self.probe(f"{kind}.{out}"))
                    self.assertEqual([round(t, 2) for t in times], [0, 0.1, 0.2, 0.3, 0.4, 0.5], (kind, out))
        self.assertIn(b"NETSCAPE2.0\x03\x01\0\0", self.read("mp4.gif"))  # again and again
        self.assertEqual(self.read("mp4.webp")[self.read("mp4.webp").index(b"ANIM") + 12:][:2], b"\0\0")

    def test_the_colours_are_those_of_the_film(self):
        """A painting of a film in its own GIF at strength 0 is the film but for its palette."""
        self.make("in.mp4", "-f", "lavfi", "-i", SOURCE)
        for out in ("a.gif", "a.webp", "a.apng", "a.mkv"):
            self.paint("in.mp4", "--style", "udnie", "--strength", "0", "-o", out)
            if out == "a.webp":  # which ffmpeg does not read
                self.paint("a.webp", "--style", "udnie", "--strength", "0", "-o", "b.mkv", "--crf", "0")
                out = "b.mkv"
            psnr = subprocess.run(["ffmpeg", "-nostdin", "-i", self.path(out), "-i", self.path("in.mp4"), "-lavfi",
                                   "[0]format=rgb24[a];[1]format=rgb24[b];[a][b]psnr", "-f", "null", "-"],
                                  capture_output=True, text=True).stderr
            average = float(psnr.split("average:")[-1].split()[0].replace("inf", "99"))
            self.assertGreater(average, 20 if out == "b.mkv" else 24, out)  # WebP halves the film's halved colours again

    def test_transparency_is_kept(self):
        self.make("in.gif", "-f", "lavfi", "-i", SOURCE, "-vf",
                  "format=rgba,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='if(lt(X,20+4*N),0,255)',split[a][b];"
                  "[a]palettegen=reserve_transparent=1[p];[b][p]paletteuse")
        want = self.alpha("in.gif")
        self.assertEqual(set(want), {0, 255})
        self.paint("in.gif", "--style", "udnie", "-o", "out.gif")
        self.assertEqual(self.alpha("out.gif"), want)
        self.paint("in.gif", "--style", "udnie", "-o", "out/")
        self.assertEqual(b"".join(self.alpha(f"out/{n:06}.png") for n in range(1, 7)), want)
        self.paint("in.gif", "--style", "udnie", "-o", "out.webp")
        self.paint("out.webp", "--style", "udnie", "-o", "again/", "--strength", "0")
        self.assertEqual(b"".join(self.alpha(f"again/{n:06}.png") for n in range(1, 7)), want)

    def test_times_of_an_animation_are_kept(self):
        subprocess.run(["convert", "-size", "40x30", "-delay", "20", "xc:red", "-delay", "50", "xc:blue", "-delay", "30",
                        "xc:green", self.path("in.gif")], check=True)
        still = ["--style", "udnie", "--strength", "0"]  # plain colours are painted alike
        self.paint("in.gif", *still, "-o", "out.webp")
        self.assertEqual(webp_times(self.read("out.webp"))[:2], [200, 500])
        self.paint("out.webp", *still, "-o", "out.gif")
        self.assertEqual([round(t, 2) for t in self.times(self.probe("out.gif"))], [0, 0.2, 0.7])

    def test_odd_sizes_stay_where_that_is_possible(self):
        subprocess.run(["convert", "-size", "51x33", "xc:red", "xc:blue", self.path("in.gif")], check=True)
        for out, size in (("a.gif", (51, 33)), ("a.apng", (51, 33)), ("a.mp4", (50, 32))):
            self.paint("in.gif", "--style", "udnie", "-o", out)
            stream = self.probe(out)["streams"][0]
            self.assertEqual((stream["width"], stream["height"]), size)
        self.paint("in.gif", "--style", "udnie", "-o", "b.gif", "--size", "99")
        self.assertEqual([self.probe("b.gif")["streams"][0][k] for k in ("width", "height")], [99, 64])

    def test_folders(self):
        os.mkdir(self.path("in"))
        for n in (1, 2, 10):  # by number, not by letter
            subprocess.run(["convert", "-size", "40x30", f"xc:rgb({20 * n},0,0)", self.path(f"in/frame{n}.png")], check=True)
        self.write("in/notes.txt", b"no picture")
        self.paint("in", "--style", "udnie", "--rate", "4", "-o", "out.mkv", "--strength", "0", "--stability", "0", "--crf",
                   "0")
        probe = self.probe("out.mkv")
        self.assertEqual(self.times(probe), [0, 0.25, 0.5])
        red = subprocess.run(["ffmpeg", "-v", "error", "-i", self.path("out.mkv"), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
                             capture_output=True).stdout[::3 * 40 * 30]
        self.assertTrue(all(abs(a - b) < 6 for a, b in zip(red, (20, 40, 200))), list(red))
        self.paint("in/", "--style", "udnie")
        self.assertEqual(sorted(os.listdir(self.path("in.udnie"))), ["000001.png", "000002.png", "000003.png"])
        self.paint("out.mkv", "--style", "udnie", "--format", "jpeg", "-o", "many/")
        self.assertEqual(sorted(os.listdir(self.path("many"))), ["000001.jpg", "000002.jpg", "000003.jpg"])
        self.assertEqual([f for f in self.files() if f.startswith(".")], [])
        self.refuse("not an empty folder", "out.mkv", "-o", "many/", code=4)
        os.mkdir(self.path("empty"))
        self.refuse("has no pictures", "empty", "-o", "none.mp4", code=3)
        self.paint("out.mkv", "--style", "udnie", "-o", "empty")
        self.assertEqual(len(os.listdir(self.path("empty"))), 3)


@unittest.skipIf(MISSING, "no films in this build, or no ffmpeg")
class VideoPipes(VideoTest):
    def pipe(self, data, *args, code=0):
        run = subprocess.run([CLI, "video", *args, "--style", "udnie", "-o", "-"], input=data, capture_output=True, cwd=self.dir)
        self.assertEqual(run.returncode, code, run.stderr)
        return run.stdout

    def make_film(self):
        self.make("in.mkv", "-f", "lavfi", "-i", SOURCE, "-f", "lavfi", "-i", "sine=440:duration=0.6")
        return self.read("in.mkv")

    def kinds(self, data):
        self.write("piped", data)
        return [(s["codec_name"], int(s["nb_read_frames"])) for s in json.loads(subprocess.run(
            ["ffprobe", "-v", "error", "-count_frames", "-of", "json", "-show_streams", self.path("piped")], capture_output=True,
            check=True).stdout)["streams"]]

    def test_out(self):
        film = self.make_film()
        for args, want in (((), ["h264", "vorbis"]), (("--container", "mp4"), ["h264", "vorbis"]), (("--container", "nut"), ["h264", "vorbis"]),
                           (("--container", "y4m"), ["rawvideo"]), (("--container", "ts"), ["h264"])):
            found = self.kinds(self.pipe(None, "in.mkv", *args))
            self.assertEqual([k for k, _ in found][:len(want)], want, args)
            self.assertEqual(found[0][1], 6, args)
        self.assertEqual(self.kinds(self.pipe(film, "-")), self.kinds(self.pipe(None, "in.mkv")))

    def test_y4m_in_and_out_are_frames_as_they_are(self):
        self.make("in.y4m", "-f", "lavfi", "-i", SOURCE, "-pix_fmt", "yuv420p")
        data = self.read("in.y4m")
        out = self.pipe(data, "-", "--strength", "0", "--container", "y4m")
        size = 64 * 48 * 3 // 2
        frames = [[f[:size] for f in film.split(b"FRAME\n")[1:]] for film in (data, out)]
        self.assertEqual([len(f) for f in frames], [6, 6])
        for before, after in zip(*frames):
            apart = [abs(a - b) for a, b in zip(before, after)]
            self.assertLess(sum(apart) / size, 3)

    def test_what_the_standard_output_is_not_for(self):
        self.make_film()
        run = self.paint("in.mkv", "--style", "udnie", "-o", "-", "--json", code=2)
        self.assertIn("--json", run.stderr)
        run = self.paint("in.mkv", "--style", "udnie", "-o", "-", "--container", "nothing", code=2)
        self.assertIn("no kind of film", run.stderr)
        self.assertEqual(run.stdout, "")

    def test_a_player_that_is_closed_ends_it(self):
        player = f'"{CLI}" video testsrc2=size=64x48:rate=10 --input-format lavfi --style udnie -o - | head -c 20000 | wc -c'
        run = subprocess.run(["bash", "-c", f"set -o pipefail; {player}"], capture_output=True, text=True, cwd=self.dir, timeout=PATIENCE)
        self.assertEqual((run.returncode, run.stdout.strip()), (0, "20000"), run.stderr)
        self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)

    def test_what_stands_for_a_camera(self):
        """lavfi is opened as a camera is, and goes on for ever."""
        if self.paint_camera("--to", "0.5", "-o", "half.mp4").wait(PATIENCE) == 2:
            self.skipTest("built without libavdevice")
        self.assertEqual(len(self.times(self.probe("half.mp4"))), 5)
        process = self.paint_camera("-o", "until.mp4")
        wait(lambda: process.poll() is not None or any(n.startswith(".until") for n in os.listdir(self.dir)))
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(PATIENCE), 0)
        self.assertGreater(len(self.times(self.probe("until.mp4"))), 0)
        self.assertEqual(sorted(self.files()), ["half.mp4", "until.mp4"])
        self.refuse("is no input of FFmpeg's", "x", "--input-format", "nothing", "-o", "no.mp4", code=2)
        self.refuse("cannot be opened as video4linux2", "/dev/null", "--input-format", "video4linux2", "-o", "no.mp4", code=3)

    def paint_camera(self, *args):
        return subprocess.Popen([CLI, "video", "testsrc2=size=64x48:rate=10,realtime", "--input-format", "lavfi", "-q", "--style",
                                 "udnie", *args], cwd=self.dir)


@unittest.skipIf(MISSING, "no films in this build, or no ffmpeg")
class VideoDamaged(VideoTest):
    def test_cut_short(self):
        self.make("a.gif", "-f", "lavfi", "-i", SOURCE)
        self.make("a.webp", "-f", "lavfi", "-i", SOURCE, "-c:v", "libwebp_anim")
        for kind in ("gif", "webp"):
            data = self.read(f"a.{kind}")
            self.write(f"cut.{kind}", data[:len(data) * 2 // 3])
            self.refuse("cut short", f"cut.{kind}", "-o", "out.mp4", code=3)
        self.write("padded.gif", self.read("a.gif") + b"\0\0\0")
        self.paint("padded.gif", "--style", "udnie", "-o", "padded.mp4")

    def test_without_frames(self):
        self.make("a.gif", "-f", "lavfi", "-i", SOURCE)
        self.make("a.y4m", "-f", "lavfi", "-i", SOURCE, "-pix_fmt", "yuv420p")
        self.write("empty.gif", self.read("a.gif")[:13 + 768] + b";")
        self.write("empty.y4m", self.read("a.y4m").split(b"FRAME")[0])
        self.write("empty.webp", b"RIFF\x04\0\0\0WEBP")
        for name in ("empty.gif", "empty.y4m", "empty.webp"):
            self.refuse("", name, "-o", "out.mp4", code=3)
            self.refuse("", name, "-o", "out.gif", code=3)
            self.refuse("", name, "-o", "folder/", code=3)

    def test_no_moving_picture(self):
        self.make("cover.png", "-f", "lavfi", "-i", "color=red:size=32x32", "-frames:v", "1")
        self.make("song.mp3", "-f", "lavfi", "-i", "sine=440:duration=1", "-i", "cover.png", "-map", "0", "-map", "1", "-c:v", "copy",
                  "-disposition:v", "attached_pic")
        self.refuse("no moving picture", "song.mp3", "-o", "out.mp4", code=3)

    def test_a_size_that_changes(self):
        os.mkdir(self.path("in"))
        for n, size in enumerate(("40x30", "40x30", "48x30")):
            subprocess.run(["convert", "-size", size, "xc:red", self.path(f"in/{n}.png")], check=True)
        self.refuse("2.png: has 48x30 pixels, those before have 40x30", "in", "-o", "out.mp4", code=3)
        self.refuse("2.png: has 48x30 pixels", "in", "-o", "out/", code=3)
        self.write("in/2.png", self.read("in/1.png")[:40])
        self.refuse("2.png", "in", "-o", "out.gif", code=3)
        for name, size in (("a.h264", "64x48"), ("b.h264", "96x64")):
            self.clip(name, size, "0.5", "-c:v", "libx264")
        self.write("both.h264", self.read("a.h264") + self.read("b.h264"))
        self.refuse("from 64x48 to 96x64", "both.h264", "-o", "out.webp", code=3)

    def test_ten_bits(self):
        for name, *args in (("a.y4m", "-strict", "-1"), ("a.mp4", "-c:v", "libx264"), ("b.mkv", "-c:v", "ffv1")):
            self.make(name, "-f", "lavfi", "-i", SOURCE, "-pix_fmt", "yuv420p10", *args)
            run = self.paint(name, "--style", "udnie", "-o", name.replace(".", "_") + ".mp4")
            self.assertIn("has 10 bits a channel, painted are 8", run.stderr)
        self.assertEqual(self.probe("a_y4m.mp4")["streams"][0]["pix_fmt"], "yuv420p")

    def test_changed_bytes(self):
        """Whatever is in the file: it is painted, or refused with a reason, and nothing half written stays."""
        chance = random.Random(17)
        for name, *args in (("a.mp4", "-c:v", "libx264"), ("a.gif",), ("a.webp", "-c:v", "libwebp_anim"), ("a.y4m", "-pix_fmt", "yuv420p"),
                            ("a.mkv", "-c:v", "ffv1"), ("a.avi", "-c:v", "mpeg4")):
            self.make(name, "-f", "lavfi", "-i", SOURCE, *args)
            data = self.read(name)
            for turn in range(6):
                changed = bytearray(data)
                for _ in range(1 + turn * 3):
                    changed[chance.randrange(len(data) if turn % 2 else min(len(data), 600))] = chance.randrange(256)
                self.write("bad." + name[2:], bytes(changed))
                before = self.files()
                run = subprocess.run([CLI, "video", "bad." + name[2:], "--style", "udnie", "-o", "out.mp4"], capture_output=True, text=True,
                                     cwd=self.dir, timeout=PATIENCE)
                self.assertIn(run.returncode, (0, 3, 4), (name, turn, run.stderr))
                if run.returncode:
                    self.assertEqual(self.files(), before, (name, turn, run.stderr))
                    self.assertTrue(run.stderr.strip(), (name, turn))
                else:
                    self.assertGreater(len(self.times(self.probe("out.mp4"))), 0)
                    os.unlink(self.path("out.mp4"))


if __name__ == "__main__":
    shutil.which("convert") or sys.exit(77)
    unittest.main(argv=sys.argv)
