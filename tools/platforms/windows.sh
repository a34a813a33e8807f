#!/bin/sh
# The library and the command for Windows x64 by mingw-w64, and what users get of them, in build/windows/dist:
# stylize-VERSION-windows-x64.zip and the Python package's win_amd64 wheel. 77: a compiler is missing.
set -eu
cd "$(dirname "$0")/../.."
root=$PWD
command -v x86_64-w64-mingw32-gcc-posix >/dev/null && command -v nasm >/dev/null || {
    echo "windows: skipped, gcc-mingw-w64-x86-64 or nasm is missing (tools/setup.sh platforms)"
    exit 77
}
tools/platforms/libraries.sh windows zlib libjpeg-turbo libpng1.6 libwebp lcms2 tiff giflib jansson xxhash cmocka
export STYLIZE_PREFIX="$root/build/platforms/windows/prefix"
export PKG_CONFIG_LIBDIR="$STYLIZE_PREFIX/lib/pkgconfig"
log=build/logs/windows.log
mkdir -p build/logs
rm -rf build/windows/stage build/windows/dist
mkdir -p build/windows/dist
{
    cmake -S . -B build/windows -G Ninja "-DCMAKE_TOOLCHAIN_FILE=$root/tools/platforms/windows.cmake" \
        -DCMAKE_BUILD_TYPE=Release -DSTYLIZE_WERROR=ON -DSTYLIZE_PLUGINS=OFF -DSTYLIZE_TORCH=OFF -DSTYLIZE_HEIF=OFF \
        -DSTYLIZE_JXL=OFF -DSTYLIZE_FFMPEG=OFF -DSTYLIZE_LETTERING=OFF -DSTYLIZE_BUILD_TESTS=OFF &&
        cmake --build build/windows -j "${JOBS:-2}" --target stylize stylize_cli &&
        for part in Runtime Development Unspecified; do
            cmake --install build/windows --prefix "$root/build/windows/stage" --strip --component $part || exit 1
        done
} >"$log" 2>&1 </dev/null || {
    echo "windows: build failed, see $log:"
    grep -vE '^(: &&|\[|FAILED)' "$log" | grep -E -A 3 'error:|CMake Error|undefined reference' | head -n 20
    exit 1
}
python3 tools/platforms/windows_zip.py build/windows/stage build/platforms/sources build/windows/dist
python3 tools/platforms/wheel.py build/windows/stage/bin/libstylize.dll win_amd64 build/platforms/sources build/windows/dist
