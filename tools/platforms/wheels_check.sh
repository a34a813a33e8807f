#!/bin/sh
# Tests what tools/platforms/wheels.sh makes: wheels_check.sh BUILD (build/release). That of this machine is installed and paints;
# the library of the other runs under qemu where that is, with its glibc. zig's compiler rounds otherwise than GCC: a
# painting may differ from BUILD's by one level. 77: zig cannot be had.
set -eu
cd "$(dirname "$0")/../.."
root=$PWD build=$1
tools/platforms/wheels.sh
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
unset STYLIZE_LIBRARY STYLIZE_MODELS PYTHONPATH
export STYLIZE_STYLES=
photo=$root/apps/server/page/example.jpg
compare='import sys
a, b = (open(n, "rb").read() for n in sys.argv[1:])
worst = max(abs(x - y) for x, y in zip(a, b))
assert len(a) == len(b) and worst <= 1, (len(a), len(b), worst)
print("wheels: largest difference", worst, "in", sum(x != y for x, y in zip(a, b)), "of", len(a), "samples")'
same() { # NAME OTHER
    convert "$folder/$1.png" -depth 8 "rgb:$folder/$1.raw"
    convert "$folder/$2.png" -depth 8 "rgb:$folder/$2.raw"
    python3 -c "$compare" "$folder/$1.raw" "$folder/$2.raw"
}

python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" -q install --no-index --no-deps "$(ls build/wheels/*"$(uname -m)".whl)"
"$folder/venv/bin/python" -I -c 'import sys, stylize
with stylize.Stylizer(threads=1) as s:
    open(sys.argv[2], "wb").write(s(sys.argv[1], "starry_night", output_size=256, output_format="png").tobytes())' "$photo" "$folder/wheel.png"
PYTHONPATH=bindings/python/src STYLIZE_LIBRARY="$build/lib/libstylize.so" STYLIZE_MODELS="$root/models" python3 -B -c 'import sys, stylize
with stylize.Stylizer(threads=1) as s:
    open(sys.argv[2], "wb").write(s(sys.argv[1], "starry_night", output_size=256, output_format="png").tobytes())' "$photo" "$folder/here.png"
same wheel here

if [ "$(uname -m)" = x86_64 ] && command -v qemu-aarch64 >/dev/null && [ -d /usr/aarch64-linux-gnu ]; then
    qemu-aarch64 -L /usr/aarch64-linux-gnu build/linux-aarch64/bin/stylize "$photo" -s starry_night --size 256 \
        -o "$folder/arm.png" --threads 1 -q
    STYLIZE_CPU=portable "$build/bin/stylize" "$photo" -s starry_night --size 256 -o "$folder/x86.png" --threads 1 -q
    same arm x86
else
    echo "wheels: that of ARM64 was not run: qemu-user or libc6-dev-arm64-cross is missing"
fi
