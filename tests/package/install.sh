#!/bin/sh
# Installs to a scratch folder, moves the tree, and uses the library from there as a stranger would:
# by pkg-config and by find_package. Nothing of the source tree is in reach of the programs but the
# stranger's own files.
# install.sh SOURCE_DIR BUILD_DIR C_COMPILER CXX_COMPILER
set -eu
source=$1 build=$2 cc=$3 cxx=$4
unset STYLIZE_MODELS
scratch=$(mktemp -d "${TMPDIR:-/tmp}/stylize-install.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
cmake --install "$build" --prefix "$scratch/first" >"$scratch/install.log" || { cat "$scratch/install.log"; exit 1; }
mv "$scratch/first" "$scratch/prefix"
prefix=$scratch/prefix
library=$(find "$prefix" -name libstylize.so)
libdir=$(dirname "$library")
cp -r "$source/tests/package/stranger" "$scratch/stranger"
cp "$source/examples/minimal.c" "$scratch/stranger"
cd "$scratch/stranger"

echo "by pkg-config"
export PKG_CONFIG_PATH="$libdir/pkgconfig"
flags=$(pkg-config --cflags --libs stylize)
case "$flags" in *"$source"*) echo "flags name the source tree: $flags"; exit 1 ;; esac
pkg-config --static --libs stylize | grep -q jansson || { echo "private libraries are missing"; exit 1; }
header=$(sed -n 's/#define STYLIZE_VERSION_[MP][A-Z]* \([0-9]*\)/\1/p' "$prefix/include/stylize/stylize.h" |
    paste -sd.)
[ "$(pkg-config --modversion stylize)" = "$header" ] || { echo "version differs from $header"; exit 1; }
$cc -std=c99 -pedantic -Wall -Wextra -Werror stranger.c -o stranger_c $flags -Wl,-rpath,"$libdir"
$cc -std=c99 -pedantic -Wall -Wextra -Werror minimal.c -o minimal $flags -Wl,-rpath,"$libdir"
$cxx -std=c++11 -pedantic -Wall -Wextra -Werror stranger.cpp -o stranger_cpp $flags -Wl,-rpath,"$libdir"
./stranger_c
./stranger_cpp
./minimal "$source/examples/data/photo.jpg" starry_night painted.jpg
case "$(od -An -tx1 -N2 painted.jpg)" in " ff d8") ;; *) echo "minimal wrote no JPEG"; exit 1 ;; esac

echo "by find_package"
cmake -S . -B build -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx" \
    -DCMAKE_BUILD_TYPE=Release >"$scratch/cmake.log" 2>&1 || { cat "$scratch/cmake.log"; exit 1; }
cmake --build build >"$scratch/cmake.log" 2>&1 || { cat "$scratch/cmake.log"; exit 1; }
./build/stranger_c
./build/stranger_cpp

echo "the installed command"
"$prefix/bin/stylize" --version
installed() { # SOURCE_FILE INSTALLED_FILE
    [ ! -e "$source/$1" ] || cmp "$source/$1" "$prefix/share/$2"
}
installed docs/stylize.1 man/man1/stylize.1
[ ! -x "$prefix/bin/stylize-server" ] || installed docs/stylize-server.8 man/man8/stylize-server.8
installed apps/stylize/completions/stylize.bash bash-completion/completions/stylize
installed apps/stylize/completions/_stylize zsh/site-functions/_stylize
installed apps/stylize/completions/stylize.fish fish/vendor_completions.d/stylize.fish
installed models/styles/library.json stylize/models/styles/library.json
if grep -rlF "$source" "$prefix" --include='*.pc' --include='*.cmake' --include='*.h' --include='*.json'; then
    echo "installed files name the source tree"
    exit 1
fi
