#!/bin/sh
# The interface of the headers, compared with that of the last release by libabigail: abi.sh SOURCE_DIR CC [--write]
# A library of empty functions with the header's prototypes stands for it, so nothing internal is looked at; that the
# library exports just these is what library.sh sees to. --write makes today's the one to compare with: for a release.
set -eu
source=$1 cc=$2
here=$source/tests/package/abi
command -v abidw >/dev/null && command -v abidiff >/dev/null || { echo "skipped: abigail-tools is missing"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 - "$source/include/stylize/stylize.h" "$source/include/stylize/embed.h" \
    "$source/include/stylize/sequence.h" "$source/include/stylize/train.h" >"$work/stubs.c" <<'PYTHON'
import re, sys
header = "".join(open(name, encoding="utf-8").read() for name in sys.argv[1:])
print('#include "stylize/embed.h"\n#include "stylize/sequence.h"\n#include "stylize/train.h"')
for prototype in re.findall(r"^STYLIZE_API ([^;]*\));", header, flags=re.M):
    print(f"{prototype}\n{{\n    __builtin_trap();\n}}")
# A structure that is reached through one that may grow only would not be compared.
for name in re.findall(r"^} (stylize_\w+);", header, flags=re.M):
    print(f"void is_{name}({name} *s)\n{{\n    (void)s;\n}}")
PYTHON
"$cc" -std=c99 -g -shared -fPIC -Wno-return-type -I"$source/include" "$work/stubs.c" -o "$work/libstylize.so"
abidw --no-show-locs --no-corpus-path --no-comp-dir-path "$work/libstylize.so" >"$work/now.abi"
[ "${3-}" != --write ] || { cp "$work/now.abi" "$here/stylize.abi"; exit 0; }
# Functions may be added, and the tagged structures may grow at their ends: grows.suppr.
status=0
abidiff --no-added-syms --suppressions "$here/grows.suppr" "$here/stylize.abi" "$work/now.abi" >"$work/said" || status=$?
[ "$status" = 0 ] || { cat "$work/said"; echo "the binary interface changed (docs/abi.md)"; exit 1; }
echo "$(grep -c "<function-decl name='stylize_" "$work/now.abi") functions, none changed"
