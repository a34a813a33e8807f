#!/bin/sh
# manual.sh BINARY PAGE: the manual page has every option with its help, and no other one.
set -eu
help=$("$1" --help)
page=$(sed 's/\\-/-/g' "$2")
options=$(echo "$help" | sed -n 's/^  --\([a-z-]*\) .*/\1/p')
[ "$(echo "$options" | wc -l)" -gt 50 ]
missing=
for option in $options; do
    echo "$page" | grep -q -e "^\.BI* --$option\( \|\$\)" || missing="$missing --$option"
done
for option in $(echo "$page" | sed -n 's/^\.BI* --\([a-z-]*\).*/\1/p'); do
    echo "$options" | grep -qx -e "$option" || missing="$missing --$option(unknown)"
done
texts=$(echo "$help" | sed -n 's/^  --[a-z-]*\( [A-Z:]*\)\{0,1\}  *\([^ ].*\)/\2/p' | cut -c 2-)
missing=$missing$(echo "$texts" | while read -r line; do
    echo "$page" | grep -qF -e "$line" || printf '\n%s' "$line"
done)
[ -z "$missing" ] || { echo "not the same in the page:$missing"; exit 1; }
