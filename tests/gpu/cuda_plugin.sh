#!/bin/sh
# cuda_plugin.sh HALF PLUGIN COMMAND: what the plugin's CUDA half exports and needs, that nothing is undefined, that
# the plugin itself needs no CUDA library, and that the library loads the half, with a card or without.
half=$1 plugin=$2 command=$3
fail() { echo "$*"; exit 1; }
[ -f "$half" ] || { echo "skipped: the torch plugin's CUDA half was not built"; exit 77; }
exported=$(nm -D --defined-only "$half" | awk '{ print $3 }')
[ "$exported" = stz_device_table_get ] || fail "exports $exported"
needed() { readelf -dW "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'; }
for name in $(needed "$half"); do
    case $name in
    libtorch_cuda.so | libtorch_cpu.so | libc10_cuda.so | libc10.so | libcudart.so.* | libstdc++.so.6 | libgcc_s.so.1 | libc.so.6 | libm.so.6) ;;
    *) fail "needs $name" ;;
    esac
done
needed "$half" | grep -q '^libcudart' || fail "does not need libcudart"
needed "$plugin" | grep -E 'cuda|cudart' && fail "the plugin itself needs CUDA"
undefined=$(ldd -r "$half" 2>&1 | grep -E 'undefined symbol|not found')
[ -z "$undefined" ] || fail "$undefined"
# One run-time library for it and for libtorch: the wheel's own, where it has one.
runtimes=$(ldd "$half" | awk '/libcudart/ { print $3 }' | sort -u | wc -l)
[ "$runtimes" -eq 1 ] || fail "$runtimes libraries of the CUDA run-time"
# Where there is no card it is loaded all the same, and what is missing is the driver's or the card's.
state=$(STYLIZE_PLUGINS=${plugin%/*} "$command" info --engine torch --json 2>&1) || fail "$state"
case $state in
*'"device": "cuda:'* | *'"not_cuda": "no NVIDIA driver '* | *'"not_cuda": "the NVIDIA driver is for '* | \
    *'"not_cuda": "the driver sees no CUDA device'* | *'"not_cuda": "CUDA does not start'*) ;;
*) fail "$state" ;;
esac
echo "$state" | sed -n 's/.*"\(not_cuda\|detail\)": "\(.*\)".*/\2/p' | tail -n 2
