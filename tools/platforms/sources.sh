#!/bin/sh
# Fetches the sources of libraries that another platform's build links statically, as Debian has them:
# sources.sh FOLDER PACKAGE... Each lies in FOLDER/PACKAGE afterwards. Asks Debian once for each.
set -eu
folder=$1
shift
mkdir -p "$folder"
cd "$folder"
wanted=
for package in "$@"; do
    [ -d "$package" ] || wanted="$wanted $package"
done
[ -n "$wanted" ] || exit 0
command -v apt-get >/dev/null && command -v dpkg-source >/dev/null || {
    echo "sources: needs apt-get and dpkg-source, or these sources unpacked in $folder:$wanted"
    exit 1
}
# The machine's own list of Debian's packages, read as one of sources, without touching its settings.
mkdir -p lists/partial
: >debian.sources
: >debian.list
for list in /etc/apt/sources.list.d/*.sources; do
    [ -e "$list" ] && sed 's/^Types:.*/Types: deb-src/' "$list" >>debian.sources && echo >>debian.sources
done
for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -e "$list" ] && sed -n 's/^deb /deb-src /p' "$list" >>debian.list
done
mkdir -p parts
mv debian.sources debian.list parts/
apt() {
    tool=$1
    shift
    "$tool" -qq -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$here/parts" \
        -o Dir::State::lists="$here/lists" -o APT::Sandbox::User="$(id -un)" "$@" </dev/null
}
here=$PWD
apt apt-get update >/dev/null 2>&1 || :
for package in $wanted; do
    # The newest; where a mirror lacks it, the one before.
    for version in $(apt apt-cache showsrc "$package" | sed -n 's/^Version: //p' | sort -rV | uniq); do
        rm -rf unpacked
        mkdir unpacked
        if (cd unpacked && apt apt-get source "$package=$version") >"$package.log" 2>&1; then
            mv unpacked/*/ "$package"
            break
        fi
    done
    [ -d "$package" ] || {
        echo "sources: $package could not be fetched:"
        tail -n 3 "$package.log" 2>/dev/null
        exit 1
    }
done
rm -rf unpacked
