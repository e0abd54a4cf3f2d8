"""Makes the sample pictures: make.py BRICK.png FOLDER

BRICK.png is `skimage/data/brick.png` of scikit-image 0.26.0 (512 x 512, grey; CC0: CC0Textures "Bricks25", perspective
corrected, rotated and cropped). Crops of 224 x 224; into three of the eight a defect is drawn. The same arguments give the same
pixels.
"""
import sys

from PIL import Image, ImageDraw, ImageFilter

SIDE = 224
brick = Image.open(sys.argv[1]).convert("L")


def crop(x, y):
    return brick.crop((x, y, x + SIDE, y + SIDE))


def scratch(picture):
    line = [(40, 30), (70, 62), (78, 96), (112, 118), (120, 150), (158, 176)]
    ImageDraw.Draw(picture).line(line, fill=250, width=7, joint="curve")
    return picture


def paint(picture):
    mask = Image.new("L", picture.size, 0)
    ImageDraw.Draw(mask).ellipse((128, 44, 182, 92), fill=240)
    return Image.composite(Image.new("L", picture.size, 245), picture, mask.filter(ImageFilter.GaussianBlur(2)))


def label(picture):
    draw = ImageDraw.Draw(picture)
    draw.rectangle((36, 120, 92, 156), fill=240)
    for row in range(3):
        draw.line((42, 130 + 8 * row, 84 - 10 * row, 130 + 8 * row), fill=40, width=3)
    return picture


# Five good ones, three with a defect.
places = [(0, 0), (288, 0), (144, 20), (288, 288), (100, 10), (270, 150), (150, 270), (60, 60)]
kinds = [None] * 5 + [scratch, paint, label]
for number, (place, kind) in enumerate(zip(places, kinds)):
    picture = crop(*place)
    name = "good_%d" % number if kind is None else kind.__name__
    (picture if kind is None else kind(picture)).save("%s/%s.png" % (sys.argv[2], name), optimize=True)
