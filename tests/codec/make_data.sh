#!/bin/sh
# Makes the pictures of tests/codec/data with programs other than ours. The results are committed;
# run this only to add to them. Needs ImageMagick, libjpeg-turbo-progs, webp, exiftool and a Python
# with Pillow and NumPy ($PYTHON).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
data=$here/data
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$data"
plain="-define png:exclude-chunks=date,time" # the same bytes on every run

"${PYTHON:-python3}" "$here/make_data.py" "$work" "$data"
cd "$work"

# Orientation: the card stored turned, with the tag that turns it back.
for o in 1 2 3 4 5 6 7 8; do
    cjpeg -quality 95 -sample 1x1 -optimize -outfile "$data/orient$o.jpg" "stored$o.ppm"
    cwebp -quiet -q 90 "stored$o.png" -o "$data/orient$o.webp"
    exiftool -q -overwrite_original -n -Orientation=$o "$data/orient$o.jpg" "$data/orient$o.webp"
done
# PNG keeps it too; Motorola byte order once.
cp stored6.png "$data/orient6.png"
exiftool -q -overwrite_original -n -Orientation=6 "$data/orient6.png"
convert $plain stored6.png -interlace PNG "$data/orient6i.png"
exiftool -q -overwrite_original -n -Orientation=6 "$data/orient6i.png"
cp "$data/orient1.jpg" "$data/orient1mm.jpg"
exiftool -q -overwrite_original -ExifByteOrder=MM -n -Orientation=1 -Make=test "$data/orient1mm.jpg"

# JPEG kinds of the upright card.
cjpeg -quality 95 -sample 1x1 -outfile "$data/444.jpg" card.ppm
cjpeg -quality 95 -sample 2x1 -outfile "$data/422.jpg" card.ppm
cjpeg -quality 95 -sample 2x2 -outfile "$data/420.jpg" card.ppm
cjpeg -quality 95 -sample 4x1 -outfile "$data/411.jpg" card.ppm
cjpeg -quality 95 -sample 1x2 -outfile "$data/440.jpg" card.ppm
cjpeg -quality 95 -sample 1x1 -progressive -outfile "$data/progressive.jpg" card.ppm
cjpeg -quality 95 -sample 2x2 -progressive -restart 1 -outfile "$data/progressive420r.jpg" card.ppm
cjpeg -quality 95 -sample 1x1 -arithmetic -outfile "$data/arithmetic.jpg" card.ppm
cjpeg -quality 95 -sample 1x1 -arithmetic -progressive -outfile "$data/arithmeticp.jpg" card.ppm
cjpeg -quality 95 -sample 1x1 -restart 1B -outfile "$data/restart.jpg" card.ppm
cjpeg -quality 95 -rgb -outfile "$data/rgb.jpg" card.ppm
cjpeg -quality 95 -grayscale -outfile "$data/grey.jpg" card.ppm
printf '0;\n1;\n2;\n' > scans.txt
cjpeg -quality 95 -sample 1x1 -scans scans.txt -outfile "$data/separate.jpg" card.ppm
convert $plain card.png -quality 95 -sampling-factor 1x1 "$data/magick.jpg"

# PNG kinds by ImageMagick.
for i in none PNG; do
    s=$([ $i = none ] && echo "" || echo i)
    convert $plain card.png -interlace $i -define png:color-type=2 -define png:bit-depth=8 "$data/rgb8$s.png"
    convert $plain card.png -depth 16 -interlace $i -define png:color-type=2 -define png:bit-depth=16 "$data/rgb16$s.png"
    convert $plain alpha.png -interlace $i -define png:color-type=6 -define png:bit-depth=8 "$data/rgba8$s.png"
    convert $plain alpha.png -depth 16 -interlace $i -define png:color-type=6 -define png:bit-depth=16 "$data/rgba16$s.png"
    convert $plain grey.png -interlace $i -define png:color-type=0 -define png:bit-depth=8 "$data/grey8$s.png"
    convert $plain grey.png -interlace $i -define png:color-type=0 -define png:bit-depth=16 "$data/grey16$s.png"
    for d in 1 2 4; do
        convert $plain steps$d.png -interlace $i -depth $d -type Grayscale "$data/grey$d$s.png"
        convert $plain steps$d.png -interlace $i -define png:color-type=3 -define png:bit-depth=$d "$data/palette$d$s.png"
    done
    convert $plain greyalpha.png -interlace $i -define png:color-type=4 -define png:bit-depth=8 "$data/greyalpha8$s.png"
    convert $plain greyalpha.png -depth 16 -interlace $i -define png:color-type=4 -define png:bit-depth=16 "$data/greyalpha16$s.png"
done

# WebP kinds.
cwebp -quiet -q 95 card.png -o "$data/lossy.webp"
cwebp -quiet -lossless card.png -o "$data/lossless.webp"
cwebp -quiet -lossless -exact alpha.png -o "$data/alphall.webp"
cwebp -quiet -q 95 -alpha_q 100 alpha.png -o "$data/alpha.webp"
