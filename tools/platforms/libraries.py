"""Which libraries are linked into what is shipped for other platforms, and their licences, from Debian's sources."""
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
LINKED = ("zlib", "libjpeg-turbo", "libpng1.6", "libwebp", "lcms2", "tiff", "giflib", "jansson", "xxhash")


def licences(sources: pathlib.Path) -> dict[str, bytes]:
    """File name and text for each; whoever passes a binary on has to pass these on with it."""
    texts = {f"{name}.txt": (sources / name / "debian/copyright").read_bytes() for name in LINKED}
    mingw = pathlib.Path("/usr/share/doc/mingw-w64-x86-64-dev/copyright") # its threads, and what programs begin with
    return texts | ({"mingw-w64.txt": mingw.read_bytes()} if mingw.exists() else {})


def version() -> str:
    header = (ROOT / "include/stylize/stylize.h").read_text(encoding="utf-8")
    words = dict(line.split()[1:3] for line in header.splitlines() if line.startswith("#define STYLIZE_VERSION_"))
    return ".".join(words[f"STYLIZE_VERSION_{part}"] for part in ("MAJOR", "MINOR", "PATCH"))


def models() -> dict[str, pathlib.Path]:
    """What the native engine and the library of styles read: path inside the models folder, and the file."""
    top = ROOT / "models"
    return {str(p.relative_to(top)): p for p in sorted(top.rglob("*"))
            if p.is_file() and p.suffix not in (".onnx", ".pt") and p.name != "CMakeLists.txt"}
