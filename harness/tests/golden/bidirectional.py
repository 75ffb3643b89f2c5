#!/usr/bin/env python3
"""Golden cases of attention on both sides: a second implementation, in float64 NumPy.

    python3 harness/tests/golden/bidirectional.py [FOLDER]

writes the cases both_* beside this file (or into FOLDER): checkpoint.safetensors, and for 16 and 64
tokens what the model makes of them. It shares no code with the program: formulas are those of the papers,
derivatives come from a tape. Whether the files still follow from it: compare a second run.
"""
import json
import os
import struct
import sys

import numpy as np

LAYERS, D, H, F, V, L, B = 2, 32, 4, 32, 32, 16, 2
N = D // H

# ------------------------------------------------------------------------------------------- a tape


class Var:
    """An array that remembers how its gradient goes back."""

    def __init__(self, value, parents=()):
        self.v = np.asarray(value, dtype=np.float64)
        self.parents, self.g = parents, None

    def __add__(self, o):
        o = o if isinstance(o, Var) else Var(o)
        return Var(self.v + o.v, ((self, lambda g: g), (o, lambda g: g)))

    def __mul__(self, o):
        o = o if isinstance(o, Var) else Var(o)
        return Var(self.v * o.v, ((self, lambda g: g * o.v), (o, lambda g: g * self.v)))

    def __matmul__(self, o):
        return Var(self.v @ o.v, ((self, lambda g: g @ np.swapaxes(o.v, -1, -2)),
                                  (o, lambda g: np.swapaxes(self.v, -1, -2) @ g)))

    def sum(self, axis, keep=False):
        shape = self.v.shape
        return Var(self.v.sum(axis, keepdims=keep),
                   ((self, lambda g: np.broadcast_to(g if keep else np.expand_dims(g, axis), shape)),))

    def apply(self, f, derivative):
        return Var(f(self.v), ((self, lambda g: g * derivative(self.v)),))

    def reshape(self, *shape):
        return Var(self.v.reshape(shape), ((self, lambda g: g.reshape(self.v.shape)),))

    def move(self, *axes):
        return Var(self.v.transpose(axes), ((self, lambda g: g.transpose(np.argsort(axes))),))

    def __getitem__(self, index):
        def back(g):
            out = np.zeros_like(self.v)
            np.add.at(out, index, g)
            return out
        return Var(self.v[index], ((self, back),))


def fit(g, shape):
    """A gradient summed over the axes that broadcasting added."""
    while g.ndim > len(shape):
        g = g.sum(0)
    for axis, n in enumerate(shape):
        if n == 1 and g.shape[axis] != 1:
            g = g.sum(axis, keepdims=True)
    return g


def backward(out, seed):
    order, seen = [], set()

    def visit(x):
        if id(x) not in seen:
            seen.add(id(x))
            for p, _ in x.parents:
                visit(p)
            order.append(x)
    sys.setrecursionlimit(10000)
    visit(out)
    for x in order:
        x.g = np.zeros_like(x.v)
    out.g = out.g + seed
    for x in reversed(order):
        for p, f in x.parents:
            p.g = p.g + fit(f(x.g), p.v.shape)


def exp(x):
    return x.apply(np.exp, np.exp)


def log(x):
    return x.apply(np.log, lambda v: 1 / v)


def power(x, e):
    return x.apply(lambda v: v ** e, lambda v: e * v ** (e - 1))


def concat(parts):
    """Along the last axis."""
    ends = np.cumsum([p.v.shape[-1] for p in parts])
    return Var(np.concatenate([p.v for p in parts], -1),
               tuple((p, lambda g, a=e - p.v.shape[-1], b=e: g[..., a:b]) for p, e in zip(parts, ends)))


def softmax(x):
    e = exp(x + (-x.v.max(-1, keepdims=True)))
    return e * power(e.sum(-1, True), -1)


def norm(x, w, b):
    centred = x + x.sum(-1, True) * (-1 / D)
    variance = (centred * centred).sum(-1, True) * (1 / D)
    return centred * power(variance + 1e-5, -0.5) * w + b


def gelu(x):
    a, k = np.sqrt(2 / np.pi), 0.044715
    t = lambda v: np.tanh(a * (v + k * v ** 3))
    return x.apply(lambda v: 0.5 * v * (1 + t(v)),
                   lambda v: 0.5 * (1 + t(v)) + 0.5 * v * (1 - t(v) ** 2) * a * (1 + 3 * k * v * v))


# ---------------------------------------------------------------------------------------- the schemes

def offsets(T):
    """Position of the query minus that of the key, (T, T)."""
    return np.arange(T)[:, None] - np.arange(T)[None, :]


def t5_bucket(relative, buckets, most):
    """T5's rule for encoders; relative: key minus query."""
    buckets //= 2
    out = np.where(relative > 0, buckets, 0)
    n, exact = np.abs(relative), buckets // 2
    far = exact + np.floor(np.log(np.maximum(n, 1) / exact) / np.log(most / exact) *
                           (buckets - exact) + 1e-12).astype(int)
    return out + np.where(n < exact, n, np.minimum(far, buckets - 1))


def t5(p, layer, T):
    return p["encoding.t5.bias"][t5_bucket(-offsets(T), 8, 16)].move(2, 0, 1)


def relative(p, layer, T):
    d = offsets(T)
    row = np.where(d >= 0, np.minimum(d, 5), 5 + np.minimum(-d, 5))
    return p["encoding.relative.bias"][row].move(2, 0, 1)


def alibi(p, layer, T):
    slopes = 2.0 ** (-8 * np.arange(1, H + 1) / H)
    return Var(-slopes[:, None, None] * np.abs(offsets(T)))


def kerple_log(p, layer, T):
    r1, r2 = p["encoding.kerple_log.r1"].reshape(H, 1, 1), p["encoding.kerple_log.r2"].reshape(H, 1, 1)
    return r1 * log(r2 * np.abs(offsets(T))[None] + 1.0) * -1.0


def fire(p, layer, T):
    get = lambda name: p["encoding.fire." + name][layer]
    size = get("c").apply(np.abs, np.sign)
    threshold = (get("threshold") * float(L)).apply(np.abs, np.sign)
    largest = threshold.apply(lambda v: np.maximum(v, T - 1), lambda v: (v > T - 1) * 1.0)
    below = log(size * largest + 1.0) + 1e-6
    u = log(size * np.abs(offsets(T)).astype(float) + 1.0) * power(below, -1)
    hidden = u.reshape(T, T, 1) * get("w1") + get("b1")
    hidden = hidden.apply(lambda v: np.maximum(v, 0), lambda v: (v > 0) * 1.0)
    return (hidden @ get("w2").move(1, 0) + get("b2")).move(2, 0, 1)


def rotate(x, T):
    """x (B, H, T, N): channel c with channel c + N/2, by t 10000^(-2c/N)."""
    half = N // 2
    angle = np.arange(T)[:, None] * 10000.0 ** (-2 * np.arange(half) / N)
    a, b = x[..., :half], x[..., half:]
    return concat([a * np.cos(angle) + b * -np.sin(angle), b * np.cos(angle) + a * np.sin(angle)])


def sinusoid(position):
    """(..., D): sines and cosines in turn."""
    angle = position[..., None] * 10000.0 ** (-2 * np.arange(D // 2) / D)
    return np.stack([np.sin(angle), np.cos(angle)], -1).reshape(*position.shape, D)


def shaw_rows(T):
    d = offsets(T)
    return np.where(d >= 0, np.minimum(d, 4), 4 + np.minimum(-d, 4))


def transformer_xl(p, layer, q, k, T):
    """u k + (q + v) R_d before the division; R_d from sines, then cosines, of the signed distance."""
    angle = offsets(T)[..., None] * 10000.0 ** (-2 * np.arange(D // 2) / D)
    table = Var(np.concatenate([np.sin(angle), np.cos(angle)], -1))
    R = (table @ p["encoding.transformer_xl.r"][layer].move(1, 0)).reshape(T, T, H, N).move(2, 0, 1, 3)
    u = p["encoding.transformer_xl.u"].reshape(1, H, 1, N)
    v = p["encoding.transformer_xl.v"].reshape(1, H, 1, N)
    content = u @ k.move(0, 1, 3, 2)
    return content + ((q + v).reshape(B, H, T, 1, N) * R.reshape(1, H, T, T, N)).sum(-1)


# A case: its stack, arrays (name: shape, lowest, highest), and what it has of the parts above.
CASES = {
    "nope": ([], {}, {}),
    "sinusoidal": ([{"name": "sinusoidal"}], {}, {"embed": True}),
    "rope": ([{"name": "rope"}], {}, {"rotate": True}),
    "alibi": ([{"name": "alibi"}], {}, {"bias": alibi}),
    "t5": ([{"name": "t5", "buckets": 8, "max_distance": 16}],
           {"encoding.t5.bias": ((8, H), -1, 1)}, {"bias": t5}),
    "kerple_log": ([{"name": "kerple_log"}],
                   {"encoding.kerple_log.r1": ((H,), 0.3, 2), "encoding.kerple_log.r2": ((H,), 0.3, 2)},
                   {"bias": kerple_log}),
    "fire": ([{"name": "fire", "width": 8}],
             {"encoding.fire.w1": ((LAYERS, 8), -1, 1), "encoding.fire.b1": ((LAYERS, 8), -1, 1),
              "encoding.fire.w2": ((LAYERS, H, 8), -1, 1), "encoding.fire.b2": ((LAYERS, H), -1, 1),
              "encoding.fire.c": ((LAYERS,), 0.1, 0.5), "encoding.fire.threshold": ((LAYERS,), 1.2, 2)},
             {"bias": fire}),
    "shaw": ([{"name": "shaw", "clip": 4}],
             {"encoding.shaw.key": ((LAYERS, 9, N), -0.5, 0.5), "encoding.shaw.value": ((LAYERS, 9, N), -0.5, 0.5)},
             {"shaw": True}),
    "transformer_xl": ([{"name": "transformer_xl"}],
                       {"encoding.transformer_xl.r": ((LAYERS, D, D), -0.3, 0.3),
                        "encoding.transformer_xl.u": ((H, N), -0.5, 0.5),
                        "encoding.transformer_xl.v": ((H, N), -0.5, 0.5)}, {"xl": True}),
    "relative_window_logn": ([{"name": "relative", "offsets": 6}, {"name": "window", "width": 5},
                              {"name": "logn", "form": "shift"}],
                             {"encoding.relative.bias": ((11, H), -1, 1)},
                             {"bias": relative, "window": 5, "logn": True}),
}

# ------------------------------------------------------------------------------------------ the model


def arrays(case, rng):
    normal = lambda *shape, std=0.25: rng.normal(0, std, shape)
    p = {"tok_embed.weight": normal(V, D)}
    for l in range(LAYERS):
        at = "layers.%d." % l
        p.update({at + "ln1.weight": 1 + normal(D), at + "ln1.bias": normal(D),
                  at + "attn.qkv.weight": normal(3 * D, D), at + "attn.qkv.bias": normal(3 * D),
                  at + "attn.out.weight": normal(D, D), at + "attn.out.bias": normal(D),
                  at + "ln2.weight": 1 + normal(D), at + "ln2.bias": normal(D),
                  at + "mlp.up.weight": normal(F, D), at + "mlp.up.bias": normal(F),
                  at + "mlp.down.weight": normal(D, F), at + "mlp.down.bias": normal(D)})
    p.update({"ln_final.weight": 1 + normal(D), "ln_final.bias": normal(D)})
    for name, (shape, low, high) in case[1].items():
        p[name] = rng.uniform(low, high, shape)
    return {name: x.astype(np.float32) for name, x in p.items()}


def attention(p, case, layer, x, T, seen):
    parts = case[2]
    qkv = x @ p["layers.%d.attn.qkv.weight" % layer].move(1, 0) + p["layers.%d.attn.qkv.bias" % layer]
    q, k, v = (qkv[..., i * D:(i + 1) * D].reshape(B, T, H, N).move(0, 2, 1, 3) for i in range(3))
    turned = [rotate(y, T) if parts.get("rotate") else y for y in (q, k)]
    logits = turned[0] @ turned[1].move(0, 1, 3, 2) * (1 / np.sqrt(N))
    if parts.get("logn"):
        logits = logits * (np.log(L + T) / np.log(L))
    if "bias" in parts:
        logits = logits + parts["bias"](p, layer, T)
    if parts.get("shaw"):
        key = p["encoding.shaw.key"][layer][shaw_rows(T)]
        logits = logits + (q.reshape(B, H, T, 1, N) * key).sum(-1) * (1 / np.sqrt(N))
    if parts.get("xl"):
        logits = logits + transformer_xl(p, layer, q, k, T) * (1 / np.sqrt(N))
    if "window" in parts:
        logits = logits + np.where(np.abs(offsets(T)) < parts["window"], 0, -1e300)
    weights = softmax(logits)
    a = np.maximum(weights.v, 1e-300)
    seen["entropy"].append(-(weights.v * np.log(a)).sum(-1))
    seen["max_prob"].append(weights.v.max(-1))
    out = weights @ v
    if parts.get("shaw"):
        value = p["encoding.shaw.value"][layer][shaw_rows(T)]
        out = out + (weights.reshape(B, H, T, T, 1) * value).sum(3)
    return out.move(0, 2, 1, 3).reshape(B, T, D)


def forward(p, case, tokens):
    T = tokens.shape[1] - 1
    linear = lambda x, name: x @ p[name + ".weight"].move(1, 0) + p[name + ".bias"]
    seen = {"entropy": [], "max_prob": []}
    x = p["tok_embed.weight"][tokens[:, :-1]] * np.sqrt(D)
    if case[2].get("embed"):
        x = x + sinusoid(np.arange(T).astype(float))
    first = x
    for l in range(LAYERS):
        at = "layers.%d." % l
        a = attention(p, case, l, norm(x, p[at + "ln1.weight"], p[at + "ln1.bias"]), T, seen)
        x = x + linear(a, at + "attn.out")
        h = gelu(linear(norm(x, p[at + "ln2.weight"], p[at + "ln2.bias"]), at + "mlp.up"))
        x = x + linear(h, at + "mlp.down")
    x = norm(x, p["ln_final.weight"], p["ln_final.bias"])
    logits = x @ p["tok_embed.weight"].move(1, 0)
    chosen = softmax(logits)[np.arange(B)[:, None], np.arange(T)[None, :], tokens[:, 1:]]
    return first, logits, log(chosen) * -1.0, {k: np.stack(v, 1) for k, v in seen.items()}


def expected(weights, case, tokens, gradients):
    p = {name: Var(x) for name, x in weights.items()}
    first, logits, nll, out = forward(p, case, tokens)
    out.update({"logits": logits.v, "nll": nll.v})
    if gradients:
        backward(nll, np.full(nll.v.shape, 1 / nll.v.size))
        out.update({"grad." + name: x.g for name, x in p.items()})
        last = np.zeros_like(nll.v)
        last[:, -1] = 1
        backward(nll, last)
        size = np.sqrt((first.g ** 2).sum(-1))
        out["input_grad_share"] = size / size.sum(1, keepdims=True)
    return out


# ------------------------------------------------------------------------------------------ the files

def write(path, tensors, meta=None):
    header, data = {"__metadata__": meta} if meta else {}, b""
    for name, x in tensors.items():
        x = np.ascontiguousarray(x, np.int32 if x.dtype.kind == "i" else np.float32)
        header[name] = {"dtype": "I32" if x.dtype.kind == "i" else "F32", "shape": list(x.shape),
                        "data_offsets": [len(data), len(data) + x.nbytes]}
        data += x.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    for i, (name, case) in enumerate(CASES.items()):
        rng = np.random.default_rng([20, i])
        weights, at = arrays(case, rng), os.path.join(folder, "both_" + name)
        config = {"model": {"layers": LAYERS, "d_model": D, "heads": H, "d_ff": F, "vocab": V,
                            "attention": "bidirectional"},
                  "train": {"length": L}, "encoding": {"stack": case[0]}}
        os.makedirs(at, exist_ok=True)
        write(os.path.join(at, "checkpoint.safetensors"), weights,
              {"format": "longshot-checkpoint-1", "step": "0", "config": json.dumps(config)})
        for T in (16, 64):
            tokens = rng.integers(0, V, (B, T + 1))
            out = expected(weights, case, tokens, T == 16)
            write(os.path.join(at, "expected_%d.safetensors" % T), {"tokens": tokens, **out})


main()
