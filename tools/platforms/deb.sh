#!/bin/sh
# Debian packages of this tree, built from a Debian source package and read by lintian: build/deb/*.deb. What git does not
# know is no part of them. 77: a tool is missing. NOCHECK=1: without lintian.
set -eu
cd "$(dirname "$0")/../.."
root=$PWD out=$PWD/build/deb
for tool in dpkg-buildpackage dh lintian dh_python3; do
    command -v $tool >/dev/null || {
        echo "deb: skipped, $tool is missing (tools/setup.sh packages)"
        exit 77
    }
done
version=$(sed -n 's/#define STYLIZE_VERSION_[MP][A-Z]* \([0-9]*\)/\1/p' include/stylize/stylize.h | paste -sd.)
rm -rf "$out"
mkdir -p "$out/stylize-$version" build/logs
git ls-files -z -co --exclude-standard | tar --exclude=packaging/debian --null -T - -cf - | tar -xf - -C "$out/stylize-$version"
# The date of what is packed: the same tree makes the same packages.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
tar -C "$out" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner -cJf \
    "$out/stylize_$version.orig.tar.xz" "stylize-$version"
cp -r packaging/debian "$out/stylize-$version/debian"
cat >"$out/stylize-$version/debian/changelog" <<CHANGELOG
stylize ($version-1) unstable; urgency=medium

  * Initial release.

 -- The authors of libstylize <packaging@example.org>  $(date -u -R -d "@$SOURCE_DATE_EPOCH")
CHANGELOG
log=build/logs/deb.log
(cd "$out/stylize-$version" && DEB_BUILD_OPTIONS="parallel=${JOBS:-2}" dpkg-buildpackage -us -uc -d) >"$log" 2>&1 </dev/null || {
    echo "deb: build failed, see $log:"
    grep -E -A 3 'error:|Error|dh_.*:' "$log" | tail -n 20
    exit 1
}
ls -l "$out"/*.deb | awk '{ sub(".*/", "", $NF); print "deb: " $NF ", " $5 " bytes" }'
[ "${NOCHECK-}" = 1 ] && exit 0
# What is let through is said in packaging/debian; errors and warnings are faults.
# The number of a request for the package is given by Debian, where there is one.
lintian --allow-root --fail-on error,warning --suppress-tags initial-upload-closes-no-bugs "$out"/*.changes
echo "deb: lintian has nothing to say"

# What is in the packages paints, from a folder of its own, with the build's tree out of the way.
mv "$out/stylize-$version" "$out/away"
for package in "$out"/*.deb; do
    dpkg-deb -x "$package" "$out/tree"
done
lib=$(dirname "$(ls "$out"/tree/usr/lib/*/libstylize.so.0)")
photo=$root/apps/server/page/example.jpg
unset STYLIZE_MODELS STYLIZE_CLI
export LD_LIBRARY_PATH="$lib" STYLIZE_STYLES=
"$out/tree/usr/bin/stylize" "$photo" -s starry_night --size 128 -q -o "$out/command.png"
PYTHONPATH="$out/tree/usr/lib/python3/dist-packages" /usr/bin/python3 -B -c 'import sys, stylize
with stylize.Stylizer(threads=1) as s:
    s(sys.argv[1], "starry_night", output_size=128, output_format="png").save(sys.argv[2])' "$photo" "$out/python.png"
cmp "$out/command.png" "$out/python.png"
ldd "$out/tree/usr/bin/stylize-server" | grep -q 'not found' && { echo "deb: the server lacks a library"; exit 1; }
"$out/tree/usr/bin/stylize-server" --version >/dev/null
rm -rf "$out/away"
echo "deb: command and Python package paint the same, out of the packages"
