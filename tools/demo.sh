#!/bin/sh
# Paints the photograph of the examples in several styles into demo/. demo.sh [BUILD_FOLDER]
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
build=${1:-build/release}
stylize=$build/bin/stylize
cd "$root"
if [ ! -x "$stylize" ]; then
    echo "demo: $stylize is not built yet: make build, or make demo" >&2
    exit 1
fi

photo=examples/data/photo.jpg
artwork=examples/data/artwork.jpg
styles="starry_night great_wave scream composition_vii mondrian divisionist_harbour etching engraving wheat_field"
mkdir -p demo

"$stylize" info
echo
for style in $styles; do
    "$stylize" "$photo" --style "$style" --size 768 -o "demo/$style.jpg"
done
"$stylize" "$photo" --style-image "$artwork" --size 768 -o demo/your_own_picture.jpg
"$stylize" "$photo" --style great_wave:0.5,scream:0.5 --size 768 -o demo/blend.jpg
"$stylize" "$photo" --style wheat_field --preserve-color --size 768 -o demo/own_colours.jpg
"$stylize" "$photo" --style-image "$artwork" --method optimize --size 512 -o demo/optimized.jpg
"$stylize" sheet "$photo" --style-image "$artwork" -o demo/sheet.jpg

cat <<TEXT

All pictures are in $root/demo: look at demo/sheet.jpg first.

Now your own:
  $stylize YOUR.jpg --style starry_night
  $stylize YOUR.jpg --style-image ANY_PAINTING.jpg
  $stylize sheet YOUR.jpg -o sheet.jpg
  $stylize FOLDER/ --style scream -o painted/
  $stylize --help
TEXT
server=${stylize%stylize}stylize-server
[ ! -x "$server" ] || echo "  $server    # then open http://127.0.0.1:8080"
