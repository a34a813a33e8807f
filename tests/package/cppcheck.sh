#!/bin/sh
# cppcheck.sh SOURCE_DIR: what cppcheck calls an error, a warning or not portable, but for cppcheck.txt.
# Each version finds other things, so nothing but 2.10 is asked. 77: not there.
set -eu
cd "$1"
case $(cppcheck --version 2>/dev/null) in
*" 2.10"*) ;;
*) echo "skipped: cppcheck 2.10 is not installed"; exit 77 ;;
esac
found=$(cppcheck -q --std=c11 --enable=warning,portability --suppressions-list=tests/package/cppcheck.txt \
    --template='{file}:{line}: {message} [{id}]' -D_GNU_SOURCE -DSTZ_HAVE_WEBP -DSTZ_HAVE_LCMS2 -DSERVER_HAVE_REMOTE \
    -DSERVER_HAVE_SECCOMP -Ilib -Iinclude -Iapps -Iapps/server -Iapps/stylize lib apps/common apps/stylize apps/server 2>&1)
[ -z "$found" ] || { echo "$found"; exit 1; }
