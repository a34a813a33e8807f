#!/bin/sh
# Installs what the project needs and this machine lacks: setup.sh GROUP... [--optional GROUP...]
# On Debian and Ubuntu with apt; elsewhere it says what is missing. Does nothing when all is there.
# Groups after --optional may fail: the build then goes without them.
set -eu

# package of Debian | what proves that it is there | what for
needs() {
    case $1 in
    build) cat <<'LIST' ;;
build-essential|command -v cc && command -v make|C compiler
cmake|command -v cmake|build system, 3.22 or later
ninja-build|command -v ninja|build system
pkg-config|command -v pkg-config|finds the libraries
libjpeg-dev|pkg-config --exists libjpeg|JPEG pictures
libpng-dev|pkg-config --exists libpng|PNG pictures
libwebp-dev|pkg-config --exists libwebp|WebP pictures
liblcms2-dev|pkg-config --exists lcms2|colour profiles
libjansson-dev|pkg-config --exists jansson|JSON
libxxhash-dev|pkg-config --exists libxxhash|keys of the style-code cache
libmicrohttpd-dev|pkg-config --exists libmicrohttpd|stylize-server
libseccomp-dev|pkg-config --exists libseccomp|stylize-server: its sandbox
libgnutls28-dev|pkg-config --exists gnutls|stylize-server: TLS and digests
libhiredis-dev|pkg-config --exists hiredis|stylize-server: Redis
libcurl4-gnutls-dev|pkg-config --exists libcurl|stylize-server: S3 and Consul
LIST
    formats) cat <<'LIST' ;;
libtiff-dev|pkg-config --exists 'libtiff-4 >= 4.5'|TIFF pictures
libgif-dev|test -e /usr/include/gif_lib.h|GIF pictures
libheif-dev|pkg-config --exists libheif|AVIF and HEIC pictures
libjxl-dev|pkg-config --exists libjxl|JPEG XL pictures
LIST
    film) cat <<'LIST' ;;
libavformat-dev|pkg-config --exists 'libavformat >= 59.27'|stylize video: containers
libavcodec-dev|pkg-config --exists 'libavcodec >= 59.37'|stylize video: codecs
libswscale-dev|pkg-config --exists 'libswscale >= 6.7'|stylize video: kinds of frames
libavfilter-dev|pkg-config --exists 'libavfilter >= 8.44'|stylize video: palettes of GIF
libavdevice-dev|pkg-config --exists 'libavdevice >= 59.7'|stylize video: cameras
ffmpeg|command -v ffmpeg|tests of stylize video
frei0r-plugins-dev|test -e /usr/include/frei0r.h|the frei0r plug-in
LIST
    test) cat <<'LIST' ;;
g++|command -v g++|the header from C++, the torch engine
python3|command -v python3|rules of the source tree, Python package
python3-numpy|/usr/bin/python3 -c "import numpy"|tests of the converters
python3-pytest|/usr/bin/python3 -c "import pytest"|tests of stylize-server
python3-httpx|/usr/bin/python3 -c "import httpx"|tests of stylize-server
libcmocka-dev|pkg-config --exists cmocka|unit tests
abigail-tools|command -v abidiff|the binary interface against the last release
curl|command -v curl|the lines of the README of stylize-server
imagemagick|command -v convert|test pictures, second opinion on pictures
libimage-exiftool-perl|command -v exiftool|test pictures with metadata
LIST
    python) cat <<'LIST' ;;
python3-venv|python3 -c "import ensurepip"|Python packages for the tests
redis-server|command -v redis-server|tests of stylize-server and of the Celery tasks
LIST
    names) cat <<'LIST' ;;
libfreetype-dev|pkg-config --exists freetype2|names on contact sheets
libfontconfig-dev|pkg-config --exists fontconfig|names on contact sheets
libfribidi-dev|pkg-config --exists fribidi|names on contact sheets
fonts-dejavu-core|fc-list :lang=ar file \| grep -q .|names on contact sheets
fonts-droid-fallback|fc-list :lang=zh file \| grep -q .|names on contact sheets
LIST
    format) echo 'clang-format-14|command -v clang-format-14|check of the formatting' ;;
    clang) cat <<'LIST' ;;
clang|command -v clang|the sources as another compiler reads them
cppcheck|command -v cppcheck|the sources as a checker reads them
LIST
    torch) echo 'libtorch-dev|test -e /usr/include/torch/script.h|the torch engine' ;;
    train) cat <<'LIST' ;;
python3-torch|/usr/bin/python3 -c "import torch"|tests of the training tool
python3-pil|/usr/bin/python3 -c "import PIL"|tests of the training tool
python3-pip|/usr/bin/python3 -c "import pip"|tests of the training tool as a package
python3-setuptools|/usr/bin/python3 -c "import setuptools"|tests of the training tool as a package
python3-wheel|/usr/bin/python3 -c "import wheel"|tests of the training tool as a package
LIST
    bench) echo 'python3-venv|python3 -c "import ensurepip"|Python packages to compare with' ;;
    platforms) cat <<'LIST' ;;
emscripten|command -v emcc|the page that paints in the browser
nodejs|command -v node|its test
musl-tools|command -v musl-gcc|the library on musl
gcc-mingw-w64-x86-64|command -v x86_64-w64-mingw32-gcc-posix|the library for Windows
nasm|command -v nasm|JPEG for Windows at its usual speed
wine64|test -e /usr/lib/wine/wine64|its test
gimp|command -v gimp-console|test of the plug-in for GIMP
libgimp2.0-dev|pkg-config --exists gimpui-2.0|the plug-in for GIMP
qemu-user|command -v qemu-aarch64|what is built for ARM64
gcc-aarch64-linux-gnu|command -v aarch64-linux-gnu-gcc|the kernels for ARM64
libc6-dev-arm64-cross|test -e /usr/aarch64-linux-gnu/include/stdio.h|the same
dpkg-dev|command -v dpkg-source|sources of what other platforms link
LIST
    packages) cat <<'LIST' ;;
debhelper|command -v dh|Debian packages
dh-python|command -v dh_python3|Debian packages
lintian|command -v lintian|their test
LIST
    page) echo 'chromium|command -v chromium|tests of the page' ;;
    # Their packages start services, which nobody wants of a test on a machine that runs some.
    deploy) [ -d /run/systemd/system ] || cat <<'LIST' ;;
nginx-light|command -v nginx /usr/sbin/nginx|tests of the configurations for operators
haproxy|command -v haproxy /usr/sbin/haproxy|tests of the configurations for operators
prometheus|command -v promtool|tests of the alert rules
python3-venv|python3 -c "import ensurepip"|checkers of containers and manifests
LIST
    bench-server) echo 'wrk|command -v wrk|load generator' ;;
    *) echo "setup: no group $1" >&2; exit 2 ;;
    esac
}

# Prints the missing packages of the groups given, with what they are for.
missing() {
    for group in "$@"; do
        needs "$group"
    done | while IFS='|' read -r package probe purpose; do
        sh -c "$probe" >/dev/null 2>&1 || echo "$package|$purpose"
    done
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif [ -t 0 ]; then
        sudo "$@"
    else
        sudo -n "$@"
    fi
}

apt_install() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
        -o Dpkg::Use-Pty=0 install "$@" </dev/null >>"$log" 2>&1
}

# Old package lists name files that are gone, so a failure is tried again with new ones.
install_missing() {
    list=$(missing "$@")
    [ -n "$list" ] || return 0
    if ! command -v apt-get >/dev/null; then
        echo "setup: missing (names of Debian's packages):"
        echo "$list" | sed 's/\(.*\)|\(.*\)/  \1: \2/'
        return 1
    fi
    echo "setup: installing with apt:"
    echo "$list" | sed 's/\(.*\)|\(.*\)/  \1: \2/'
    packages=$(echo "$list" | cut -d'|' -f1)
    if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
        echo "setup: needs root: apt-get install" $packages
        return 1
    fi
    apt_install $packages && return 0
    as_root apt-get -qq update </dev/null >>"$log" 2>&1 || :
    apt_install $packages && return 0
    echo "setup: apt failed, see $log:"
    tail -n 5 "$log"
    return 1
}

cd "$(dirname "$0")/.."
log=build/logs/setup.log
mkdir -p build/logs
required= optional= into=required
for group in "$@"; do
    if [ "$group" = --optional ]; then
        into=optional
    else
        eval "$into=\"\$$into $group\""
    fi
done
install_missing $required
for group in $optional; do
    install_missing "$group" || echo "setup: going on without $group"
done
oldest=3.22
if command -v cmake >/dev/null; then
    have=$(cmake --version | sed -n 's/^cmake version \([0-9.]*\).*/\1/p')
    if [ "$(printf '%s\n%s\n' "$oldest" "$have" | sort -V | head -n 1)" != "$oldest" ]; then
        echo "setup: CMake is $have, needed is $oldest (python3 -m pip install cmake has it)"
        exit 1
    fi
fi
