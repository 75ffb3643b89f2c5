"""Positional schemes in PyTorch, by the formulas at the top of encodings/NAME.c.

A scheme may add to the embedding (`embed`), turn queries and keys (`turn`), add to the logits by distance
(`distance`), hide keys (`window`), or divide the logits (`tau`). What is not here is refused by name.
"""

import math

import torch


class Unsupported(NotImplementedError):
    """A scheme or an option that this package does not have."""

    def __init__(self, what):
        super().__init__(f"{what}: not in this package; `longshot probe` computes it")


class Scheme:
    """An element of a stack: options as attributes, over the defaults of the class."""

    defaults = {}

    def __init__(self, options, shape, train_length):
        for key, value in {**self.defaults, **options}.items():
            if key not in self.defaults:
                raise Unsupported(f"option {key} of {self.name}")
            setattr(self, key, value)
        self.heads, self.shape, self.train_length = shape["heads"], shape, train_length
        self.layers = None

    def acts_in(self, layer):
        return self.layers is None or layer in self.layers

    def embed(self, x, array):
        return x

    def turn(self, x):
        return x

    def distance(self, layer, T, array):
        """(heads, T) in double, or None."""
        return None

    def window(self):
        return None

    def divisor(self):
        return 1.0


class Nope(Scheme):
    name = "nope"


class Sinusoidal(Scheme):
    name = "sinusoidal"
    defaults = {"base": 10000.0}

    def embed(self, x, array):
        T, D = x.shape[1:]
        pair = torch.arange(D // 2 + D % 2, dtype=torch.float64)
        angle = torch.arange(T, dtype=torch.float64)[:, None] * self.base ** (-2 * pair / D)
        wave = torch.stack((angle.sin(), angle.cos()), -1).reshape(T, -1)[:, :D]
        return x + wave.to(x)


class Learned(Scheme):
    name = "learned"
    defaults = {"past": "not_applicable", "std": 0.02, "rows": 0}

    def embed(self, x, array):
        table, T = array("encoding.learned.table"), x.shape[1]
        R = table.shape[0]
        at = torch.arange(T, dtype=torch.float64)
        if T > R and self.past == "not_applicable":
            raise ValueError(f"learned: has {R} positions, got {T} tokens")
        if T > R and self.past == "interpolate":
            at = at * (R - 1) / (T - 1)
        elif self.past == "wrap":
            at = at % R
        else:
            at = at.clamp(max=R - 1)
        low = at.floor().long()
        high = (low + 1).clamp(max=R - 1)
        part = (at - low).to(x)[:, None]
        return x + table[low] + part * (table[high] - table[low])


class Alibi(Scheme):
    name = "alibi"
    defaults = {
        "learned": False,
        "slope": None,
        "slopes": "geometric",
        "heads": 0,
        "slope_multiplier": 1.0,
        "interpolation": "none",
        "factor": None,
    }

    def __init__(self, options, shape, train_length):
        some = options.get("heads", 0)
        super().__init__(options, shape, train_length)
        self.some = some or shape["heads"]

    def first_slopes(self):
        h = torch.arange(1, self.some + 1, dtype=torch.float64)
        if self.slopes == "harmonic":
            return 1 / h
        if self.slopes == "halving":
            return 2 ** (1 - h)
        if self.slope is not None:
            return torch.full_like(h, self.slope)
        c = 1 << (self.some.bit_length() - 1)
        between = 2.0 ** (-8 * (2 * torch.arange(self.some - c, dtype=torch.float64) + 1) / (2 * c))
        return torch.cat((2.0 ** (-8 * h[:c] / c), between))

    def distance(self, layer, T, array):
        slopes = array("encoding.alibi.slope").double() if self.learned else self.first_slopes()
        gain = self.slope_multiplier
        if self.interpolation == "fixed":
            gain /= self.factor
        elif self.interpolation == "dynamic":
            gain *= min(1.0, self.train_length / T)
        table = torch.zeros(self.heads, T, dtype=torch.float64)
        table[: self.some] = -gain * slopes[:, None] * torch.arange(T)
        return table


class KerpleLog(Scheme):
    name = "kerple_log"

    def distance(self, layer, T, array):
        r1, r2 = (array(f"encoding.kerple_log.{r}").double()[:, None] for r in ("r1", "r2"))
        return -r1 * torch.log1p(r2 * torch.arange(T))


class KerplePower(Scheme):
    name = "kerple_power"

    def distance(self, layer, T, array):
        r1, r2 = (array(f"encoding.kerple_power.{r}").double()[:, None] for r in ("r1", "r2"))
        return -r1 * torch.arange(T, dtype=torch.float64) ** r2


class Sandwich(Scheme):
    name = "sandwich"
    defaults = {"dim": 128, "first_index": 1, "smoothed": False}

    def distance(self, layer, T, array):
        d = torch.arange(T, dtype=torch.float64)
        k = torch.arange(self.first_index, self.first_index + self.dim // 2, dtype=torch.float64)
        if self.smoothed:
            curve = -0.825 * 8 * torch.log1p(d)
        else:
            curve = (torch.cos(d[:, None] * 10000 ** (-2 * k / self.dim)) - 1).sum(-1)
        ratio = 8 * torch.arange(1, self.heads + 1, dtype=torch.float64) / self.heads
        return curve / ratio[:, None]


class T5(Scheme):
    name = "t5"
    defaults = {"buckets": 32, "max_distance": 128, "shared": True}

    def bucket(self, d):
        exact = self.buckets // 2
        wide = self.buckets - exact
        if d < exact:
            return d
        step = math.log(d / exact) / math.log(self.max_distance / exact) * wide
        return min(self.buckets - 1, exact + math.floor(step + 1e-12 * wide))

    def distance(self, layer, T, array):
        bias = array("encoding.t5.bias")
        bias = bias if self.shared else bias[layer]
        return bias[[self.bucket(d) for d in range(T)]].T.double()


class Relative(Scheme):
    name = "relative"
    defaults = {"offsets": 32, "past": "clamp", "shared": True}

    def distance(self, layer, T, array):
        bias = array("encoding.relative.bias")
        bias = bias if self.shared else bias[layer]
        table = bias[torch.arange(T).clamp(max=self.offsets - 1)].T.double()
        return table * (torch.arange(T) < self.offsets) if self.past == "zero" else table


class Window(Scheme):
    name = "window"
    defaults = {"width": 0, "fraction": None}

    def window(self):
        if self.fraction is not None:
            return math.ceil(self.fraction * self.train_length)
        return self.width or self.train_length


class Temperature(Scheme):
    name = "temperature"
    defaults = {"tau": 1.0}

    def divisor(self):
        return self.tau


class Rope(Scheme):
    name = "rope"
    defaults = {
        "base": 10000.0,
        "fraction": 1.0,
        "keep": 1.0,
        "scaling": "none",
        "factor": None,
        "beta_fast": 32.0,
        "beta_slow": 1.0,
        "truncate": True,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "exponent": 0.75,
        "resonance": False,
        "long_factor": (),
        "short_factor": (),
    }

    def __init__(self, options, shape, train_length):
        super().__init__(options, shape, train_length)
        if self.scaling not in ("none", "pi", "ntk", "dynamic_ntk", "yarn", "llama3", "mixed_ntk"):
            raise Unsupported(f"rope with scaling {self.scaling}")
        self.R = round(self.fraction * shape["d_model"] // shape["heads"])

    def yarn(self, c, theta, s):
        def pair(turns):
            return (
                self.R
                * math.log(self.train_length / (2 * math.pi * turns))
                / (2 * math.log(self.base))
            )

        low, high = pair(self.beta_fast), pair(self.beta_slow)
        if self.truncate:
            low, high = math.floor(low), math.ceil(high)
        low, high = max(low, 0), min(high, self.R - 1)
        high = high if high > low else low + 0.001
        ramp = ((c - low) / (high - low)).clamp(0, 1)
        return theta / s * ramp + theta * (1 - ramp)

    def llama3(self, theta, s):
        turns = self.train_length * theta / (2 * math.pi)
        keep = (turns - self.low_freq_factor) / (self.high_freq_factor - self.low_freq_factor)
        keep = keep.clamp(0, 1)
        return (1 - keep) * theta / s + keep * theta

    def scaled(self, c, s):
        R, theta = self.R, self.base ** (-2 * c / self.R)
        if self.scaling == "pi":
            return theta / s
        if self.scaling in ("ntk", "dynamic_ntk"):
            return (self.base * s ** (R / (R - 2))) ** (-2 * c / R)
        if self.scaling == "yarn":
            return self.yarn(c, theta, s)
        if self.scaling == "llama3":
            return self.llama3(theta, s)
        if self.scaling == "mixed_ntk":
            a = math.log(s) / (R / 2) ** self.exponent
            return theta * torch.exp(-a * (c + 1) ** self.exponent)
        return theta

    def angles(self, T):
        """(T, R/2) angles, and the size of their cosines and sines."""
        c = torch.arange(self.R // 2, dtype=torch.float64)
        s = 1.0
        if self.scaling != "none":
            s = self.factor if self.factor is not None else max(1.0, T / self.train_length)
        theta = self.scaled(c, s)
        if self.resonance:
            theta = 2 * math.pi / torch.round(2 * math.pi / theta).clamp(min=1)
        theta = torch.where(c < math.floor(self.keep * (self.R // 2)), theta, 0.0)
        size = 0.1 * math.log(s) + 1 if self.scaling == "yarn" and s > 1 else 1.0
        return torch.arange(T, dtype=torch.float64)[:, None] * theta, size

    def turn(self, x):
        angle, size = self.angles(x.shape[-2])
        cosine, sine = (size * angle.cos()).to(x), (size * angle.sin()).to(x)
        u, v, rest = x.split((self.R // 2, self.R // 2, x.shape[-1] - self.R), dim=-1)
        return torch.cat((u * cosine - v * sine, v * cosine + u * sine, rest), dim=-1)


SCHEMES = {
    scheme.name: scheme
    for scheme in (
        Nope, Sinusoidal, Learned, Rope, Alibi, T5, Relative, KerpleLog, KerplePower, Sandwich, Window,
        Temperature,
    )
}


def layers_of(choice, n):
    """The layers that `layers` of an element names: a list, "every K", "not every K", "... from F"."""
    if not isinstance(choice, str):
        return {l % n for l in choice}
    words = choice.removeprefix("not ").split()
    k = int(words[1])
    first = int(words[3]) if len(words) > 2 else k - 1
    return {l for l in range(n) if (l % k == first) != choice.startswith("not ")}


def element(given, shape, train_length):
    options = {"name": given} if isinstance(given, str) else dict(given)
    name, layers = options.pop("name"), options.pop("layers", None)
    if name not in SCHEMES:
        raise Unsupported(name)
    scheme = SCHEMES[name](options, shape, train_length)
    if layers is not None:
        scheme.layers = layers_of(layers, shape["layers"])
    return scheme


class Stack:
    """The schemes of a model, each adding to what the others do."""

    def __init__(self, elements, shape, train_length):
        self.items = [element(e, shape, train_length) for e in elements]

    def embedded(self, x, array):
        for scheme in self.items:
            x = scheme.embed(x, array)
        return x

    def turned(self, layer, q, k):
        for scheme in self.items:
            if scheme.acts_in(layer):
                q, k = scheme.turn(q), scheme.turn(k)
        return q, k

    def biased(self, layer, logits, array):
        T = logits.shape[-1]
        at = torch.arange(T)
        d = at[:, None] - at
        hidden = d < 0
        divisor = 1.0
        for scheme in self.items:
            if not scheme.acts_in(layer):
                continue
            table, width = scheme.distance(layer, T, array), scheme.window()
            if table is not None:
                logits = logits + table.to(logits)[:, d.clamp(min=0)]
            if width is not None:
                hidden = hidden | (d >= width)
            divisor *= scheme.divisor()
        return (logits / divisor).masked_fill(hidden, -math.inf)
