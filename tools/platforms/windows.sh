#!/bin/sh
# The library for Windows x64 by mingw-w64, tested under wine: windows.sh [BUILD]. Its paintings must be those of BUILD
# (build/release) on every instruction set, byte for byte. 77: a compiler or wine is missing.
set -eu
cd "$(dirname "$0")/../.."
root=$PWD
other=${1:-build/release}
compiler=x86_64-w64-mingw32-gcc-posix
wine=$(command -v wine64 || command -v wine || ls /usr/lib/wine/wine64 2>/dev/null || :)
command -v $compiler >/dev/null && [ -n "$wine" ] || {
    echo "windows: skipped, $compiler or wine is missing (tools/setup.sh platforms)"
    exit 77
}
tools/platforms/libraries.sh windows jansson xxhash cmocka
export STYLIZE_PREFIX="$root/build/platforms/windows/prefix"
export PKG_CONFIG_LIBDIR="$STYLIZE_PREFIX/lib/pkgconfig"
bin=build/windows/bin log=build/logs/windows.log
mkdir -p build/logs
flags="-std=gnu11 -O2 -Wall -D_GNU_SOURCE -D__USE_MINGW_ANSI_STDIO=1 -Iinclude -Ilib -I$STYLIZE_PREFIX/include"
{
    cmake -S . -B build/windows -G Ninja "-DCMAKE_TOOLCHAIN_FILE=$root/tools/platforms/windows.cmake" \
        -DCMAKE_BUILD_TYPE=Release -DSTYLIZE_WERROR=ON -DSTYLIZE_CODECS=OFF -DSTYLIZE_PLUGINS=OFF -DSTYLIZE_TORCH=OFF \
        -DSTYLIZE_TIFF=OFF -DSTYLIZE_GIF=OFF -DSTYLIZE_HEIF=OFF -DSTYLIZE_JXL=OFF -DSTYLIZE_FFMPEG=OFF -DSTYLIZE_LETTERING=OFF \
        -DSTYLIZE_BUILD_TESTS=OFF &&
        cmake --build build/windows -j "${JOBS:-2}" --target stylize &&
        $compiler $flags tests/web/native.c apps/web/engine.c -o $bin/native.exe build/windows/lib/libstylize.dll.a &&
        $compiler $flags tests/core/test_os.c lib/base/os_windows.c lib/base/os_windows_files.c -o $bin/test_os.exe \
            -L"$STYLIZE_PREFIX/lib" -lcmocka -lpthread &&
        cc -std=gnu11 -O2 -Iinclude tests/web/native.c apps/web/engine.c -o build/windows/native "-L$other/lib" -lstylize \
            "-Wl,-rpath,$root/$other/lib"
} >"$log" 2>&1 </dev/null || {
    echo "windows: build failed, see $log:"
    grep -E -A 3 'error:|CMake Error|undefined reference' "$log" | head -n 20
    exit 1
}
# What they need besides, where wine looks for it.
for dll in libwinpthread-1 libgcc_s_seh-1; do
    cp "$($compiler -print-file-name=$dll.dll)" $bin/
done
cp "$STYLIZE_PREFIX"/bin/*.dll $bin/ 2>/dev/null || :

export LC_ALL=C.UTF-8 WINEDEBUG=-all WINEPREFIX="$root/build/windows/wine"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
(cd $bin && "$wine" test_os.exe)
python3 tools/platforms/site.py --models "$folder"
head -c 196608 /dev/urandom >"$folder/in" # 256 x 192 RGBA
for cpu in portable avx2 avx512; do
    STYLIZE_CPU=$cpu "$root/build/windows/native" "$folder" 256 192 starry_night 1 0 <"$folder/in" >"$folder/here"
    STYLIZE_CPU=$cpu "$wine" $bin/native.exe "$folder" 256 192 starry_night 1 0 <"$folder/in" >"$folder/there"
    cmp "$folder/here" "$folder/there"
done
echo "windows: the paintings are those of $other, byte for byte"
