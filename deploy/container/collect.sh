#!/bin/sh
# collect.sh BUILD_DIR ROOT: the server with all it loads, as a file system of its own.
# Libraries are Debian's; var/lib/dpkg/status.d says which, so that scanners of images can tell.
set -eu
build=$1 root=$2
DESTDIR=$root cmake --install "$build" --strip >/dev/null
cd "$root"
models=usr/share/stylize/models
rm -rf usr/include usr/lib/pkgconfig usr/lib/cmake usr/share/man usr/share/bash-completion usr/share/zsh usr/share/fish
rm -f usr/lib/libstylize.so usr/bin/stylize
# Networks of other engines: TorchScript for the plugin only.
find "$models" -name '*.onnx' -delete
[ -d usr/lib/stylize ] || find "$models" -name '*.pt' -delete

mkdir -p bin etc/ssl/certs tmp var/lib/dpkg/status.d var/lib/stylize-server
chmod 1777 tmp
chown 10001:10001 var/lib/stylize-server
chmod 700 var/lib/stylize-server
cp /bin/busybox bin/
cp /etc/ssl/certs/ca-certificates.crt etc/ssl/certs/
echo 'root:x:0:0::/:/bin/false
stylize:x:10001:10001::/:/bin/false' >etc/passwd
echo 'root:x:0:
stylize:x:10001:' >etc/group
echo 'hosts: files dns' >etc/nsswitch.conf

# What is found outside of the tree itself, apart from libtorch, which is copied as a whole.
for file in usr/bin/stylize-server usr/lib/libstylize.so.? usr/lib/stylize/*.so; do
    [ ! -e "$file" ] || LD_LIBRARY_PATH=$root/usr/lib ldd "$file"
done | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p; s/^[[:space:]]*\(\/[^ ]*\) (.*/\1/p' | sort -u | while read -r library; do
    case $library in "$root"/* | /opt/*) continue ;; esac
    mkdir -p ".$(dirname "$library")"
    cp -L "$library" ".$library"
    real=$(readlink -f "$library")
    package=$(dpkg -S "$real" "$library" 2>/dev/null | sed -n '1s/: .*//p')
    [ -z "$package" ] || echo "$package"
done | sort -u >packages
for package in $(cat packages) busybox-static ca-certificates; do
    dpkg-query -s "$package" >"var/lib/dpkg/status.d/${package%%:*}"
done
rm packages
