"""Tests of the stylize command, end to end. Run all: python3 test_cli.py; one class: test_cli.py Folder"""
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import time
import unittest

from helpers import ARTWORK, CLI, EXAMPLES, PATIENCE, PHOTO, ROOT, CliTest, gray_png, kind, png, png_size, wait


class Usage(CliTest):
    def test_every_option_wrong_once(self):
        wrong = {
            "--style": ["", ":0.5", "scream:-0.5", "scream:-1", "scream:x", "scream,", "scream:0.5:2", "scream:nan"],
            "--style-image": ["", ":2"],
            "--style-scale": ["0.4", "8.1", "x", "", "nan"], "--look": ["63", "65536", "x", "", "1.5"],
            "--strength": ["2", "-0.1", "-1", "automatic", "x", "", "nan", "0x1", "1e999", "0.5 "],
            "--method": ["quick", ""],
            "--iterations": ["0", "-1", "1.5", "100001", "x"],
            "--seed": ["-1", "x", "99999999999999999999999"],
            "--size": ["0", "15", "16385", "x", "640x", "x480", "640x480x3", "640x8", "-5", "1e3", "99999999999999"],
            "--format": ["gif", "JPEG2000", ""],
            "--depth": ["0", "7", "9", "17", "x", ""], "--keep-metadata": ["", "gps", "exif,", "EXIF"],
            "--quality": ["0", "101", "x", "-3", "92.5"],
            "--jobs": ["0", "1025", "x"],
            "--engine": ["tensorflow", ""],
            "--device": ["gpu", "cuda:x", "cuda:", "cpu:1", ""],
            "--threads": ["0", "257", "x", "1,", "-1"],
            "--precision": ["fp64", ""],
            "--memory": ["0", "1M", "512X", "M", "-5M", "99999999999T", "512MM"],
            "--output": [""],
        }
        for option, values in wrong.items():
            for value in values:
                with self.subTest(option=option, value=value):
                    self.fails(2, option, str(PHOTO), "--style", "scream", option, value)

    def test_wrong_values_of_commands(self):
        self.fails(2, "--columns", "sheet", PHOTO, "--columns", "0")
        self.fails(2, "--rounds", "bench", "--rounds", "0")
        self.fails(2, "--size", "bench", "--size", "512,,256")
        self.fails(2, "--size", "sheet", PHOTO, "--size", "64x64")
        self.fails(2, "list of sizes", PHOTO, "-s", "scream", "--size", "64,128")
        self.fails(2, "list of numbers", PHOTO, "-s", "scream", "--threads", "1,2")

    def test_value_missing_or_not_wanted(self):
        self.fails(2, "--style needs a value", PHOTO, "--style")
        self.fails(2, "-o needs a value", PHOTO, "-s", "scream", "-o")
        self.fails(2, "--force takes no value", PHOTO, "-s", "scream", "--force=yes")

    def test_unknown_option_names_the_nearest(self):
        self.fails(2, "--style", PHOTO, "--stile", "scream")
        self.fails(2, "--preserve-color", PHOTO, "--preserve-colors")
        self.fails(2, "--recursive", PHOTO, "--recurse")
        self.fails(2, "see stylize --help", PHOTO, "--qqqqqqqqqq")
        self.fails(2, "-x", PHOTO, "-x")

    def test_option_of_another_command(self):
        self.fails(2, "--columns has no meaning for stylize paint", PHOTO, "-s", "scream", "--columns", "3")
        self.fails(2, "--style has no meaning for stylize info", "info", "--style", "scream")
        self.fails(2, "--jobs has no meaning for stylize sheet", "sheet", PHOTO, "--jobs", "3")

    def test_inputs(self):
        self.fails(2, "no picture given")
        self.fails(2, "no style given", PHOTO)
        self.fails(2, "needs one picture", "sheet")
        self.fails(2, "needs one picture", "sheet", PHOTO, PHOTO)
        self.fails(2, "takes no", "styles", "x")
        self.fails(2, "exclude each other", PHOTO, "-s", "scream", "--resume", "--force")
        self.fails(3, "missing.jpg", "missing.jpg", "-s", "scream")

    def test_too_many_styles(self):
        self.fails(2, "at most 16", PHOTO, "--style", ",".join(["scream"] * 17))

    def test_unknown_style_names_the_nearest(self):
        self.fails(2, "starry_night", PHOTO, "--style", "stary_night", "-o", "x.jpg")
        self.fails(2, "starry_night", PHOTO, "--style", "starry", "-o", "x.jpg")
        self.fails(2, "stylize styles lists all", PHOTO, "--style", "qqqqqqqqqqqq", "-o", "x.jpg")
        self.fails(2, "starry_night", "sheet", PHOTO, "--styles", "starry_nigth", "-o", "x.jpg")
        self.assertEqual(self.files(), [])

    def test_help_and_version(self):
        self.assertIn(b"--style", self.ok("--help"))
        self.assertIn(b"--columns", self.ok("sheet", "--help"))
        self.assertNotIn(b"--columns", self.ok("-h"))
        self.assertRegex(self.ok("--version"), rb"^stylize \d+\.\d+\.\d+\n$")
        for line in self.ok("--help").splitlines():
            self.assertLess(len(line), 100, line)

    def test_models_missing(self):
        self.fails(5, "nowhere", PHOTO, "-s", "scream", "--models", "nowhere", "-o", "x.jpg")

    def test_escape_sequences_do_not_reach_the_terminal(self):
        code, _, err = self.run_cli("\033[31mred.jpg", "-s", "scream")
        self.assertEqual(code, 3)
        self.assertNotIn("\033", err)


class Documents(CliTest):
    """The manual page and the completions know every option."""

    def options(self):
        found = set()
        for command in ([], ["sheet"], ["video"], ["styles"], ["style"], ["info"], ["bench"]):
            found |= set(re.findall(r"^ +(?:-\w, )?--([a-z-]+)", self.ok(*command, "--help").decode(), re.M))
        self.assertGreater(len(found), 25)
        return found

    def test_all_options_are_known(self):
        folder = ROOT / "apps/stylize/completions"
        texts = {
            "stylize.1": (ROOT / "docs/stylize.1").read_text().replace("\\-", "-"),
            "stylize.bash": (folder / "stylize.bash").read_text(),
            "_stylize": (folder / "_stylize").read_text(),
            "stylize.fish": re.sub(r"-l ([a-z-]+)", r"--\1", (folder / "stylize.fish").read_text()),
        }
        for name, text in texts.items():
            known = set(re.findall(r"--([a-z-]+)", text))
            self.assertEqual(self.options() - known, set(), name)

    @unittest.skipUnless(shutil.which("bash"), "no bash")
    def test_bash_completion(self):
        script = ROOT / "apps/stylize/completions/stylize.bash"
        for words, want in ((["--st"], ["--strength", "--style", "--style-dir", "--style-image", "--style-mask", "--style-scale"]),
                            (["-s", "starry"], ["starry_night"]),
                            (["-s", "udnie,wheat"], ["udnie,wheat_field"]),
                            (["sheet", "--col"], ["--columns"]),
                            (["x.jpg", "--format", "p"], ["png"])):
            line = " ".join(f"'{w}'" for w in [CLI, *words])
            done = subprocess.run(["bash", "-c", f"source '{script}'; COMP_WORDS=({line}); "
                                   f"COMP_CWORD={len(words)}; _stylize; printf '%s\\n' \"${{COMPREPLY[@]}}\""],
                                  capture_output=True, text=True)
            self.assertEqual(sorted(done.stdout.split()), want, done.stderr)


class Listing(CliTest):
    def test_styles_table(self):
        lines = self.ok("styles").decode().splitlines()
        self.assertRegex(lines[0], r"^id +name +artist +year +model$")
        self.assertGreaterEqual(len(lines), 17)
        column = lines[0].index("name")
        self.assertTrue(all(line[column - 1] == " " and line[column] != " " for line in lines))

    def test_styles_json_and_ids(self):
        styles = json.loads(self.ok("styles", "--json"))
        ids = self.ok("styles", "--ids").decode().split()
        self.assertEqual([s["id"] for s in styles], ids)
        self.assertEqual(len(ids), len(set(ids)))
        for style in styles:
            self.assertTrue(os.path.exists(style["preview"].removeprefix("Z:")), style) # as wine shows this system

    def test_styles_chinese(self):
        english = json.loads(self.ok("styles", "--json"))
        chinese = json.loads(self.ok("styles", "--json", "--lang", "zh"))
        self.assertEqual([s["id"] for s in english], [s["id"] for s in chinese])
        self.assertTrue(any(ord(c) > 0x2E80 for s in chinese for c in s["name"]))
        self.assertEqual(english, json.loads(self.ok("styles", "--json", "--lang", "xx")))

    def test_info(self):
        info = json.loads(self.ok("info", "--json"))
        self.assertEqual(info["version"], self.ok("--version").decode().split()[1])
        text = self.ok("info").decode()
        for engine in info["engines"]:
            self.assertIn(engine["name"], text)
        for model in info["models"]:
            self.assertIn(model["name"], text)
        self.assertIn(info["cpu"]["name"], text)


class One(CliTest):
    def test_named_output_and_size(self):
        self.write("in.png", png(60, 40))
        out = self.ok("in.png", "--style", "starry_night", "-o", "out.png").decode()
        self.assertIn("out.png", out)
        self.assertIn("60 x 40", out)
        self.assertEqual(png_size(self.read("out.png")), (60, 40))
        self.ok("in.png", "-s", "starry_night", "-o", "out.png", "--size", "120")
        self.assertEqual(png_size(self.read("out.png")), (120, 80))
        self.ok("in.png", "-s", "starry_night", "-oout.png", "--size=32x48", "-q")
        self.assertEqual(png_size(self.read("out.png")), (32, 48))

    def test_default_name_is_beside_the_input(self):
        self.write("a/in.put.png", png(40, 40))
        self.ok("a/in.put.png", "-s", "udnie")
        self.assertEqual(self.files(), ["a/in.put.png", "a/in.put.udnie.png"])
        self.fails(4, "--force", "a/in.put.png", "-s", "udnie")
        self.ok("a/in.put.png", "-s", "udnie", "-f")
        self.ok("a/in.put.png", "-s", "udnie:0.5,scream", "--format", "jpeg")
        self.assertEqual(kind(self.read("a/in.put.udnie+scream.jpg")), "jpeg")

    def test_formats(self):
        self.write("in.png", png(40, 40))
        for name, want in (("o.jpg", "jpeg"), ("o.JPEG", "jpeg"), ("o.png", "png"), ("o.webp", "webp"))[: 3 + self.have("webp")]:
            self.ok("in.png", "-s", "udnie", "-o", name)
            self.assertEqual(kind(self.read(name)), want)
        self.ok("in.png", "-s", "udnie", "-o", "noending")
        self.assertEqual(kind(self.read("noending")), "png")
        self.ok("in.png", "-s", "udnie", "-o", "noending", "--format", "jpeg", "--quality", "50")
        self.assertEqual(kind(self.read("noending")), "jpeg")
        self.fails(2, ".jpg, .jpeg, .png, .webp and .tif", "in.png", "-s", "udnie", "-o", "o.gif")
        self.fails(2, "--format png", "in.png", "-s", "udnie", "-o", "o.jpg", "--format", "png")

    def test_same_bytes_again_and_other_styles_differ(self):
        self.write("in.png", png(64, 48))
        for name, style in (("a", "udnie"), ("b", "udnie"), ("c", "scream")):
            self.ok("in.png", "-s", style, "-o", name + ".png", "--threads", "1")
        self.assertEqual(self.read("a.png"), self.read("b.png"))
        self.assertNotEqual(self.read("a.png"), self.read("c.png"))

    def test_options_reach_the_picture(self):
        self.write("in.png", png(64, 48))
        seen = {}
        for name, more in (("plain", []), ("half", ["--strength", "0.5"]), ("none", ["--strength", "0"]),
                           ("color", ["--preserve-color"]), ("colour", ["--preserve-colour"]),
                           ("large", ["--style-scale", "2"]), ("small", ["--style-scale", "0.5"])):
            self.ok("in.png", "-s", "scream", "-o", name + ".png", *more)
            seen[name] = self.read(name + ".png")
        self.assertEqual(seen["color"], seen.pop("colour"))
        self.assertEqual(len(set(seen.values())), 6)

    def test_masks_belong_to_the_style_before_them(self):
        self.write("in.png", png(64, 48))
        self.write("on.png", png(8, 6, gray=255))
        self.write("off.png", png(8, 6, gray=0))
        seen = {}
        for name, arguments in (("none", ["-s", "scream", "--strength", "0"]),
                                ("black", ["-s", "scream", "--mask", "off.png"]),
                                ("scream", ["-s", "scream"]),
                                ("white", ["-s", "scream", "--mask", "on.png"]),
                                ("other", ["-s", "udnie", "--mask", "off.png", "-s", "scream"]),
                                ("blend", ["-s", "scream,udnie"]),
                                ("shared", ["-s", "scream,udnie", "--mask", "on.png"])):
            self.ok("in.png", *arguments, "-o", name + ".png")
            seen[name] = self.read(name + ".png")
        self.assertEqual(seen["black"], seen["none"])
        self.assertEqual(seen["white"], seen["scream"])
        self.assertEqual(seen["other"], seen["scream"])
        self.assertEqual(seen["shared"], seen["blend"])
        self.assertEqual(len(set(seen.values())), 3)

    def test_a_part_of_the_artwork(self):
        self.write("in.png", png(64, 48))
        self.write("on.png", png(8, 6, gray=255))
        self.write("art.png", png(80, 60, seed=3))
        half = b"".join(b"\0" + bytes([255] * 4 + [0] * 4) for _ in range(6))
        self.write("half.pgm.png", gray_png(8, 6, half))
        seen = {}
        for name, arguments in (("whole", []), ("white", ["--style-mask", "on.png"]), ("half", ["--style-mask", "half.pgm.png"]),
                                ("pair", ["--style-mask", "half.pgm.png", "--mask", "on.png"])):
            self.ok("in.png", "-i", "art.png", *arguments, "-o", name + ".png")
            seen[name] = self.read(name + ".png")
        self.assertEqual(seen["white"], seen["whole"])
        self.assertEqual(seen["pair"], seen["half"])
        self.assertNotEqual(seen["half"], seen["whole"])
        self.write("off.png", png(8, 6, gray=0))
        self.fails(3, "style mask 1 is black all over", "in.png", "-i", "art.png", "--style-mask", "off.png", "-o", "x.png")
        self.fails(5, "style mask 1: style \"scream\"", "in.png", "-s", "scream", "--style-mask", "on.png", "-o", "x.png")
        self.fails(2, "comes before it", "in.png", "--style-mask", "on.png", "-i", "art.png", "-o", "x.png")
        self.assertNotIn("x.png", self.files())

    def test_wrong_masks(self):
        self.write("in.png", png(64, 48))
        self.write("on.png", png(8, 6, gray=255))
        self.write("text.png", b"no picture at all, but long enough")
        for arguments in (["--mask", "on.png", "-s", "scream"],
                          ["-s", "scream", "--mask", "on.png", "--mask", "on.png"]):
            self.fails(2, "the style that it is for comes before it", "in.png", *arguments, "-o", "x.png")
        self.fails(2, "a file name", "in.png", "-s", "scream", "--mask", "", "-o", "x.png")
        self.fails(3, "nowhere.png", "in.png", "-s", "scream", "--mask", "nowhere.png", "-o", "x.png")
        self.fails(3, "text.png", "in.png", "-s", "scream", "--mask", "text.png", "-o", "x.png")
        self.write("cut.png", png(8, 6, gray=255)[:50])
        self.fails(3, "mask 2: PNG is", "in.png", "-s", "scream", "--mask", "on.png", "-s", "udnie", "--mask", "cut.png", "-o", "x.png")
        self.fails(3, "style picture: PNG is", "in.png", "--style-image", "cut.png", "-o", "x.png")
        self.assertNotIn("x.png", self.files())
        self.fails(2, "--mask has no meaning", "sheet", "in.png", "--mask", "on.png")

    def test_auto_strength_says_what_it_was(self):
        self.ok(PHOTO, "-s", "great_wave", "--size", "200", "--strength", "auto", "-o", "auto.png")
        told = json.loads(self.ok(PHOTO, "-s", "great_wave", "--size", "200", "--strength", "auto", "-o", "again.png",
                                  "--json"))
        self.assertTrue(0 < told["strength"] <= 1)
        self.ok(PHOTO, "-s", "great_wave", "--size", "200", "--strength", str(told["strength"]), "-o", "number.png")
        self.assertEqual(self.read("auto.png"), self.read("number.png"))

    def test_stdin_to_stdout(self):
        data = png(50, 34)
        out = self.ok("-", "-s", "udnie", input=data)
        self.assertEqual(png_size(out), (50, 34))
        self.assertEqual(kind(self.ok("-", "-s", "udnie", "--format", "jpeg", "-o", "-", input=data)), "jpeg")
        self.write("in.png", data)
        self.assertEqual(self.ok("in.png", "-s", "udnie", "-o", "-"), out)
        self.ok("-", "-s", "udnie", "-o", "x.png", input=data)
        self.assertEqual(self.read("x.png"), out)
        self.fails(3, "standard input", "-", "-s", "udnie", input=b"")
        self.fails(3, "standard input", "-", "-s", "udnie", input=b"no picture at all, but long enough")
        self.fails(2, "exclude each other", "-", "-s", "udnie", "--json", input=data)
        with open("/dev/zero", "rb") as endless:
            self.fails(3, "256 MiB", "-", "-s", "udnie", stdin=endless)

    def test_json(self):
        self.write("in.png", png(60, 40))
        report = json.loads(self.ok("in.png", "-s", "udnie", "-o", "o.png", "--json"))
        self.assertEqual((report["input"], report["output"], report["status"]), ("in.png", "o.png", "ok"))
        self.assertEqual((report["width"], report["height"]), (60, 40))
        self.assertEqual(report["bytes"], len(self.read("o.png")))
        self.assertGreater(report["engine_ms"], 0)

    def test_quiet_says_nothing(self):
        self.write("in.png", png(60, 40))
        self.assertEqual(self.run_cli("in.png", "-s", "udnie", "-o", "o.png", "-q"), (0, b"", ""))

    def test_command_name_as_file(self):
        self.write("styles", png(40, 40))
        self.ok("./styles", "-s", "udnie", "-o", "o.png")
        self.ok("--style", "udnie", "-o", "p.png", "--", "styles")
        self.assertEqual(self.read("o.png"), self.read("p.png"))

    @unittest.skipIf(CLI.endswith("-wine"), "names are UTF-16 on Windows")
    def test_any_bytes_in_names(self):
        name = os.fsencode(self.dir) + b"/caf\xe9 \x01\xff.png"
        with open(name, "wb") as f:
            f.write(png(40, 40))
        process = subprocess.run([os.fsencode(CLI), name, b"-s", b"udnie", b"--json"], capture_output=True)
        self.assertEqual(process.returncode, 0, process.stderr)
        self.assertTrue(os.path.exists(name[:-4] + b".udnie.png"))
        json.loads(process.stdout.decode("utf-8"))

    def test_too_small_and_damaged(self):
        self.write("small.png", png(8, 8))
        self.fails(3, "small.png", "small.png", "-s", "udnie", "-o", "o.png")
        self.write("cut.jpg", PHOTO.read_bytes()[:5000])
        self.fails(3, "cut.jpg", "cut.jpg", "-s", "udnie", "-o", "o.png")
        self.write("text.jpg", b"this is only text" * 10)
        self.fails(3, "text.jpg", "text.jpg", "-s", "udnie", "-o", "o.png")
        self.assertNotIn("o.png", self.files())

    def test_small_memory_makes_tiles(self):
        report = json.loads(self.ok(PHOTO, "-s", "udnie", "-o", "o.jpg", "--size", "2048", "--memory", "32M",
                                    "--json"))
        self.assertGreater(report["tiles"], 1)

    def test_example_program(self):
        self.write("in.png", png(60, 40))
        minimal = os.path.join(EXAMPLES, "minimal")
        done = subprocess.run([minimal, "in.png", "udnie", "o.png"], cwd=self.dir, capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(png_size(self.read("o.png")), (1024, 683))
        for args in (["missing.png", "udnie", "p.png"], ["in.png", "nothing", "p.png"], ["in.png", "udnie", "no/p.png"]):
            bad = subprocess.run([minimal, *args], cwd=self.dir, capture_output=True)
            self.assertEqual((bad.returncode, bad.stderr.count(b"\n")), (1, 1), bad.stderr)


class Blend(CliTest):
    def test_pictures_as_styles(self):
        self.write("in.png", png(64, 48))
        for name, more in (("a", ["-i", ARTWORK]), ("b", ["-i", f"{ARTWORK}:0.3", "-i", f"{PHOTO}:0.7"]),
                           ("c", ["--style", "scream:0.4", "--style-image", f"{ARTWORK}:0.6"])):
            self.ok("in.png", "-o", name + ".png", *more)
        self.assertEqual(len({self.read(n + ".png") for n in "abc"}), 3)
        self.ok("in.png", "-i", ARTWORK)
        self.assertIn("in.artwork.png", self.files())

    def test_file_name_with_colon_wins_over_weight(self):
        self.write("in.png", png(64, 48))
        self.write("art:2", ARTWORK.read_bytes())
        self.ok("in.png", "-i", "art:2", "-o", "o.png")
        self.fails(3, "art", "in.png", "-i", "art:3", "-o", "o.png")

    def test_weights_are_shares(self):
        self.write("in.png", png(64, 48))
        for name, style in (("a", "udnie:1,scream:3"), ("b", "udnie:0.25,scream:0.75"), ("c", "udnie,scream")):
            self.ok("in.png", "-s", style, "-o", name + ".png")
        self.assertEqual(self.read("a.png"), self.read("b.png"))
        self.assertNotEqual(self.read("a.png"), self.read("c.png"))
        self.ok("in.png", "-s", "etching:0,udnie:1,scream:3", "-o", "d.png")
        self.assertEqual(self.read("a.png"), self.read("d.png"))
        self.fails(2, "weight", "in.png", "-s", "udnie:0", "-o", "e.png")
        self.fails(2, "weight", "in.png", "-s", "udnie:0,scream:0", "-o", "e.png")

    def test_style_picture_missing(self):
        self.fails(3, "gone.jpg", PHOTO, "-i", "gone.jpg", "-o", "o.png")


class Output(CliTest):
    def test_never_the_input(self):
        data = png(40, 40)
        self.write("in.png", data)
        os.symlink("in.png", self.path("link.png"))
        os.link(self.path("in.png"), self.path("hard.png"))
        for name in ("in.png", "./in.png", "link.png", "hard.png"):
            self.fails(4, "never overwritten", "in.png", "-s", "udnie", "-o", name, "--force")
        self.fails(4, "never overwritten", ".", "-s", "udnie", "-o", ".", "--force")
        self.assertEqual(self.read("in.png"), data)

    def test_no_folder(self):
        self.write("in.png", png(40, 40))
        self.fails(4, "does not exist", "in.png", "-s", "udnie", "-o", "no/such/o.png")
        self.ok("in.png", "-s", "udnie", "-o", "new/folder/")
        self.assertEqual(self.files("new"), ["folder/in.png"])
        self.fails(4, "exists already", "in.png", "-s", "udnie", "-o", "new/folder")

    @unittest.skipIf(os.geteuid() == 0, "root may write anywhere")
    def test_unwritable_folder(self):
        self.write("in.png", png(40, 40))
        os.mkdir(self.path("locked"), 0o500)
        self.fails(4, "locked", "in.png", "-s", "udnie", "-o", "locked/o.png")
        self.fails(4, "locked", ".", "-s", "udnie", "-o", "locked")

    def test_unwritable_even_for_root(self):
        self.write("in.png", png(40, 40))
        self.fails(4, "/proc/o.png", "in.png", "-s", "udnie", "-o", "/proc/o.png")
        self.fails(4, "in.png", "in.png", "in.png", "-s", "udnie", "-o", "in.png")
        self.fails(4, "/proc/painted", ".", "-s", "udnie", "-o", "/proc/painted")

    def test_closed_pipe(self):
        self.write("in.png", png(400, 400))
        read, write = os.pipe()
        os.close(read)
        code, _, err = self.run_cli("in.png", "-s", "udnie", "-o", "-", stdout=write)
        os.close(write)
        self.assertEqual(code, 4, err)
        self.assertIn("standard output", err)


class Folder(CliTest):
    def fill(self, count=5):
        for i in range(count):
            self.write(f"in/{i}.png", png(48, 32, seed=i))

    def test_all_pictures_once(self):
        self.fill()
        self.write("in/notes.txt", b"no picture")
        self.write("in/.hidden.png", png(40, 40))
        self.write("in/fake.jpg", b"neither, but longer than a few bytes")
        self.write("in/sub/deep.png", png(40, 40))
        code, out, err = self.run_cli("in", "-s", "udnie", "-o", "out")
        self.assertEqual(code, 0, err)
        self.assertEqual(self.files("out"), [f"{i}.png" for i in range(5)])
        self.assertEqual(len({self.read(f"out/{i}.png") for i in range(5)}), 5)
        self.assertIn("5 painted", out.decode())
        self.assertIn("2 skipped", out.decode())
        self.assertIn("in/notes.txt: skipped", err)
        self.assertIn("in/fake.jpg: skipped", err)
        self.assertIn("--recursive", err)

    @unittest.skipIf(CLI.endswith("-wine"), "jpg.jpg and JPG.JPG are one file on Windows")
    def test_every_usual_ending(self):
        jpeg = PHOTO.read_bytes()
        for ending in ("jpg", "JPG", "jpe", "jfif", "jif", "pjpeg"):
            self.write(f"in/{ending}.{ending}", jpeg)
        self.write("in/b.heic", b"\0\0\0\x18ftypqt  \0\0\0\0qt  heic")
        self.write("in/notes.md", jpeg)
        code, out, err = self.run_cli("in", "-s", "udnie", "-o", "out", "--size", "32")
        self.assertEqual(code, 0, err)
        self.assertEqual(self.files("out"), ["JPG.JPG", "jfif.jfif", "jif.jif", "jpe.jpe", "jpg.jpg", "pjpeg.jpg"])
        self.assertIn("in/notes.md: skipped", err)
        self.assertIn("in/b.heic: skipped, it is a video (QuickTime), which is not supported", err)
        self.ok("in/jfif.jfif", "-s", "udnie", "--size", "32")
        self.assertEqual(kind(self.read("in/jfif.udnie.jfif")), "jpeg")
        self.ok("in/jfif.jfif", "-s", "udnie", "--size", "32", "-o", "o.jfif")

    def test_as_from_one_picture(self):
        self.fill(3)
        self.ok("in", "-s", "udnie", "-o", "out", "--size", "96")
        self.ok("in/1.png", "-s", "udnie", "-o", "one.png", "--size", "96")
        self.assertEqual(self.read("one.png"), self.read("out/1.png"))

    @unittest.skipIf(CLI.endswith("-wine"), "wine shows links as what they lead to")
    def test_recursive_leaves_its_output_out(self):
        self.write("in/a/b/x.png", png(40, 40, 1))
        self.write("in/a/x.png", png(40, 40, 2))
        os.symlink("..", self.path("in/a/circle"))
        self.ok("in", "-s", "udnie", "-o", "in/painted", "-r")
        self.assertEqual(self.files("in/painted"), ["a/b/x.png", "a/x.png"])
        self.ok("in", "-s", "udnie", "-o", "in/painted", "-r", "--resume")
        self.assertEqual(self.files("in/painted"), ["a/b/x.png", "a/x.png"])

    def test_default_folder(self):
        self.fill(2)
        self.ok("in/", "-s", "udnie")
        self.assertEqual(self.files("in.udnie"), ["0.png", "1.png"])
        self.fails(2, "-o FOLDER", ".", "-s", "udnie")

    def test_resume_does_nothing_the_second_time(self):
        self.fill()
        first = json.loads(self.ok("in", "-s", "udnie", "-o", "out", "--resume", "--json").splitlines()[-1])
        self.assertEqual((first["painted"], first["done_before"]), (5, 0))
        before = {f: os.stat(self.path("out/" + f)).st_mtime_ns for f in self.files("out")}
        second = json.loads(self.ok("in", "-s", "udnie", "-o", "out", "--resume", "--json").splitlines()[-1])
        self.assertEqual((second["painted"], second["done_before"]), (0, 5))
        self.assertEqual(before, {f: os.stat(self.path("out/" + f)).st_mtime_ns for f in self.files("out")})
        self.write("in/new.png", png(40, 40))
        future = time.time() + 10
        os.utime(self.path("in/2.png"), (future, future))
        third = json.loads(self.ok("in", "-s", "udnie", "-o", "out", "--resume", "--json").splitlines()[-1])
        self.assertEqual((third["painted"], third["done_before"]), (2, 4))

    def test_existing_outputs_need_force_or_resume(self):
        self.fill(2)
        self.write("out/1.png", b"precious")
        self.fails(4, "out/1.png", "in", "-s", "udnie", "-o", "out")
        self.assertEqual(self.files("out"), ["1.png"])
        self.assertEqual(self.read("out/1.png"), b"precious")
        self.ok("in", "-s", "udnie", "-o", "out", "--force")
        self.assertEqual(kind(self.read("out/1.png")), "png")

    def test_one_bad_picture_stops_nobody(self):
        self.fill()
        self.write("in/2.png", png(48, 32)[:-60])
        code, out, err = self.run_cli("in", "-s", "udnie", "-o", "out", "--json")
        self.assertEqual(code, 1)
        self.assertIn("stylize: in/2.png: ", err)
        self.assertEqual(self.files("out"), ["0.png", "1.png", "3.png", "4.png"])
        lines = [json.loads(line) for line in out.splitlines()]
        self.assertEqual(sum(1 for line in lines[:-1] if line["status"] == "ok"), 4)
        self.assertEqual([line["input"] for line in lines[:-1] if "error" in line], ["in/2.png"])
        self.assertEqual((lines[-1]["painted"], lines[-1]["failed"]), (4, 1))

    def test_several_files(self):
        self.fill(3)
        self.ok("in/0.png", "in/2.png", "-s", "udnie")
        self.assertEqual(self.files("in"), ["0.png", "0.udnie.png", "1.png", "2.png", "2.udnie.png"])
        code, _, err = self.run_cli("in/0.png", "missing.png", "-s", "udnie", "-o", "out", "--format", "jpeg")
        self.assertEqual(code, 1)
        self.assertIn("missing.png", err)
        self.assertEqual(kind(self.read("out/0.jpg")), "jpeg")
        self.fails(2, "standard input", "in/0.png", "-", "-s", "udnie", "-o", "out")
        self.fails(2, "standard output", "in/0.png", "in/1.png", "-s", "udnie", "-o", "-")
        self.fails(2, "need a folder", "in/0.png", "in/1.png", "-s", "udnie", "-o", "all.jpg")

    def test_named_file_that_is_no_picture_fails(self):
        self.fill(1)
        self.write("in/text.png", b"only text, but long enough to be looked at")
        code, _, err = self.run_cli("in/0.png", "in/text.png", "-s", "udnie", "-o", "out")
        self.assertEqual(code, 1)
        self.assertIn("in/text.png", err)

    def test_two_inputs_of_one_output(self):
        self.write("in/x.png", png(40, 40, 1))
        self.write("in/x.jpg", PHOTO.read_bytes())
        code, _, err = self.run_cli("in", "-s", "udnie", "-o", "out", "--format", "jpeg", "--size", "64")
        self.assertEqual(code, 1)
        self.assertIn("in/x.png", err)
        self.assertIn("out/x.jpg", err)
        self.assertEqual(self.files("out"), ["x.jpg"])

    def test_only_missing_files(self):
        code, _, err = self.run_cli("a.png", "b.png", "-s", "udnie", "-o", "out")
        self.assertEqual((code, err.count("\n")), (3, 2), err)

    def test_save_fails(self):
        self.fill(2)
        os.mkdir(self.path("out"))
        os.symlink("/proc/nothing/here", self.path("out/sub"))
        self.write("in/sub/x.png", png(40, 40))
        code, out, err = self.run_cli("in", "-r", "-s", "udnie", "-o", "out", "--json")
        self.assertEqual(code, 1, err)
        lines = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([line["input"] for line in lines[:-1] if "error" in line], ["in/sub/x.png"])
        self.assertIn("stylize: out/sub/x.png: ", err)

    def test_empty_folder(self):
        os.mkdir(self.path("in"))
        self.fails(3, "no picture found", "in", "-s", "udnie", "-o", "out")

    def test_jobs(self):
        self.fill(12)
        for jobs in ("1", "3", "100"):
            self.ok("in", "-s", "udnie", "-o", "out" + jobs, "-j", jobs)
            self.assertEqual(len(self.files("out" + jobs)), 12)

    def test_example_program(self):
        self.fill(6)
        os.mkdir(self.path("out"))
        done = subprocess.run([os.path.join(EXAMPLES, "batch"), "udnie", "out", *(f"in/{i}.png" for i in range(6))],
                              cwd=self.dir, capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.files("out"), [f"{i}.jpg" for i in range(6)])
        self.assertIn(b"6 painted", done.stdout)


class Interrupt(CliTest):
    def until_it_listens(self, process):
        """Until it catches the signal; then a moment more, so that it is in the midst of its work."""
        def caught():
            with open(f"/proc/{process.pid}/status", encoding="ascii") as f:
                masks = dict(line.split(":\t") for line in f)
            return int(masks.get("SigCgt", "0"), 16) >> (signal.SIGINT - 1) & 1
        wait(lambda: process.poll() is not None or caught())
        time.sleep(0.5)

    def interrupt(self, process, number=signal.SIGINT):
        if process.poll() is None:
            process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)
        return process.returncode, out, err.decode()

    def test_large_picture(self):
        process = self.start(PHOTO, "-s", "udnie", "-o", "big.png", "--size", "8192", "--memory", "64M")
        self.until_it_listens(process)
        code, _, err = self.interrupt(process)
        if code == 0:
            self.skipTest("this machine had done all before the signal came")
        self.assertEqual(code, 130, err)
        self.assertIn("interrupted", err)
        self.assertEqual(self.files(), [])

    def test_folder_keeps_whole_files_only(self):
        for i in range(40):
            self.write(f"in/{i:02}.jpg", PHOTO.read_bytes())
        process = self.start("in", "-s", "udnie", "-o", "out", "--size", "1536", "-j", "3")
        wait(lambda: process.poll() is not None or os.path.isdir(self.path("out")) and self.files("out"))
        code, out, err = self.interrupt(process, signal.SIGTERM)
        if code == 0:
            self.skipTest("this machine had done all before the signal came")
        self.assertEqual(code, 128 + signal.SIGTERM, err)
        done = self.files("out")
        self.assertTrue(done)
        for name in done:
            self.assertRegex(name, r"^\d\d\.jpg$")
            self.assertEqual(kind(self.read("out/" + name)), "jpeg")
        self.assertIn(f"{len(done)} painted", out.decode())
        self.assertIn("--resume", err)

    def test_waiting_for_stdin(self):
        process = self.start("-", "-s", "udnie", stdin=subprocess.PIPE)
        self.until_it_listens(process)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=PATIENCE), 130)
        process.stdin.close()
        process.stdout.close()
        process.stderr.close()

    def test_sheet(self):
        process = self.start("sheet", PHOTO, "--size", "2048", "-o", "s.jpg")
        self.until_it_listens(process)
        code, _, err = self.interrupt(process)
        if code == 0:
            self.skipTest("this machine had done all before the signal came")
        self.assertEqual(code, 130, err)
        self.assertEqual(self.files(), [])


class Sheet(CliTest):
    def test_all_styles(self):
        count = len(self.ok("styles", "--ids").split())
        report = json.loads(self.ok("sheet", PHOTO, "-o", "s.png", "--size", "64", "--json"))
        self.assertEqual(report["styles"], count)
        self.assertEqual(png_size(self.read("s.png")), (report["width"], report["height"]))

    def test_chosen_styles_and_columns(self):
        self.write("in.png", png(64, 48))
        sizes = {}
        for columns in ("1", "2", "4"):
            self.ok("sheet", "in.png", "--styles", "udnie,scream", "-i", ARTWORK, "--columns", columns, "--size",
                    "64", "-o", "s.png")
            sizes[columns] = png_size(self.read("s.png"))
        self.assertLess(sizes["1"][0], sizes["2"][0])
        self.assertLess(sizes["2"][0], sizes["4"][0])
        self.assertGreater(sizes["1"][1], sizes["2"][1])

    def test_names_of_any_script(self):
        self.write("in.png", png(64, 48))
        sheets = []
        for name in ("星夜.jpg", "麦田.jpg"):
            self.write(name, ARTWORK.read_bytes())
            process = self.start("sheet", "in.png", "-i", name, "--size", "64", "-o", f"{name}.png", "--lang", "zh")
            said = process.communicate(timeout=PATIENCE)[1]
            self.assertEqual(process.returncode, 0, said)
            sheets.append(self.read(f"{name}.png"))
        if b"no names" in said:
            self.skipTest(said.decode())
        if not subprocess.run(["fc-list", ":lang=zh", "file"], capture_output=True, check=False).stdout:
            self.skipTest("there is no font with Chinese characters")
        self.assertNotEqual(*sheets)

    def test_default_name_and_format(self):
        self.write("in.png", png(64, 48))
        self.ok("sheet", "in.png", "--styles", "udnie", "--size", "48")
        self.assertEqual(kind(self.read("in.sheet.png")), "png")
        self.fails(4, "--force", "sheet", "in.png", "--styles", "udnie")
        self.ok("sheet", "in.png", "--styles", "udnie", "--size", "48", "--format", "jpeg")
        self.assertEqual(kind(self.read("in.sheet.jpg")), "jpeg")
        self.fails(2, ".gif", "sheet", "in.png", "-o", "s.gif")
        self.fails(4, "never overwritten", "sheet", "in.png", "-o", "in.png")
        self.fails(3, "missing.png", "sheet", "missing.png", "-o", "s.png")


class Bench(CliTest):
    def test_json(self):
        bench = json.loads(self.ok("bench", "--size", "64,96x64", "--threads", "1,2", "--rounds", "2", "--json"))
        self.assertTrue(bench["cpu"])
        self.assertEqual([(r["width"], r["height"], r["threads"]) for r in bench["results"]],
                         [(64, 64, 1), (96, 64, 1), (64, 64, 2), (96, 64, 2)])
        for r in bench["results"]:
            self.assertLessEqual(0, r["min_ms"])
            self.assertLessEqual(r["min_ms"], r["median_ms"])
            self.assertEqual((r["network"], r["precision"], r["rounds"]), ("brush", "fp32", 2))
            self.assertTrue(r["share_of_peak"] is None or r["share_of_peak"] > 0)

    def test_table_and_errors(self):
        lines = self.ok("bench", "--size", "64", "--rounds", "1", "--threads", "1").decode().splitlines()
        self.assertEqual(len(lines), 3)
        self.assertIn("64 x 64", lines[2])
        self.fails(5, "nonet", "bench", "--network", "nonet", "--rounds", "1")


class Terminal(CliTest):
    def on_terminal(self, *args):
        master, slave = pty.openpty()
        start = time.monotonic()
        process = self.start(*args, stderr=slave)
        os.close(slave)
        shown = b""
        while True:
            ready, _, _ = select.select([master], [], [], PATIENCE)
            try:
                data = os.read(master, 65536) if ready else b""
            except OSError:
                data = b""
            if not data:
                break
            shown += data
        process.wait(timeout=PATIENCE)
        process.stdout.close()
        os.close(master)
        self.assertEqual(process.returncode, 0, shown)
        if not shown and "-q" not in args and time.monotonic() - start < 0.6:
            self.skipTest("this machine was done before a bar is worth drawing")
        return shown.decode()

    def test_one_picture(self):
        shown = self.on_terminal(PHOTO, "-s", "udnie", "-o", "o.jpg", "--size", "3072", "--memory", "64M")
        self.assertRegex(shown, r"\r.*\[[#-]+\] +\d+ %")
        self.assertTrue(shown.endswith("\r\033[K"), repr(shown[-60:]))

    def test_folder(self):
        for i in range(12):
            self.write(f"in/{i:02}.jpg", PHOTO.read_bytes())
        shown = self.on_terminal("in", "-s", "udnie", "-o", "out", "--size", "768")
        self.assertRegex(shown, r"\d+/12 +[\d.]+ pictures/s")
        quiet = self.on_terminal("in", "-s", "udnie", "-o", "out2", "--size", "256", "-q")
        self.assertEqual(quiet, "")


if __name__ == "__main__":
    unittest.main()
