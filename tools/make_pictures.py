#!/usr/bin/python3
"""Makes the tiny pictures of testdata/pictures/ (see testdata/README.md), two rows of three pixels.

Usage: tools/make_pictures.py [DIR]      DIR defaults to testdata/pictures/ of this tree
"""
import pathlib
import sys

import numpy as np
from PIL import Image

RGB = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]],
                [[10, 20, 30], [200, 100, 50], [255, 255, 255]]], np.uint8)
GREY = np.array([[0, 128, 255], [7, 77, 177]], np.uint8)
FLAT = np.full((2, 3, 3), (200, 100, 50), np.uint8)


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    rgb, grey, flat = (Image.fromarray(x) for x in (RGB, GREY, FLAT))
    rgba = Image.fromarray(np.dstack([RGB, np.full((2, 3), 9, np.uint8)]))
    bits = grey.convert("1", dither=Image.Dither.NONE)

    def save(name, picture, **options):
        picture.save(folder / name, **options)

    save("rgb.png", rgb)
    save("grey.png", grey)
    save("rgba.png", rgba)
    save("bits.png", bits)
    save("palette.png", rgb.convert("P", palette=Image.Palette.ADAPTIVE, colors=6))
    save("rgb.bmp", rgb)
    save("grey.bmp", grey)
    save("rgba.bmp", rgba)
    save("bits.bmp", bits)
    save("rgb.ppm", rgb)
    save("grey.pgm", grey)
    save("bits.pbm", bits)
    save("rgb.tiff", rgb)
    save("lzw.tiff", rgb, compression="tiff_lzw")
    save("rgba.tiff", rgba)
    save("lossless.webp", rgb, lossless=True)
    save("lossy.webp", rgb)
    save("rgb.jp2", rgb)
    save("grey.jp2", grey)
    save("rgb.j2k", rgb, no_jp2=True)
    save("flat.jpg", flat, optimize=True)
    save("grey.jpg", Image.fromarray(GREY[:1, :1].repeat(2, 0).repeat(3, 1) + np.uint8(77)), optimize=True)
    save("progressive.jpg", rgb, optimize=True, progressive=True)
    save("cmyk.jpg", flat.convert("CMYK"), optimize=True)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1
         else pathlib.Path(__file__).parent.parent / "testdata" / "pictures")
