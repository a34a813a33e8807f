#!/bin/sh
# The plug-in for GIMP, in GIMP without a window: run.sh SOURCE BUILD. 77: GIMP or the plug-in is missing.
set -eu
source=$1 build=$2
command -v gimp-console >/dev/null && [ -x "$build/lib/gimp/plug-ins/stylize-gimp/stylize-gimp" ] || {
    echo "gimp: skipped, GIMP or the plug-in is missing"
    exit 77
}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export STYLIZE_MODELS="$source/models" STYLIZE_STYLES= HOME="$folder" XDG_CONFIG_HOME="$folder/config" GIMP2_DIRECTORY="$folder/gimp"
mkdir -p "$folder/gimp"
echo "(plug-in-path \"$build/lib/gimp/plug-ins:\${gimp_plug_in_dir}/plug-ins\")" >"$folder/gimp/gimprc"
convert "$source/examples/data/photo.jpg" -resize 160x120! -depth 8 "$folder/in.png"
art=$source/examples/data/artwork.jpg

# Paints in GIMP with these lines of Scheme, and writes NAME.png.
gimp_does() { # NAME SCHEME
    cat >"$folder/$1.scm" <<SCHEME
(let* ((image (car (gimp-file-load RUN-NONINTERACTIVE "$folder/in.png" "in.png")))
       (layer (car (gimp-image-get-active-layer image))))
  $2
  (file-png-save RUN-NONINTERACTIVE image layer "$folder/$1.png" "x" 0 9 0 0 0 0 0))
(gimp-quit 0)
SCHEME
    timeout 300 gimp-console -n -i -d -f --no-splash -b - <"$folder/$1.scm" >"$folder/$1.said" 2>&1 || :
}
differ() { # NAME OTHER: samples that differ by more than one level of 255
    compare -metric AE -fuzz 0.6% "$folder/$1.png" "$folder/$2.png" null: 2>&1 | cut -d. -f1 || :
}
expect() { # WHAT CONDITION...
    what=$1
    shift
    test "$@" || { echo "gimp: $what: $*"; tail -n 5 "$folder"/*.said; exit 1; }
}

gimp_does style '(plug-in-stylize RUN-NONINTERACTIVE image layer "starry_night" 1.0)'
"$build/bin/stylize" "$folder/in.png" -s starry_night -o "$folder/command.png" -q
expect "the same as the command paints" "$(differ style command)" = 0
expect "not the photograph" "$(differ style in)" -gt 1000

gimp_does picture "(plug-in-stylize RUN-NONINTERACTIVE image layer \"$art\" 0.5)"
"$build/bin/stylize" "$folder/in.png" -i "$art" --strength 0.5 -o "$folder/command2.png" -q
expect "a picture as style, half strength" "$(differ picture command2)" = 0

# What is not selected stays; an undone painting is none.
gimp_does part '(gimp-image-select-rectangle image CHANNEL-OP-REPLACE 0 0 80 120) (plug-in-stylize RUN-NONINTERACTIVE image layer "scream" 1.0)'
convert "$folder/part.png" -crop 80x120+80+0 +repage "$folder/right.png"
convert "$folder/in.png" -crop 80x120+80+0 +repage "$folder/right_before.png"
expect "what is not selected" "$(differ right right_before)" = 0
expect "what is selected" "$(differ part in)" -gt 500
gimp_does gray '(gimp-image-convert-grayscale image) (plug-in-stylize RUN-NONINTERACTIVE image layer "scream" 1.0)'
expect "a grey picture" -s "$folder/gray.png"

gimp_does unknown '(plug-in-stylize RUN-NONINTERACTIVE image layer "no_such_style" 1.0)'
expect "a style that is not there is said" -n "$(grep -h 'no_such_style' "$folder/unknown.said" | grep -v RUN-NON || :)"
echo "gimp: paints as the command does"
