#!/bin/sh
# The JavaScript package and the page that paints in the browser, in one folder that any static host serves:
# build/web/site. 77: emscripten is missing.
set -eu
cd "$(dirname "$0")/../.."
root=$PWD
command -v emcc >/dev/null || {
    echo "web: skipped, emscripten is missing (tools/setup.sh platforms)"
    exit 77
}
log=build/logs/web.log
mkdir -p build/logs
# Debian's emscripten looks for its parts of node where its own node does.
export NODE_PATH="${NODE_PATH:+$NODE_PATH:}/usr/share/nodejs:/usr/lib/nodejs"
tools/platforms/libraries.sh web jansson xxhash
export STYLIZE_PREFIX="$root/build/platforms/web/prefix"
export PKG_CONFIG_LIBDIR="$STYLIZE_PREFIX/lib/pkgconfig"
{
    cmake -S . -B build/web -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_FLAGS=-msimd128 \
        -DCMAKE_TOOLCHAIN_FILE=/usr/share/emscripten/cmake/Modules/Platform/Emscripten.cmake \
        "-DCMAKE_EXE_LINKER_FLAGS=-L$STYLIZE_PREFIX/lib" -DSTYLIZE_CODECS=OFF -DSTYLIZE_PLUGINS=OFF -DSTYLIZE_TORCH=OFF \
        -DSTYLIZE_TIFF=OFF -DSTYLIZE_GIF=OFF -DSTYLIZE_HEIF=OFF -DSTYLIZE_JXL=OFF -DSTYLIZE_FFMPEG=OFF -DSTYLIZE_LETTERING=OFF &&
        cmake --build build/web -j "${JOBS:-2}"
} >"$log" 2>&1 </dev/null || {
    echo "web: build failed, see $log:"
    grep -E -A 3 'error:|CMake Error' "$log" | head -n 20 | grep . || tail -n 10 "$log"
    exit 1
}
python3 tools/platforms/site.py build/web/site
