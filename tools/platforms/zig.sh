#!/bin/sh
# The zig of PyPI as a compiler for TARGET (aarch64-linux-gnu.2.28): zig.sh TARGET prints the folder with cc, c++, ar and
# ranlib. 77: it cannot be had.
set -eu
cd "$(dirname "$0")/../.."
target=$1
python=$PWD/build/zig/bin/python
if ! "$python" -c 'import ziglang' 2>/dev/null; then
    { python3 -m venv build/zig && "$python" -m pip -q install ziglang==0.17.1; } >&2 || {
        echo "zig: skipped, ziglang could not be installed from PyPI" >&2
        exit 77
    }
fi
folder=$PWD/build/zig/for/$target
zig=$("$python" -c 'import os, ziglang; print(os.path.join(os.path.dirname(ziglang.__file__), "zig"))')
mkdir -p "$folder"
wrap() {
    printf '#!/bin/sh\nexec "%s" %s "$@"\n' "$zig" "$2" >"$folder/$1.new"
    chmod +x "$folder/$1.new"
    mv "$folder/$1.new" "$folder/$1"
}
# What is undefined ends no program of users. Levels of x86-64 have other names there.
for name in cc c++; do
    wrap $name "$name -target $target -fno-sanitize=undefined"
    sed -i 's/^exec/for word; do\n    shift\n    case $word in -march=x86-64-v*) word=-march=x86_64_v${word#*-v} ;; esac\n    set -- "$@" "$word"\ndone\nexec/' "$folder/$name"
done
wrap ar ar
wrap ranlib ranlib
echo "$folder"
