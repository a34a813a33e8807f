#!/bin/sh
# What the shared library shows and needs: exported functions, SONAME, libraries.
# library.sh LIBRARY SYMBOLS ABI_VERSION ALLOWED_NEEDED...
set -eu
library=$1 symbols=$2 abi=$3
shift 3
fail() { echo "$*"; exit 1; }
exported=$(nm -D --defined-only "$library" | awk '$2 != "A" {sub("@.*", "", $3); print $3}' | LC_ALL=C sort)
[ "$exported" = "$(cat "$symbols")" ] || {
    echo "exported functions differ from the list (left: library, right: list):"
    printf '%s\n' "$exported" | diff - "$symbols" || :
    exit 1
}
soname=$(readelf -dW "$library" | sed -n 's/.*soname: \[\(.*\)\]/\1/p')
[ "$soname" = "libstylize.so.$abi" ] || fail "SONAME is $soname"
for needed in $(readelf -dW "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
    case " $* " in
    *" ${needed%%.so*} "*) ;;
    *) fail "needs $needed, which is not in the list: $*" ;;
    esac
done
# What the sources must not call is not imported either, from whatever file it came.
imported=$(nm -D --undefined-only "$library" | awk '{sub("@.*", "", $2); print $2}' |
    grep -xE 'abort|_?exit|_Exit|quick_exit|printf|puts|putchar|perror|stderr|stdout|__assert_fail' || :)
[ -z "$imported" ] || fail "imports" $imported
readelf -dW "$library" | grep -q BIND_NOW || fail "not linked with -z now"
readelf -lW "$library" | grep -q GNU_RELRO || fail "not linked with -z relro"
