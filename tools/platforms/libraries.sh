#!/bin/sh
# Builds the libraries that the project needs for another platform, static, from Debian's sources:
# libraries.sh PLATFORM LIBRARY... installs to build/platforms/PLATFORM/prefix. Does nothing for those that are there.
set -eu
cd "$(dirname "$0")/../.."
root=$PWD
platform=$1
shift
work=$root/build/platforms/$platform
sources=$root/build/platforms/sources
export STYLIZE_PREFIX="$work/prefix"
mkdir -p "$STYLIZE_PREFIX/lib/pkgconfig" "$STYLIZE_PREFIX/include" "$work/logs"
case $platform in
web) toolchain=/usr/share/emscripten/cmake/Modules/Platform/Emscripten.cmake compiler=emcc ;;
musl) toolchain=$root/tools/platforms/musl.cmake compiler=musl-gcc ;;
windows) toolchain=$root/tools/platforms/windows.cmake compiler=x86_64-w64-mingw32-gcc-posix ;;
linux-* | macos-*) toolchain=$root/tools/platforms/zig.cmake compiler=$STYLIZE_ZIG/cc ;; # tools/platforms/zig.sh
*) echo "libraries: no platform $platform" && exit 2 ;;
esac

tools= host= # of a compiler for another system
case $platform in
windows) tools=x86_64-w64-mingw32- host=x86_64-w64-mingw32 ;;
linux-*) tools=$STYLIZE_ZIG/ host=${platform#linux-}-linux-gnu ;;
macos-*) tools=$STYLIZE_ZIG/ host=${platform#macos-}-apple-darwin ;;
esac

failed() {
    echo "libraries: $1 could not be built for $platform, see $work/logs/$1.log:"
    grep -E -A 3 'error:|CMake Error' "$work/logs/$1.log" | head -n 20 | grep . || tail -n 5 "$work/logs/$1.log"
    exit 1
}

by_cmake() {
    name=$1
    shift
    {
        cmake -S "$sources/$name" -B "$work/$name" -G Ninja "-DCMAKE_TOOLCHAIN_FILE=$toolchain" \
            "-DCMAKE_INSTALL_PREFIX=$STYLIZE_PREFIX" -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_BUILD_TYPE=Release \
            -DBUILD_SHARED_LIBS=OFF -DCMAKE_POSITION_INDEPENDENT_CODE=ON "-DCMAKE_PREFIX_PATH=$STYLIZE_PREFIX" "$@" &&
            cmake --build "$work/$name" -j "${JOBS:-2}" --target install
    } >"$work/logs/$name.log" 2>&1 </dev/null || failed "$name"
}

for library in "$@"; do
    [ -e "$work/logs/$library.done" ] && continue
    "$root/tools/platforms/sources.sh" "$sources" "$library"
    case $library in
    zlib) # Debian's source lacks what its CMake files name
        rm -rf "$work/zlib" && cp -r "$sources/zlib" "$work/zlib"
        (cd "$work/zlib" && CC=$compiler AR=${tools}ar RANLIB=${tools}ranlib CFLAGS="-O2 -fPIC" ./configure --static "--prefix=$STYLIZE_PREFIX" &&
            make -j "${JOBS:-2}" install) >"$work/logs/zlib.log" 2>&1 </dev/null || failed zlib
        ;;
    libjpeg-turbo) by_cmake libjpeg-turbo "-DCMAKE_INSTALL_LIBDIR=$STYLIZE_PREFIX/lib" -DENABLE_SHARED=OFF -DWITH_TURBOJPEG=OFF -DREQUIRE_SIMD=OFF ;;
    libpng1.6) by_cmake libpng1.6 -DPNG_SHARED=OFF -DPNG_TESTS=OFF "-DZLIB_ROOT=$STYLIZE_PREFIX" ;;
    libwebp) by_cmake libwebp -DWEBP_BUILD_ANIM_UTILS=OFF -DWEBP_BUILD_CWEBP=OFF -DWEBP_BUILD_DWEBP=OFF -DWEBP_BUILD_GIF2WEBP=OFF \
        -DWEBP_BUILD_IMG2WEBP=OFF -DWEBP_BUILD_VWEBP=OFF -DWEBP_BUILD_WEBPINFO=OFF -DWEBP_BUILD_WEBPMUX=OFF -DWEBP_BUILD_EXTRAS=OFF ;;
    tiff) by_cmake tiff -Dtiff-tools=OFF -Dtiff-tests=OFF -Dtiff-contrib=OFF -Dtiff-docs=OFF -Djbig=OFF -Dlzma=OFF -Dzstd=OFF \
        -Dlerc=OFF -Dwebp=OFF -Dlibdeflate=OFF -Dcxx=OFF -DCMAKE_CXX_COMPILER_FORCED=ON \
        "-DZLIB_ROOT=$STYLIZE_PREFIX" ;;
    lcms2) # has autotools only
        rm -rf "$work/lcms2" && cp -r "$sources/lcms2" "$work/lcms2"
        (cd "$work/lcms2" && ./configure --host="$host" CC="$compiler" AR="${tools}ar" RANLIB="${tools}ranlib" CFLAGS=-O2 --disable-shared --with-pic \
            --without-jpeg --without-tiff --without-zlib "--prefix=$STYLIZE_PREFIX" &&
            make -j "${JOBS:-2}" -C src install && make -C include install &&
            make install-pkgconfigDATA) >"$work/logs/lcms2.log" 2>&1 </dev/null || failed lcms2
        ;;
    giflib) # six files, and a makefile for POSIX
        (cd "$sources/giflib" && mkdir -p "$work/giflib" &&
            for f in dgif_lib egif_lib gifalloc gif_err gif_hash openbsd-reallocarray; do
                $compiler -O2 -fPIC -c $f.c -o "$work/giflib/$f.o" || exit 1
            done &&
            ${tools}ar rcs "$STYLIZE_PREFIX/lib/libgif.a" "$work/giflib"/*.o &&
            cp gif_lib.h "$STYLIZE_PREFIX/include/") >"$work/logs/giflib.log" 2>&1 </dev/null || failed giflib
        ;;
    jansson) by_cmake jansson -DJANSSON_BUILD_DOCS=OFF -DJANSSON_WITHOUT_TESTS=ON -DJANSSON_EXAMPLES=OFF ;;
    cmocka) by_cmake cmocka -DWITH_EXAMPLES=OFF -DWITH_STATIC_LIB=ON ;;
    xxhash) # its header is all that is used
        cp "$sources/xxhash/xxhash.h" "$STYLIZE_PREFIX/include/"
        printf 'prefix=%s\nName: xxhash\nDescription: hash\nVersion: 0.8.1\nCflags: -I${prefix}/include\n' \
            "$STYLIZE_PREFIX" >"$STYLIZE_PREFIX/lib/pkgconfig/libxxhash.pc"
        ;;
    *)
        echo "libraries: no recipe for $library"
        exit 2
        ;;
    esac
    : >"$work/logs/$library.done"
done
