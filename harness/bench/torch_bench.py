#!/usr/bin/env python3
"""The alternative: the same model and the same work in PyTorch on the CPU, float32.

One CSV line a case, in the columns that `longshot bench` begins with: the fastest of several
passes after a few that warm up. Attention is written in the ways people write it:

  eager         a product, the bias, softmax, a product
  sdpa          scaled_dot_product_attention, the bias as its mask (is_causal where there is none)
  compile       torch.compile of eager
  sdpa_compile  torch.compile of sdpa

A training step is forward, loss, backward, clipping to a global norm, AdamW. An evaluation pass
gives the loss of every token and the entropy of every row of attention, for which every mode needs
the whole matrix. Run by `make bench-peers`; needs `pip install torch==2.13.0`.
"""
import argparse
import csv
import math
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

VOCAB = 256
#            layers, d_model, heads, length, sequences, training
WORKLOADS = {
    "tiny": (4, 128, 4, 128, 32, True),
    "small": (6, 256, 8, 256, 16, True),
    "long": (4, 128, 4, 512, 8, True),
    "eval8": (4, 128, 4, 1024, 4, False),
    "eval32": (4, 128, 4, 4096, 1, False),
}
MODES = ("eager", "sdpa", "compile", "sdpa_compile")
HEADER = ("implementation", "mode", "workload", "encoding", "threads", "tokens_per_second", "gflops")


def distances(length):
    """(T, T): how far key j lies behind query i; negative for keys that are not seen."""
    at = torch.arange(length)
    return at[:, None] - at[None, :]


class Bias(nn.Module):
    """What is added to the logits: (heads, T, T), minus infinity above the diagonal."""

    def __init__(self, encoding, heads, length):
        super().__init__()
        behind = distances(length)
        self.learned = encoding == "t5"
        self.only_causal = encoding not in ("alibi", "t5")
        hidden = torch.zeros(length, length).masked_fill(behind < 0, -math.inf)
        seen = behind.clamp(min=0)
        if self.learned:  # 16 buckets of one distance each, 16 that widen up to distance 128
            far = 16 + (seen.clamp(min=1) / 16).log() / math.log(128 / 16) * 16
            self.register_buffer("bucket", torch.where(seen < 16, seen, far.long().clamp(max=31)))
            self.table = nn.Parameter(torch.zeros(32, heads))
            self.register_buffer("fixed", hidden)
        elif encoding == "alibi":
            slope = 2.0 ** (-8.0 * torch.arange(1, heads + 1) / heads)
            self.register_buffer("fixed", hidden - slope[:, None, None] * seen)
        else:
            self.register_buffer("fixed", hidden.expand(1, length, length).contiguous())

    def forward(self):
        if self.learned:
            return self.table[self.bucket].permute(2, 0, 1) + self.fixed
        return self.fixed


class Rotation(nn.Module):
    """Turns channel pair (c, c + h) of position t by t * 10000^(-c/h); h is half the channels."""

    def __init__(self, length, half):
        super().__init__()
        angle = torch.arange(length)[:, None] * 10000.0 ** (-torch.arange(half) / half)
        self.register_buffer("cos", angle.cos())
        self.register_buffer("sin", angle.sin())

    def forward(self, x):
        a, b = x.chunk(2, dim=-1)
        return torch.cat((a * self.cos - b * self.sin, b * self.cos + a * self.sin), dim=-1)


class Block(nn.Module):
    def __init__(self, width, heads, rotation, only_causal, sdpa):
        super().__init__()
        self.heads, self.rotation, self.only_causal, self.sdpa = heads, rotation, only_causal, sdpa
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def attend(self, q, k, v, bias, observe):
        if self.sdpa and not observe:
            if self.only_causal:
                return F.scaled_dot_product_attention(q, k, v, is_causal=True), None
            return F.scaled_dot_product_attention(q, k, v, attn_mask=bias[None]), None
        logits = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1]) + bias
        weights = logits.softmax(dim=-1)
        entropy = None
        if observe:  # log of the sum of exponentials, less the mean logit
            finite = logits.masked_fill(torch.isinf(logits), 0.0)
            entropy = logits.logsumexp(dim=-1) - (weights * finite).sum(dim=-1)
        return weights @ v, entropy

    def forward(self, x, bias, observe):
        sequences, length, width = x.shape
        shape = (sequences, length, self.heads, width // self.heads)
        q, k, v = (part.reshape(shape).transpose(1, 2)
                   for part in self.qkv(self.norm1(x)).chunk(3, dim=-1))
        if self.rotation is not None:
            q, k = self.rotation(q), self.rotation(k)
        y, entropy = self.attend(q, k, v, bias, observe)
        x = x + self.out(y.transpose(1, 2).reshape(x.shape))
        return x + self.down(F.gelu(self.up(self.norm2(x)), approximate="tanh")), entropy


class Model(nn.Module):
    def __init__(self, workload, encoding, sdpa):
        super().__init__()
        layers, width, heads, length, _, _ = WORKLOADS[workload]
        rotation = Rotation(length, width // heads // 2) if encoding == "rope" else None
        self.scale = math.sqrt(width)
        self.embed = nn.Embedding(VOCAB, width)
        nn.init.normal_(self.embed.weight, std=width ** -0.5)
        self.bias = Bias(encoding, heads, length)
        self.blocks = nn.ModuleList(Block(width, heads, rotation, self.bias.only_causal, sdpa)
                                    for _ in range(layers))
        self.norm = nn.LayerNorm(width)

    def forward(self, tokens, observe=False):
        x, entropies = self.embed(tokens) * self.scale, []
        bias = self.bias()
        for block in self.blocks:
            x, entropy = block(x, bias, observe)
            entropies.append(entropy)
        return self.norm(x) @ self.embed.weight.t(), entropies


def flops_per_token(layers, width, length):
    """Forward, a multiplication and an addition counted as two; a query sees T/2 keys on average."""
    return 2 * (12 * width * width * layers + width * VOCAB) + 2 * layers * length * width


def make_pass(workload, encoding, mode):
    """A function that does one training step or one evaluation pass."""
    *_, length, sequences, training = WORKLOADS[workload]
    torch.manual_seed(1)
    model = Model(workload, encoding, sdpa=mode.startswith("sdpa"))
    call = torch.compile(model) if mode.endswith("compile") else model
    tokens = torch.randint(VOCAB, (sequences, length + 1))
    inputs, targets = tokens[:, :-1].contiguous(), tokens[:, 1:].reshape(-1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.95), weight_decay=0.1)

    def train():
        logits, _ = call(inputs)
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(logits.reshape(-1, VOCAB), targets).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    @torch.no_grad()
    def evaluate():
        logits, entropies = call(inputs, True)
        F.cross_entropy(logits.reshape(-1, VOCAB), targets, reduction="none")
        for entropy in entropies:
            entropy.mean()

    return train if training else evaluate


def fastest(step, repeat, warm_up=3):
    for _ in range(warm_up):
        step()
    best = math.inf
    for _ in range(repeat):
        start = time.perf_counter()
        step()
        best = min(best, time.perf_counter() - start)
    return best


def measure(workload, encoding, mode, threads, repeat):
    layers, width, _, length, sequences, training = WORKLOADS[workload]
    row = [f"torch-{torch.__version__}", mode, workload, encoding, threads]
    try:
        rate = length * sequences / fastest(make_pass(workload, encoding, mode), repeat)
    except Exception as error:  # a mode that this release or machine cannot do is a row as well
        print(f"torch_bench: {workload}, {encoding}, {mode}: {error}", file=sys.stderr)
        return row + ["", type(error).__name__]
    work = (3 if training else 1) * flops_per_token(layers, width, length)
    return row + [round(rate), round(rate * work / 1e9, 1)]


def names(known):
    def parse(text):
        wrong = [name for name in text.split(",") if name not in known]
        if wrong:
            raise argparse.ArgumentTypeError(f"must be of {','.join(known)}, got {wrong[0]!r}")
        return text.split(",")
    return parse


def main():
    encodings = ("nope", "alibi", "t5", "rope")
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--workloads", type=names(WORKLOADS), default=list(WORKLOADS))
    p.add_argument("--encodings", type=names(encodings), default=encodings[1:])
    p.add_argument("--modes", type=names(MODES), default=MODES)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--repeat", type=int, default=10)
    o = p.parse_args()
    torch.set_num_threads(o.threads)
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(HEADER)
    for workload in o.workloads:
        for encoding in o.encodings:
            for mode in o.modes:
                out.writerow(measure(workload, encoding, mode, o.threads, o.repeat))
                sys.stdout.flush()


if __name__ == "__main__":
    main()
