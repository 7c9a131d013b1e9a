#!/usr/bin/env python3
"""Writes the pictures of tests/pictures/ with Pillow, an encoder that the system does not use: pip install pillow==13.0.0

Each has a GPS position, a camera and a comment where its format has a place for them. Their pixels are noise over a gradient.
"""

import io
import pathlib
import random

from PIL import Image, ImageCms

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "tests" / "pictures"
XMP = b'<?xpacket begin=""?><x:xmpmeta xmlns:x="adobe:ns:meta/"><exif:GPSLatitude>39,54.45N</exif:GPSLatitude></x:xmpmeta>'
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def picture(mode, size=(37, 29), seed=1):
    noise = random.Random(seed)
    pixels = bytes(
        min(255, max(0, (x * 5 + y * 3 + channel * 40 + noise.randrange(60)) % 256))
        for y in range(size[1]) for x in range(size[0]) for channel in range(len(mode))
    )
    return Image.frombytes(mode, size, pixels)


def exif(orientation):
    tags = Image.Exif()
    tags[0x0112] = orientation
    tags[0x010F], tags[0x0110] = "SECRET MAKER", "SECRET MODEL"
    tags.get_ifd(0x8825).update({1: "N", 2: (39.0, 54.0, 27.0), 3: "E", 4: (116.0, 23.0, 17.0)})
    return tags.tobytes()


def write(name, image, **options):
    file = io.BytesIO()
    image.save(file, pathlib.Path(name).suffix[1:].replace("jpg", "jpeg"), **options)
    (FOLDER / name).write_bytes(file.getvalue())


def main():
    FOLDER.mkdir(exist_ok=True)
    everything = {"exif": exif(6), "icc_profile": PROFILE}
    rgb = picture("RGB")
    write("metadata.jpg", rgb, quality=80, comment="SECRET COMMENT", xmp=XMP, **everything)
    write("upright.jpg", rgb, quality=80, exif=exif(1))
    write("progressive.jpg", rgb, quality=90, progressive=True, subsampling="4:2:0", exif=exif(8))
    write("progressive_444.jpg", rgb, quality=70, progressive=True, subsampling="4:4:4")
    write("restarts.jpg", rgb, quality=80, subsampling="4:2:2", restart_marker_blocks=2)
    write("progressive_restarts.jpg", rgb, quality=80, progressive=True, restart_marker_rows=1)
    write("grey.jpg", picture("L"), quality=60, optimize=True)
    write("grey_progressive.jpg", picture("L"), quality=95, progressive=True)
    write("cmyk.jpg", picture("CMYK"), quality=80)
    write("lossy.webp", rgb, quality=60, xmp=XMP, **everything)
    write("lossless.webp", picture("RGBA"), lossless=True, xmp=XMP, exif=exif(3))
    write("plain.webp", rgb, quality=60)
    write("animated.webp", rgb, save_all=True, append_images=[picture("RGB", seed=2)], duration=100, quality=50, exif=exif(1))
    write("metadata.png", rgb, **everything)
    write("palette.png", picture("L").convert("P"), bits=4)
    write("palette.bmp", picture("L").convert("P"))
    write("one_bit.bmp", picture("L").convert("1"))
    write("alpha.bmp", picture("RGBA"))


main()
