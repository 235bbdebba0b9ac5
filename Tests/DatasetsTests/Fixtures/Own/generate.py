"""Writes the pictures and arrays beside it, as Pillow and NumPy write what people save with them.

    python3 -m venv env && env/bin/pip install pillow==11.3.0 numpy==2.3.4 && env/bin/python generate.py

All pictures show one scene of 6×5 pixels: red is 40 × column + row, green 255 − 10 × row, blue 7 × (row + column).
`expected.json` says what each file decodes to, channel by channel, and what it is as grey.
"""

import json
import os

import numpy as np
from PIL import Image

HERE = os.path.dirname(os.path.abspath(__file__))
ROW, COLUMN = np.meshgrid(np.arange(5), np.arange(6), indexing="ij")
SCENE = np.stack([40 * COLUMN + ROW, 255 - 10 * ROW, 7 * (ROW + COLUMN)], -1).astype(np.uint8)
GREY = (ROW * 6 + COLUMN).astype(np.uint8) * 8
expected = {}


def save(name, image, **options):
    path = os.path.join(HERE, name)
    image.save(path, **options)
    back = Image.open(path)
    if back.mode.startswith("I"):
        expected[name] = {"words": np.asarray(back).flatten().tolist()}
        return
    colours = np.asarray(back.convert("RGB"))
    expected[name] = {
        "colours": np.moveaxis(colours, -1, 0).flatten().tolist(),
        "grey": np.asarray(back.convert("L")).flatten().tolist(),
    }


save("rgb.png", Image.fromarray(SCENE))
save("grey.png", Image.fromarray(GREY))
save("bits.png", Image.fromarray((GREY > 90).astype(np.uint8) * 255).convert("1"))
save("palette.png", Image.fromarray(SCENE).quantize(7))
alpha = np.dstack([SCENE, GREY])
save("rgba.png", Image.fromarray(alpha))
save("grey-alpha.png", Image.fromarray(np.dstack([GREY, 255 - GREY])))
save("grey16.png", Image.fromarray((ROW * 6000 + COLUMN * 77).astype(np.uint16)))
save("rgb.jpg", Image.fromarray(SCENE), quality=95, subsampling=0)
save("grey.jpg", Image.fromarray(GREY), quality=90)
save("progressive.jpg", Image.fromarray(SCENE), quality=90, progressive=True)
Image.fromarray(SCENE).convert("CMYK").save(os.path.join(HERE, "cmyk.jpg"))

# Means of areas where pixels become fewer: 6 columns to 3, as Pillow's box filter makes them.
small = Image.fromarray(GREY).resize((3, 5), Image.BOX)
expected["grey.png"]["small"] = np.asarray(small).flatten().tolist()

x = np.arange(4 * 2 * 3).reshape(4, 2, 3)
y = np.array([2, 0, 1, 2])
for code in ["u1", "<i2", ">i4", "<u8", "<f2", ">f4", "<f8"]:
    plain = code.strip("<>") + ("-big" if ">" in code else "")
    np.save(os.path.join(HERE, f"x-{plain}.npy"), x.astype(code))
np.save(os.path.join(HERE, "x-fortran.npy"), np.asfortranarray(x.astype("<f4")))
np.save(os.path.join(HERE, "y-words.npy"), np.array(["owl", "cat", "dög", "owl"]))
np.save(os.path.join(HERE, "y-bytes.npy"), np.array([b"owl", b"cat", b"dog", b"owl"]))
np.savez(os.path.join(HERE, "plain.npz"), x=x.astype("u1"), y=y)
np.savez_compressed(
    os.path.join(HERE, "packed.npz"), x_train=x.astype("u1"), y_train=y, x_test=x[:1].astype("u1"), y_test=y[:1])

with open(os.path.join(HERE, "expected.json"), "w") as file:
    json.dump(expected, file, sort_keys=True)
