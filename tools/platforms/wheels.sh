#!/bin/sh
# Wheels of the Python package for any Linux with glibc 2.28 or later, in build/wheels: x86-64 and ARM64, by zig, everything
# but the C library inside. 77: zig cannot be had.
set -eu
cd "$(dirname "$0")/../.."
root=$PWD floor=2.28
rm -rf build/wheels
mkdir -p build/wheels build/logs
for machine in ${*:-x86_64 aarch64}; do
    STYLIZE_ZIG=$(tools/platforms/zig.sh "$machine-linux-gnu.$floor")
    export STYLIZE_ZIG STYLIZE_SYSTEM=Linux STYLIZE_PROCESSOR="$machine"
    tools/platforms/libraries.sh "linux-$machine" zlib libjpeg-turbo libpng1.6 libwebp lcms2 tiff giflib jansson xxhash
    export STYLIZE_PREFIX="$root/build/platforms/linux-$machine/prefix"
    export PKG_CONFIG_LIBDIR="$STYLIZE_PREFIX/lib/pkgconfig"
    log=build/logs/linux-$machine.log
    {
        cmake -S . -B "build/linux-$machine" -G Ninja "-DCMAKE_TOOLCHAIN_FILE=$root/tools/platforms/zig.cmake" \
            -DCMAKE_BUILD_TYPE=Release -DSTYLIZE_TORCH=OFF -DSTYLIZE_HEIF=OFF -DSTYLIZE_JXL=OFF -DSTYLIZE_FFMPEG=OFF \
            -DSTYLIZE_LETTERING=OFF -DSTYLIZE_BUILD_TESTS=OFF &&
            cmake --build "build/linux-$machine" -j "${JOBS:-2}" --target stylize stylize_cli
    } >"$log" 2>&1 </dev/null || {
        echo "wheels: build for $machine failed, see $log:"
        grep -vE '^(: &&|\[|FAILED)' "$log" | grep -E -A 3 'error:|CMake Error|undefined' | head -n 20
        exit 1
    }
    python3 tools/platforms/glibc_floor.py $floor "build/linux-$machine/lib/libstylize.so" "build/linux-$machine/bin/stylize"
    python3 tools/platforms/wheel.py "build/linux-$machine/lib/libstylize.so" "manylinux_2_28_$machine" build/platforms/sources build/wheels
done
