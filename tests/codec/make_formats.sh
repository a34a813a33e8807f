#!/bin/sh
# Makes the TIFF, GIF, BMP, AVIF, HEIC and JPEG XL of tests/codec/data with programs other than ours, as make_data.sh does the rest.
# Needs ImageMagick with libheif, libheif-examples, libavif-bin, libtiff-tools, libjxl-tools, exiftool, ffmpeg and a Python with Pillow, pillow-heif and NumPy ($PYTHON).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
data=$here/data
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" "$here/make_data.py" "$work" "$work" >/dev/null
cd "$work"
convert card.png -quality 95 -sampling-factor 4:4:4 card.jpg

# TIFF: depths, inks, orders of the rows, tiles, planes, compressions.
for c in none lzw zip; do convert card.png -depth 8 -compress $c "$data/rgb8_$c.tif"; done
convert card.png -depth 16 -compress none "$data/rgb16.tif"
convert card.png -depth 16 -compress none -endian MSB "$data/rgb16mm.tif"
convert alpha.png -depth 8 -compress zip "$data/rgba8.tif"
convert alpha.png -depth 16 -compress zip "$data/rgba16.tif"
convert grey.png -depth 8 -compress lzw "$data/grey8.tif"
convert grey.png -depth 16 -compress lzw "$data/grey16.tif"
convert greyalpha.png -depth 8 -compress zip "$data/greyalpha8.tif"
convert grey.png -negate -depth 8 -compress none -define quantum:polarity=min-is-white "$data/grey8white.tif"
convert steps1.png -depth 1 -type bilevel -compress Group4 "$data/steps1.tif"
"${PYTHON:-python3}" - "$data" <<'PYTHON'
import sys
from PIL import Image
data = sys.argv[1]
card = Image.open("card.png")
card.quantize(256).save(f"{data}/palette8.tif", compression="tiff_lzw")
card.quantize(256).save(f"{data}/palette8.bmp")
import numpy
rgba = numpy.asarray(Image.open("alpha.png")).astype(int)
rgba[..., :3] = (rgba[..., :3] * rgba[..., 3:] + 127) // 255
Image.fromarray(rgba.astype("uint8")).save(f"{data}/rgba8_times.tif")
card.convert("YCbCr").save(f"{data}/ycbcr.tif", compression="raw")
card.save(f"{data}/jpeg.tif", compression="jpeg", quality=95)
for o in range(1, 9):
    Image.open(f"stored{o}.png").save(f"{data}/orient{o}.tif", tiffinfo={274: o}, compression="tiff_lzw")
ink = [255 - v for v in range(256)]
grid = Image.merge("CMYK", [c.point(ink) for c in card.split()] + [Image.new("L", card.size, 0)])
grid.save(f"{data}/cmyk.tif", compression="tiff_lzw")
card.save(f"{data}/plain.avif", quality=95, subsampling="4:4:4")
Image.open("alpha.png").save(f"{data}/alpha.avif", quality=95, subsampling="4:4:4")
first = Image.open("card.png").quantize(200)
first.save(f"{data}/animated.gif", save_all=True, append_images=[Image.new("RGB", card.size, "red")], duration=100)
first.save(f"{data}/interlaced.gif", interlace=1)
first.save(f"{data}/plain.gif", interlace=0)
PYTHON
tiffset -s 338 1 1 "$data/rgba8_times.tif"
tiffcp -t -w 32 -l 16 "$data/rgb8_none.tif" "$data/tiled.tif"
tiffcp -t -w 16 -l 16 -p separate "$data/rgb8_none.tif" "$data/tiledplanes.tif"
convert card.png -depth 16 -interlace plane -compress lzw "$data/planes16.tif"
tiffcp -8 "$data/rgb8_none.tif" "$data/big.tif"
for d in 2 4; do convert steps$d.png -depth $d -type Grayscale -compress none "$data/steps$d.tif"; done

# BMP: versions, depths, masks, runs.
convert card.png BMP2:"$data/v2.bmp"
convert card.png BMP3:"$data/v3.bmp"
convert alpha.png BMP:"$data/v5alpha.bmp"
convert card.png -define bmp:subtype=RGB565 BMP:"$data/565.bmp"
convert card.png -define bmp:subtype=RGB555 BMP:"$data/555.bmp"
convert steps1.png -monochrome BMP3:"$data/steps1.bmp"
convert steps4.png -depth 4 -type Palette BMP3:"$data/steps4.bmp"
convert steps4.png -type Palette -compress RLE BMP3:"$data/runs8.bmp"

# GIF: a transparent colour, a first picture smaller than its canvas.
convert alpha.png -channel A -threshold 50% +channel "$data/clear.gif"
convert card.png -crop 24x16+0+0 +repage -set page 48x32+8+4 "$data/small.gif"

# AVIF and HEIC.
heif-enc -q 95 -p chroma=444 -o "$data/plain.heic" card.png >/dev/null
heif-enc -q 95 -p chroma=444 -o "$data/alpha.heic" alpha.png >/dev/null
"${PYTHON:-python3}" - "$data" <<'PYTHON'
import sys
import numpy
import pillow_heif
from PIL import Image
pillow_heif.register_heif_opener()
deep = numpy.asarray(Image.open("card.png")).astype(numpy.uint16) * 257  # stored with 10 bits
pillow_heif.from_bytes("RGB;16", (48, 32), deep.tobytes()).save(f"{sys.argv[1]}/ten.heic", quality=95, chroma=444)
stored = Image.open("stored6.png")
exif = stored.getexif()
exif[274] = 6  # turned by a box
stored.save(f"{sys.argv[1]}/turned.heic", exif=exif.tobytes(), quality=95, chroma="444")
PYTHON
ls -l "$data" | awk '/\.(tif|bmp|gif|avif|heic|jxl)$/ {print $5, $9}'
convert card.png -depth 16 deep.png
avifenc -d 10 -y 444 --min 0 --max 10 --codec aom deep.png "$data/ten.avif" >/dev/null

# Metadata: everything that a camera and an archive write, in each format that has it.
"${PYTHON:-python3}" - <<'PYTHON'
import struct
from PIL import Image, ImageCms
data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
at = {bytes(data[132 + 12 * i : 136 + 12 * i]): 136 + 12 * i for i in range(struct.unpack_from(">I", data, 128)[0])}
red, green = at[b"rXYZ"], at[b"gXYZ"]  # red and green change places, which nobody overlooks
data[red : red + 8], data[green : green + 8] = data[green : green + 8], data[red : red + 8]
for i in (24, 26, 28, 30, 32, 34):  # the time it was made
    data[i : i + 2] = b"\0\1"
stored = Image.open("stored6.png")
stored.resize((8, 12)).save("thumb.jpg")
for kind in ("jpg", "png", "webp", "tif"):
    stored.save(f"meta.{kind}", icc_profile=bytes(data), **{"jpg": {"quality": 95}, "webp": {"lossless": True}}.get(kind, {}))
PYTHON
for kind in jpg png webp tif; do
    exiftool -q -overwrite_original -n -Orientation=6 -Artist="A. Painter" -Copyright="(c) somebody" -Make=Maker \
        -Model="Camera 1" -DateTimeOriginal="2020:01:02 03:04:05" -ExposureTime=0.01 -ImageDescription="a card" \
        -GPSLatitude=48.5 -GPSLatitudeRef=N -GPSLongitude=11.5 -GPSLongitudeRef=E meta.$kind
    [ $kind = tif ] || exiftool -q -overwrite_original "-ThumbnailImage<=thumb.jpg" meta.$kind || :
    mv meta.$kind "$data/meta.$kind"
done

# AVIF: turned by its boxes, of another profile, of 12 bits.
exiftool -b -icc_profile "$data/meta.jpg" >swapped.icc
avifenc -s 6 --min 0 --max 4 -y 444 --irot 3 stored6.png "$data/turned.avif" >/dev/null
avifenc -s 6 --min 0 --max 4 -y 444 --icc swapped.icc card.png "$data/profile.avif" >/dev/null
avifenc -s 6 --min 0 --max 4 -y 444 -d 12 card.png "$data/twelve.avif" >/dev/null

convert card.png -profile swapped.icc BMP:"$data/profile.bmp"


# AVIF: colours times alpha, primaries by number, a sequence. A JPEG with another behind it, as cameras of two lenses make.
avifenc -s 6 --min 0 --max 2 -y 444 -p alpha.png "$data/times.avif" >/dev/null
avifenc -s 6 --min 0 --max 4 -y 444 --cicp 12/13/6 card.png "$data/numbered.avif" >/dev/null
convert card.png -negate PNG24:negative.png
convert card.png PNG24:frame0.png
cp negative.png frame1.png
ffmpeg -v error -framerate 5 -i frame%d.png -pix_fmt yuv444p frames.y4m # from PNG avifenc would add alpha
avifenc -s 6 --min 0 --max 4 frames.y4m "$data/animated.avif" >/dev/null
"${PYTHON:-python3}" - "$data" <<'PYTHON'
import sys
from PIL import Image
first, second = Image.open("card.png"), Image.open("negative.png").convert("RGB")
first.save(f"{sys.argv[1]}/two_mpo.jpg", format="MPO", save_all=True, append_images=[second], quality=95, subsampling=0)
PYTHON

# The profile with red and green in each other's place, in what else has profiles.
convert card.png -profile swapped.icc swapped.png
for kind in png tif webp; do
    convert swapped.png -define webp:lossless=true -compress zip "$data/profile.$kind"
done
convert swapped.png -quality 95 -sampling-factor 4:4:4 "$data/profile.jpg"
heif-enc -q 95 -p chroma=444 -o "$data/profile.heic" swapped.png >/dev/null

# JPEG XL: depths, alpha, grey, with and without loss, a packed JPEG, a profile, turned, animated, metadata in boxes.
for kind in 8 16; do
    for name in card:rgb alpha:rgba grey:grey; do
        convert "${name%:*}.png" -depth $kind -define png:bit-depth=$kind -define png:exclude-chunk=gAMA,cHRM \
            "deep_${name%:*}.png"
        cjxl "deep_${name%:*}.png" "$data/${name#*:}$kind.jxl" -d 0
    done
done
cjxl greyalpha.png "$data/greyalpha8.jxl" -d 0
cjxl card.png "$data/plain.jxl" -d 0.3
cjxl card.jpg "$data/jpeg.jxl"
cjxl swapped.png "$data/profile.jxl" -d 0
cjxl swapped.png "$data/profilelossy.jxl" -d 0.3
cp stored6.png turned6.png
exiftool -q -overwrite_original -n -Orientation=6 turned6.png
cjxl turned6.png "$data/turned.jxl" -d 0
cjxl animated.png "$data/animated.jxl" -d 0
cjxl "$data/meta.jpg" "$data/meta.jxl"

# XMP and IPTC beside it: rights, a place, an orientation, a thumbnail. Without pixels worth mentioning.
convert -size 16x16 xc:gray rights.jpg
cp rights.jpg thumb16.jpg
convert rights.jpg rights.png
convert rights.jpg rights.webp
convert rights.jpg rights.tif
convert rights.jpg -define png:color-type=2 -define png:exclude-chunk=gAMA,cHRM rgb.png
cjxl rgb.png rights.jxl -d 0
avifenc -s 10 rights.png rights.avif >/dev/null
for kind in jpg png webp tif avif jxl; do
    exiftool -m -q -overwrite_original -n "-XMP-dc:Creator=A. Painter & Sons" -XMP-dc:Creator=Another \
        "-XMP-dc:Rights=(c) somebody" -XMP-xmpRights:Marked=True -XMP-photoshop:Credit=Agency \
        -XMP-tiff:Orientation=6 -XMP-exif:GPSLatitude=48.5 -XMP-photoshop:City=Town "-XMP-dc:Title=a card" \
        -XMP-xmp:ThumbnailWidth=16 "-XMP-xmp:ThumbnailImage<=thumb16.jpg" rights.$kind
    case $kind in jpg | tif)
        exiftool -q -overwrite_original "-IPTC:By-line=A. Painter" "-IPTC:CopyrightNotice=(c) somebody" \
            -IPTC:City=Town -IPTC:CodedCharacterSet=UTF8 "-IPTC:ObjectPreviewData<=thumb16.jpg" rights.$kind ;;
    esac
    mv rights.$kind "$data/rights.$kind"
done
