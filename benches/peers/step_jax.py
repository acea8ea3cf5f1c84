"""The training step of blockspin in JAX: scanned, compiled, on one thread.

    python step_jax.py K NE [STEPS]

Says what it measures, then answers every line of input with the microseconds of a step. Same sizes
and mathematics as `Rsmi::step`: a 16-site block, one component, binary concrete, separable critic
with hidden layers 32, 32 and embedding 8, InfoNCE, Adam on everything, in 32 bits.
"""

import os
import sys
import time

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
os.environ["OMP_NUM_THREADS"] = "1"

import jax
import jax.numpy as jnp

BATCH, ENVIRONMENT = int(sys.argv[1]), int(sys.argv[2])
BLOCK, EPSILON, RATE = 16, 0.3, 1e-4
STEPS = int(sys.argv[3]) if len(sys.argv) > 3 else 200


def network(key, inputs):
    layers = []
    for outputs in (32, 32, 8):
        key, sub = jax.random.split(key)
        bound = (6 / (inputs + outputs)) ** 0.5
        weights = jax.random.uniform(sub, (inputs, outputs), minval=-bound, maxval=bound)
        layers.append((weights, jnp.zeros(outputs)))
        inputs = outputs
    return layers


def forward(layers, x):
    for weights, bias in layers[:-1]:
        x = jax.nn.relu(x @ weights + bias)
    weights, bias = layers[-1]
    return x @ weights + bias


def bound(parameters, v, e, noise):
    h = 2 * jax.nn.sigmoid((v @ parameters["filter"] + noise) / EPSILON) - 1
    scores = forward(parameters["u"], h) @ forward(parameters["v"], e).T
    columns = jax.nn.logsumexp(scores, axis=0) - jnp.log(BATCH)
    return jnp.mean(jnp.diagonal(scores) - columns)


def main():
    key = jax.random.key(1)
    keys = jax.random.split(key, 5)
    parameters = {
        "filter": jax.random.normal(keys[0], (BLOCK, 1)),
        "u": network(keys[1], 1),
        "v": network(keys[2], ENVIRONMENT),
    }
    v = jax.random.rademacher(keys[3], (BATCH, BLOCK), dtype=jnp.float32)
    e = jax.random.rademacher(keys[4], (BATCH, ENVIRONMENT), dtype=jnp.float32)
    gradient = jax.value_and_grad(bound)

    @jax.jit
    def run(state, v, e):
        def step(state, _):
            parameters, first, second, t, key = state
            key, sub = jax.random.split(key)
            noise = jax.random.logistic(sub, (BATCH, 1))
            value, g = gradient(parameters, v, e, noise)
            t = t + 1
            first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, g)
            second = jax.tree.map(lambda s, g: 0.999 * s + 0.001 * g * g, second, g)
            root = jnp.sqrt(1 - 0.999**t)
            rate = RATE * root / (1 - 0.9**t)
            parameters = jax.tree.map(
                lambda p, m, s: p + rate * m / (jnp.sqrt(s) + 1e-8 * root),
                parameters,
                first,
                second,
            )
            return (parameters, first, second, t, key), value

        return jax.lax.scan(step, state, length=STEPS)

    zeros = jax.tree.map(jnp.zeros_like, parameters)
    state, values = run((parameters, zeros, zeros, jnp.float32(0), key), v, e)
    # Fair coins: the bound starts below 0, and what the critic learns by heart raises it.
    assert bool(jnp.isfinite(values).all()) and values[-1] > values[0] - 0.1
    assert all(p.dtype == jnp.float32 for p in jax.tree.leaves(state[0]))
    print(f"JAX {jax.__version__}, scanned", flush=True)
    for _ in sys.stdin:
        begun = time.perf_counter()
        state, values = run(state, v, e)
        values.block_until_ready()
        print(f"{1e6 * (time.perf_counter() - begun) / STEPS:.2f}", flush=True)


main()
