"""Information against buffer for the photographs and their nulls: table and picture.

Needs `blockspin` on the path. Each number is the mean of four runs, each with another side of the
photograph held out; its error is the standard error of those four.
"""

import json
import math
import subprocess

import matplotlib.pyplot as plt
import numpy as np

from make import copies, tiles

BUFFERS = [0, 1, 2, 3, 4, 6, 8]
BLOCK = 4


def blockspin(command, file, buffer, *more):
    """What a run reports."""
    words = ["blockspin", command, "data", file, "--boundary", "open", "--block", str(BLOCK),
             "--buffer", str(buffer), "--environment", "1", "--batch", "64", "--json", *more]
    if command == "train":
        words += ["--out", "run"]
    return json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)


def mean(values):
    return np.mean(values), np.std(values, ddof=1) / math.sqrt(len(values))


def gaussian(image, buffer):
    """Most that the sign of a linear filter tells of a Gaussian field with these pair correlations.

    The environment sees the block's first canonical variable with correlation rho, and
    I(sign x; y) = ln 2 - <H(P(x > 0 | y))>.
    """
    x = image - image.mean()
    covariance = np.fft.ifft2(np.abs(np.fft.fft2(x)) ** 2).real / x.size
    outer = BLOCK + 2 * buffer + 2
    sites = np.indices((outer, outer)).reshape(2, -1)
    rim = (sites == 0).any(0) | (sites == outer - 1).any(0)
    inside = ((sites > buffer) & (sites <= buffer + BLOCK)).all(0)
    c = covariance[tuple(sites[:, :, None] - sites[:, None, :])]
    vv, ve, ee = c[inside][:, inside], c[inside][:, rim], c[rim][:, rim]
    whiten = np.linalg.inv(np.linalg.cholesky(vv))
    rho = math.sqrt(np.linalg.eigvalsh(whiten @ ve @ np.linalg.solve(ee, ve.T) @ whiten.T)[-1])
    t = np.linspace(-8, 8, 4001)
    weight = np.exp(-t * t / 2)
    p = np.array([math.erfc(-rho * s / math.sqrt(2 * (1 - rho * rho))) / 2 for s in t])
    p = np.clip(p, 1e-300, 1 - 1e-16)
    entropy = -p * np.log(p) - (1 - p) * np.log1p(-p)
    return math.log(2) - np.sum(weight * entropy) / np.sum(weight)


def measure(name):
    """Rows of the table, and the filters and responses at buffer 4."""
    images = copies(name)
    table = {}
    for buffer in BUFFERS:
        for copy, image in images.items():
            if copy.endswith("shuffled") and buffer not in (0, 4):
                continue
            runs, uniform = [], []
            for turns in range(4):
                np.save("turned.npy", tiles(np.rot90(image, turns)))
                runs.append(blockspin("train", "turned.npy", buffer))
                uniform.append(blockspin("estimate", "turned.npy", buffer, "--filter", "uniform"))
            row = {
                "sign": mean([run["information_sign_nats"] for run in runs]),
                "stderr of one run": runs[0]["information_stderr_nats"],
                "training": np.mean([run["training_information_nats"] for run in runs]),
                "uniform": mean([run["information_nats"] for run in uniform]),
                "gaussian": gaussian(image, buffer),
                "filters": [np.rot90(run["filters"][0], -k).tolist() for k, run in enumerate(runs)],
                "warnings": sorted({w for run in runs for w in run["warnings"]}),
            }
            table[f"{copy} {buffer}"] = row
            print(f"{copy:16} {buffer}  {row['sign'][0]:.3f} ± {row['sign'][1]:.3f}  one run "
                  f"± {row['stderr of one run']:.3f}  training {row['training']:.3f}  uniform "
                  f"{row['uniform'][0]:.3f} ± {row['uniform'][1]:.3f}  Gaussian "
                  f"{row['gaussian']:.3f}", *row["warnings"], sep="  ", flush=True)
    return table


def filters(table, name):
    """The filter at buffer 4, a mean over the four runs; Λ and −Λ are the same filter."""
    runs = np.array(table[f"{name} 4"]["filters"])
    return np.mean([run * np.sign(run.sum()) for run in runs], 0)


def draw(tables):
    figure, axes = plt.subplots(1, 4, figsize=(10, 3), width_ratios=[3.2, 3.2, 2, 2])
    for axis, (name, table) in zip(axes, tables.items()):
        for copy, label in ((name, "photograph"), (f"{name}-phases", "random phases")):
            rows = [table[f"{copy} {b}"]["sign"] for b in BUFFERS]
            axis.errorbar(BUFFERS, *np.transpose(rows), fmt="o-", ms=3, label=label)
        gauss = [table[f"{name} {b}"]["gaussian"] for b in BUFFERS]
        axis.plot(BUFFERS, gauss, "k--", lw=1, label="Gaussian, from the covariance")
        for level in (0, math.log(2)):
            axis.axhline(level, color="grey", lw=0.5)
        axis.set(title=name, xlabel="buffer (pixels)", ylim=(-0.11, 0.74))
    axes[0].set_ylabel("information, h = sign(Λ·v) (nats)")
    axes[0].legend(fontsize=7)
    for axis, (name, table) in zip(axes[2:], tables.items()):
        weights = filters(table, name)
        top = np.abs(weights).max()
        axis.imshow(weights, cmap="RdBu_r", vmin=-top, vmax=top)
        for (i, j), weight in np.ndenumerate(weights):
            light = "white" if abs(weight) > 0.7 * top else "black"
            axis.text(j, i, f"{weight:.2f}", ha="center", va="center", fontsize=7, color=light)
        axis.set_title(f"Λ of {name}, buffer 4", fontsize=9)
        axis.axis("off")
    figure.tight_layout()
    figure.savefig("texture.png", dpi=80)


if __name__ == "__main__":
    tables = {name: measure(name) for name in ("gravel", "brick")}
    with open("measured.json", "w") as file:
        json.dump(tables, file)
    draw(tables)
