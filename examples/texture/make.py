"""Cuts two photographs that scikit-image carries into tiles, and makes two nulls of each.

Writes gravel.npy, brick.npy, …-phases.npy and …-shuffled.npy, of shape (6724, 24, 24), and with
argument k = 1, 2, 3 the same of the photographs turned by k quarters, so that another side of them
is held out.
"""

import sys

import numpy as np
from skimage import data

SIDE, STRIDE = 24, 6


def tiles(image):
    """Overlapping tiles, row by row: neighbours in the file are neighbours in the image."""
    windows = np.lib.stride_tricks.sliding_window_view(image, (SIDE, SIDE))
    return windows[::STRIDE, ::STRIDE].reshape(-1, SIDE, SIDE)


def phases(image, rng):
    """The same power spectrum with the phases of noise: a Gaussian field of equal pair correlations."""
    spectrum = np.fft.fft2(image - image.mean())
    noise = np.fft.fft2(rng.normal(size=image.shape))
    return np.fft.ifft2(np.abs(spectrum) * noise / np.abs(noise)).real.astype(np.float32)


def copies(name):
    """The photograph and its nulls, 512 × 512."""
    image = getattr(data, name)()
    rng = np.random.default_rng(1)
    return {
        name: image,
        f"{name}-phases": phases(image, rng),
        f"{name}-shuffled": rng.permutation(image.ravel()).reshape(image.shape),
    }


if __name__ == "__main__":
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    for name in ("gravel", "brick"):
        for copy, image in copies(name).items():
            np.save(f"{copy}.npy", tiles(np.rot90(image, turns)))
            print(copy, tiles(image).shape, image.dtype)
