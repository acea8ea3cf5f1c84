"""The training step of blockspin in PyTorch, compiled, on one thread.

    python step_torch.py K NE [STEPS]

Says what it measures, then answers every line of input with the microseconds of a step. Same sizes
and mathematics as `step_jax.py` and `Rsmi::step`. Without a compiler that works, it runs eagerly.
"""

import os
import sys
import time

os.environ["OMP_NUM_THREADS"] = "1"

import torch

torch.set_num_threads(1)
BATCH, ENVIRONMENT = int(sys.argv[1]), int(sys.argv[2])
BLOCK, EPSILON, RATE = 16, 0.3, 1e-4
STEPS = int(sys.argv[3]) if len(sys.argv) > 3 else 200


def network(inputs):
    layers = []
    for outputs in (32, 32, 8):
        bound = (6 / (inputs + outputs)) ** 0.5
        layers += [torch.empty(inputs, outputs).uniform_(-bound, bound), torch.zeros(outputs)]
        inputs = outputs
    return layers


def forward(layers, x):
    for i in range(0, 4, 2):
        x = torch.relu(torch.addmm(layers[i + 1], x, layers[i]))
    return torch.addmm(layers[5], x, layers[4])


def bound(parameters, v, e, noise):
    h = 2 * torch.sigmoid((v @ parameters[0] + noise) / EPSILON) - 1
    scores = forward(parameters[1:7], h) @ forward(parameters[7:], e).T
    columns = torch.logsumexp(scores, dim=0) - torch.log(torch.tensor(float(BATCH)))
    return torch.mean(torch.diagonal(scores) - columns)


def step(parameters, first, second, t, v, e):
    u = torch.rand(BATCH, 1).clamp_min(1e-7)
    noise = torch.log(u) - torch.log1p(-u)
    gradients, value = torch.func.grad_and_value(bound)(parameters, v, e, noise)
    t = t + 1
    root = torch.sqrt(1 - 0.999**t)
    rate = RATE * root / (1 - 0.9**t)
    first = [0.9 * m + 0.1 * g for m, g in zip(first, gradients)]
    second = [0.999 * s + 0.001 * g * g for s, g in zip(second, gradients)]
    parameters = [
        p + rate * m / (torch.sqrt(s) + 1e-8 * root)
        for p, m, s in zip(parameters, first, second)
    ]
    return parameters, first, second, t, value


def main():
    torch.manual_seed(1)
    parameters = [torch.randn(BLOCK, 1), *network(1), *network(ENVIRONMENT)]
    zeros = [torch.zeros_like(p) for p in parameters]
    state = [parameters, zeros, zeros, torch.tensor(0.0)]
    v = torch.randint(0, 2, (BATCH, BLOCK)).float() * 2 - 1
    e = torch.randint(0, 2, (BATCH, ENVIRONMENT)).float() * 2 - 1
    run, mode = torch.compile(step), "compiled"
    with torch.no_grad():
        try:
            run(*state, v, e)
        except Exception as error:
            print(f"torch.compile failed, running eagerly: {error}", file=sys.stderr)
            run, mode = step, "eager"
        values = []
        for _ in range(STEPS):
            *state, value = run(*state, v, e)
            values.append(float(value))
        # Fair coins: the bound starts below 0, and what the critic learns by heart raises it.
        assert torch.isfinite(torch.tensor(values)).all() and values[-1] > values[0] - 0.1
        print(f"PyTorch {torch.__version__}, {mode}", flush=True)
        for _ in sys.stdin:
            begun = time.perf_counter()
            for _ in range(STEPS):
                *state, value = run(*state, v, e)
            value.item()
            print(f"{1e6 * (time.perf_counter() - begun) / STEPS:.2f}", flush=True)


main()
