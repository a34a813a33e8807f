#!/bin/sh
# The library and the command on musl: built, its unit tests run, a painting compared with that of this machine's
# C library: musl.sh [BUILD] (build/release if there is one). 77: musl-gcc is missing.
set -eu
cd "$(dirname "$0")/../.."
root=$PWD
other=${1:-build/release}
command -v musl-gcc >/dev/null || {
    echo "musl: skipped, musl-gcc is missing (tools/setup.sh platforms)"
    exit 77
}
tools/platforms/libraries.sh musl zlib jansson xxhash libpng1.6 libjpeg-turbo cmocka
export STYLIZE_PREFIX="$root/build/platforms/musl/prefix"
export PKG_CONFIG_LIBDIR="$STYLIZE_PREFIX/lib/pkgconfig"
# Those that need no more of a C library than POSIX has, and no other program.
tests="os mem team controls guest optimize request sched tile tiling codec_image codec_jpeg codec_png codec_encode
    codec_file codec_hostile codec_resize codec_blend codec_threads codec_deep style_model style_library style_own
    style_styles safetensors cpu native native_back native_fit native_engine graph reference exactness video_flow"
targets=stylize_cli
pattern=
for name in $tests; do
    targets="$targets test_$name"
    pattern="$pattern|$name"
done
mkdir -p build/logs
log=build/logs/musl.log
{
    cmake -S . -B build/musl -G Ninja "-DCMAKE_TOOLCHAIN_FILE=$root/tools/platforms/musl.cmake" -DSTYLIZE_TORCH=OFF \
        -DCMAKE_BUILD_TYPE=Release -DSTYLIZE_WERROR=ON -DSTYLIZE_GIF=OFF -DSTYLIZE_BUILD_TESTS=ON &&
        cmake --build build/musl -j "${JOBS:-2}" --target $targets
} >"$log" 2>&1 </dev/null || {
    echo "musl: build failed, see $log:"
    grep -E -A 3 'error:|CMake Error|undefined reference' "$log" | head -n 20
    exit 1
}
ctest --test-dir build/musl -R "^(${pattern#|})\$" --output-on-failure -j "${JOBS:-2}"

# The same picture by both: no byte may differ.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export STYLIZE_MODELS="$root/models" STYLIZE_STYLES=
build/musl/bin/stylize apps/server/page/example.jpg -s starry_night -o "$folder/musl.png"
build/musl/bin/stylize /no/such.jpg -s starry_night -o "$folder/none.png" 2>"$folder/error" && exit 1
grep -q 'No such file' "$folder/error" || {
    echo "musl: the reason of a failure is missing: $(cat "$folder/error")"
    exit 1
}
if [ -x "$other/bin/stylize" ]; then
    "$other/bin/stylize" apps/server/page/example.jpg -s starry_night -o "$folder/other.png"
    cmp "$folder/musl.png" "$folder/other.png"
    echo "musl: the painting is that of $other, byte for byte"
fi
