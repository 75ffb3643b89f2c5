"""Whether a model of the Python package gives the logits that `longshot probe` wrote.

check_logits.py --tokens; check_logits.py LIST, of lines CHECKPOINT, PROBED and STACK (or nothing) with tabs between."""

import json
import struct
import sys

import torch

import longshot_results as lr


def write_tokens(path):
    tokens = torch.randint(0, 250, (2, 51), generator=torch.Generator().manual_seed(1)).int()
    data = struct.pack("<102i", *tokens.flatten().tolist())
    entry = {"dtype": "I32", "shape": [2, 51], "data_offsets": [0, len(data)]}
    header = json.dumps({"tokens": entry}).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(header)) + header + data)


def array(path, name, dtype):
    with open(path, "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        entry = json.loads(file.read(size))[name]
        content = file.read()
    first, last = entry["data_offsets"]
    return torch.frombuffer(bytearray(content[first:last]), dtype=dtype).reshape(entry["shape"])


def difference(checkpoint, stack, probed):
    model = lr.model(checkpoint, json.loads(stack) if stack else None)
    with torch.no_grad():
        ours = model(array(TOKENS, "tokens", torch.int32)[:, :-1].long())
    theirs = array(probed, "logits", torch.float32)
    assert ours.shape == theirs.shape, (ours.shape, theirs.shape)
    return ((ours - theirs).abs().max() / theirs.abs().max()).item()


TOKENS = "tokens.safetensors"
if sys.argv[1] == "--tokens":
    write_tokens(TOKENS)
    sys.exit()
bad = 0
with open(sys.argv[1], encoding="utf-8") as cases:
    for case in cases:
        checkpoint, probed, stack = case.rstrip("\n").split("\t")
        worst = difference(checkpoint, stack, probed)
        print(checkpoint, stack, "largest difference, relative", worst)
        bad += not worst <= 5e-6
sys.exit(bad > 0)
