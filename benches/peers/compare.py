"""Times blockspin's step and its peers in turn, and prints the table: see `run`.

    python compare.py STEP_BINARY FILE.csv [jax] [torch]
"""

import csv
import os
import pathlib
import subprocess
import sys

SIZES = [(100, 880), (400, 880), (1000, 880), (100, 128)]
ROUNDS = 5

step, record, peers = sys.argv[1], sys.argv[2], sys.argv[3:]
here = pathlib.Path(__file__).parent


class Peer:
    """A program that answers every line with the microseconds of a step."""

    def __init__(self, name, size):
        command = [sys.executable, here / f"step_{name}.py", *map(str, size)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, **pipes)
        self.about = self.process.stdout.readline().strip()
        if not self.about:
            sys.exit(f"step_{name}.py failed:\n{self.process.stderr.read()}")

    def time(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self):
        self.process.communicate()


def ours(size):
    """What the step binary prints: {ISA, "ISA/reals" or "gather": microseconds}."""
    done = subprocess.run(
        [step, "--gather", "--reals", *map(str, size)], capture_output=True, text=True, check=True
    )
    return {line.split()[2]: float(line.split()[3]) for line in done.stdout.splitlines()}


def main():
    rows, about = [], {}
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; least of {ROUNDS} rounds, µs a step")
    for size in SIZES:
        running = {name: Peer(name, size) for name in peers}
        about |= {name: peer.about for name, peer in running.items()}
        best = {}
        # Peers take turns with ours, so that a disturbed minute meets them all.
        for _ in range(ROUNDS):
            times = ours(size)
            for name, peer in running.items():
                times[name] = min(peer.time() for _ in range(3))
            best = {name: min(t, best.get(name, t)) for name, t in times.items()}
        for peer in running.values():
            peer.close()
        isas = [name for name in best if name not in peers and name != "gather"]
        if not rows:
            print(f"{'K':>5} {'|E|':>5}", *(f"{name:>12}" for name in best), end="  ")
            print(*(f"{peer}/{isa}" for peer in peers for isa in isas), "gather/step", sep="  ")
        ratios = {f"{peer}/{isa}": best[peer] / best[isa] for peer in peers for isa in isas}
        ratios["gather/step"] = best["gather"] / min(best[isa] for isa in isas)
        print(f"{size[0]:5} {size[1]:5}", *(f"{t:12.1f}" for t in best.values()), end="  ")
        print(*(f"{ratio:{len(name)}.2f}" for name, ratio in ratios.items()), sep="  ", flush=True)
        rows += [(*size, name, "us", f"{t:.2f}") for name, t in best.items()]
        rows += [(*size, name, "ratio", f"{ratio:.3f}") for name, ratio in ratios.items()]
    for name, text in about.items():
        print(f"{name}: {text}")
        rows.append(("", "", name, "version", text))
    with open(record, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["K", "E", "what", "unit", "value"])
        writer.writerows(rows)
    print(f"record: {record}")


main()
