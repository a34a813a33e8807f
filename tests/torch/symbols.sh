#!/bin/sh
# symbols.sh PLUGIN SHIM_FOLDER: what the plugin exports is what symbols.txt and the headers for C say.
plugin=$1 shim=$2
if [ ! -f "$plugin" ]; then
    echo "skipped: the torch plugin was not built"
    exit 77
fi
exported=$(nm -D --defined-only "$plugin" | awk '{ print $3 }' | LC_ALL=C sort)
declared=$(grep -oh 'stz_torch_[a-z_]*(' "$shim/torch.h" "$shim/net.h" "$shim/optimize/optimize.h" | tr -d '(' | LC_ALL=C sort -u)
listed=$(cat "$shim/symbols.txt")
[ "$exported" = "$listed" ] || { printf 'exported:\n%s\nlisted:\n%s\n' "$exported" "$listed"; exit 1; }
[ "$declared" = "$listed" ] || { printf 'declared:\n%s\nlisted:\n%s\n' "$declared" "$listed"; exit 1; }
[ "$(echo "$listed" | wc -l)" -le 15 ]
