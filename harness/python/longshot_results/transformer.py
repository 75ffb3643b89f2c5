"""The transformer of a checkpoint in PyTorch: a second implementation of harness/model, from its formulas.

    x = sqrt(D) E[token]; x += embed
    each layer:  x += Wo attention(LN1(x)) + bo;   x += W2 gelu(W1 LN2(x) + b1) + b2
    logits = LNf(x) E^T

Parameters keep the names of the file, with "_" for ".".
"""

import json
import math

import torch
from torch import nn
from torch.nn import functional as F

from . import checkpoint as files
from .schemes import Stack, Unsupported


class Transformer(nn.Module):
    """tokens (B, T) of whole numbers -> logits (B, T, V)."""

    def __init__(self, config, arrays, stack):
        super().__init__()
        shape = config["model"]
        if shape.get("attention", "causal") != "causal":
            raise Unsupported(f"model.attention {shape['attention']}")
        self.config = config
        self.layers, self.heads = shape["layers"], shape["heads"]
        for name, values in arrays.items():
            self.register_parameter(name.replace(".", "_"), nn.Parameter(values))
        self.stack = Stack(stack, shape, config["train"]["length"])

    def array(self, name):
        """A parameter by its name in the file."""
        return getattr(self, name.replace(".", "_"))

    def normed(self, name, x):
        weight, bias = self.array(name + ".weight"), self.array(name + ".bias")
        return F.layer_norm(x, weight.shape, weight, bias, 1e-5)

    def linear(self, name, x):
        return F.linear(x, self.array(name + ".weight"), self.array(name + ".bias"))

    def attention(self, layer, x):
        B, T, D = x.shape
        qkv = self.linear(f"layers.{layer}.attn.qkv", x)
        q, k, v = (
            part.view(B, T, self.heads, D // self.heads).transpose(1, 2)
            for part in qkv.split(D, dim=-1)
        )
        q, k = self.stack.turned(layer, q, k)
        logits = q @ k.transpose(-1, -2) / math.sqrt(D // self.heads)
        logits = self.stack.biased(layer, logits, self.array)
        return self.linear(
            f"layers.{layer}.attn.out", (logits.softmax(-1) @ v).transpose(1, 2).reshape(B, T, D)
        )

    def forward(self, tokens):
        embedding = self.array("tok_embed.weight")
        x = math.sqrt(embedding.shape[1]) * F.embedding(tokens, embedding)
        x = self.stack.embedded(x, self.array)
        for layer in range(self.layers):
            name = f"layers.{layer}"
            x = x + self.attention(layer, self.normed(name + ".ln1", x))
            hidden = self.linear(name + ".mlp.up", self.normed(name + ".ln2", x))
            x = x + self.linear(name + ".mlp.down", F.gelu(hidden, approximate="tanh"))
        return F.linear(self.normed("ln_final", x), embedding)


def from_checkpoint(name, stack=None):
    """The model of a file or of DIR:ENCODING/SEED; `stack`: schemes in place of the trained ones."""
    metadata, arrays = files.read(files.resolve(name))
    config = json.loads(metadata["config"])
    tensors = {
        key: torch.frombuffer(bytearray(data), dtype=torch.float32).reshape(shape)
        for key, (shape, data) in arrays.items()
    }
    return Transformer(config, tensors, stack or config["encoding"]["stack"]).eval()
