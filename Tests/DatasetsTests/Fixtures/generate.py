"""Writes the volumes beside it, as nibabel writes what people save with it.

    python3 -m venv env && env/bin/pip install nibabel==5.4.2 && env/bin/python generate.py

All show one volume of 4×5×3 voxels, 2×1×3 mm each, x to the right, y to the front and z up: voxel (x, y, z) is
100 x + 10 y + z, or (x + y + z) mod 5 where it is a label.
"""

import gzip
import os

import nibabel as nib
import numpy as np
from nibabel.orientations import axcodes2ornt, io_orientation, ornt_transform

HERE = os.path.dirname(os.path.abspath(__file__))
AFFINE = np.array([[2, 0, 0, -7], [0, 1, 0, 4], [0, 0, 3, 20], [0, 0, 0, 1]], float)
X, Y, Z = np.meshgrid(np.arange(4), np.arange(5), np.arange(3), indexing="ij")
VOXELS = (100 * X + 10 * Y + Z).astype(np.int16)
LABELS = ((X + Y + Z) % 5).astype(np.float64)


def save(image, name):
    path = os.path.join(HERE, name)
    nib.save(image, path)
    for file in [name, name.replace(".hdr", ".img")]:
        # Without the time, so that the same file comes again.
        if file.endswith(".gz"):
            with gzip.open(os.path.join(HERE, file)) as whole:
                content = whole.read()
            with open(os.path.join(HERE, file), "wb") as raw:
                with gzip.GzipFile("", "wb", 9, raw, 0) as packed:
                    packed.write(content)


def turned(codes):
    image = nib.Nifti1Image(VOXELS, AFFINE)
    order = ornt_transform(io_orientation(AFFINE), axcodes2ornt(codes))
    return image.as_reoriented(order)


for codes in ["RAS", "LPS", "ASR", "PIR", "SLA", "IPL"]:
    save(turned(codes), f"sform-{codes}.nii.gz")
    image = turned(codes)
    image.set_qform(image.affine, 1)
    image.set_sform(None, 0)
    save(image, f"qform-{codes}.nii.gz")

# A head that lay askew, by 12 degrees about each of two axes, and stored in another order.
c, s = np.cos(np.radians(12)), np.sin(np.radians(12))
turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
askew = AFFINE.copy()
askew[:3, :3] = turn @ AFFINE[:3, :3]
save(nib.Nifti1Image(VOXELS, askew), "askew-RAS.nii.gz")
flipped = nib.Nifti1Image(VOXELS, askew).as_reoriented(
    ornt_transform(axcodes2ornt("RAS"), axcodes2ornt("PSR")))
flipped.set_qform(flipped.affine, 1)
flipped.set_sform(None, 0)
save(flipped, "askew-PSR.nii.gz")

# Labels computed as doubles, saved by the header of an image of whole numbers: with a scale.
scaled = nib.Nifti1Image(LABELS, AFFINE)
scaled.set_data_dtype(np.int16)
save(scaled, "labels-scaled.nii.gz")
byte = nib.Nifti1Image(LABELS, AFFINE)
byte.set_data_dtype(np.uint8)
save(byte, "labels-byte.nii.gz")

# No number outside of the brain, as SPM writes it.
hollow = VOXELS.astype(np.float32)
hollow[VOXELS < 100] = np.nan
save(nib.Nifti1Image(hollow, AFFINE), "hollow.nii.gz")

save(nib.Nifti1Pair(VOXELS, AFFINE), "pair.hdr")
save(nib.AnalyzeImage(VOXELS, AFFINE), "analyze.hdr")
save(nib.Nifti2Image(VOXELS, AFFINE), "nifti2.nii.gz")
