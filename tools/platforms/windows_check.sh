#!/bin/sh
# Tests what tools/platforms/windows.sh builds, under wine: windows_check.sh [BUILD]. Its paintings must be those of BUILD
# (build/release) on every instruction set, byte for byte. 77: a compiler or wine is missing.
set -eu
cd "$(dirname "$0")/../.."
root=$PWD
other=${1:-build/release}
wine=$(command -v wine64 || command -v wine || ls /usr/lib/wine/wine64 2>/dev/null || :)
server=$(command -v wineserver || ls /usr/lib/wine/wineserver64 2>/dev/null || :)
[ -n "$wine" ] && [ -n "$server" ] || {
    echo "windows: skipped, wine is missing (tools/setup.sh platforms)"
    exit 77
}
tools/platforms/windows.sh
compiler=x86_64-w64-mingw32-gcc-posix
prefix=$root/build/platforms/windows/prefix bin=$root/build/windows/bin log=build/logs/windows-check.log
flags="-std=gnu11 -O2 -Wall -D_GNU_SOURCE -D__USE_MINGW_ANSI_STDIO=1 -Iinclude -Ilib -I$prefix/include -static"
{
    $compiler $flags tests/core/test_os.c lib/base/os_windows.c lib/base/os_windows_files.c lib/base/os_names.c \
        -o "$bin/test_os.exe" -L"$prefix/lib" -lcmocka-static -lpthread &&
        $compiler $flags tests/web/native.c apps/web/engine.c -o "$bin/native.exe" build/windows/lib/libstylize.dll.a &&
        cc -std=gnu11 -O2 -Iinclude tests/web/native.c apps/web/engine.c -o build/windows/native "-L$other/lib" -lstylize \
            "-Wl,-rpath,$root/$other/lib"
} >"$log" 2>&1 </dev/null || {
    echo "windows: the tests could not be built, see $log:"
    grep -E -A 3 'error:|undefined reference' "$log" | head -n 20
    exit 1
}
export LC_ALL=C.UTF-8 WINEDEBUG=-all WINEPREFIX="$root/build/windows/wine"
folder=$(mktemp -d)
"$server" -p # one for all of them: each would take a second to start
trap '"$server" -k || :; rm -rf "$folder"' EXIT
(cd "$folder" && "$wine" "$bin/test_os.exe")

# The library alone, models from memory.
python3 tools/platforms/site.py --models "$folder"
head -c 196608 /dev/urandom >"$folder/in" # 256 x 192 RGBA
for cpu in portable avx2 avx512; do
    STYLIZE_CPU=$cpu build/windows/native "$folder" 256 192 starry_night 1 0 <"$folder/in" >"$folder/here"
    STYLIZE_CPU=$cpu "$wine" "$bin/native.exe" "$folder" 256 192 starry_night 1 0 <"$folder/in" >"$folder/there"
    cmp "$folder/here" "$folder/there"
done

# The command, out of the archive that users get, in a folder with a space and letters of others.
mkdir "$folder/Prógrams 1"
python3 -m zipfile -e build/windows/dist/stylize-*-windows-x64.zip "$folder/Prógrams 1"
printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$wine" "$(ls -d "$folder/Prógrams 1"/stylize-*/bin/stylize.exe)" >"$folder/stylize-wine"
chmod +x "$folder/stylize-wine"
"$folder/stylize-wine" apps/server/page/example.jpg -s scream -o "$folder/found.png" -q # its own models
export STYLIZE_CLI="$folder/stylize-wine" STYLIZE_HERE="$root/$other/bin/stylize" STYLIZE_EXAMPLES="$root/$other/examples"
export STYLIZE_MODELS="$root/models" STYLIZE_STYLES= STYLIZE_PROFILES=1
for tests in platforms/test_windows: cli/test_cli:Listing cli/test_cli:One cli/test_cli:Blend cli/test_cli:Output \
    cli/test_cli:Folder cli/test_pictures:Formats cli/test_pictures:Deep cli/test_pictures:Metadata; do
    echo "windows: ${tests##*/}"
    python3 -B "tests/${tests%:*}.py" ${tests##*:} || exit 1
done
echo "windows: the paintings are those of $other, byte for byte"
