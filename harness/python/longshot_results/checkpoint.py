"""Checkpoints as they lie on disk: the safetensors container, and checkpoints by name."""

import json
import os
import struct


class FormatError(ValueError):
    """A file is not what its name says."""


def resolve(name):
    """The path of a checkpoint: a file as it is, or DIR:ENCODING/SEED of a results folder."""
    name = os.fspath(name)
    if os.path.isfile(name) or ":" not in name:
        return name
    folder, _, rest = name.rpartition(":")
    encoding, _, seed = rest.rpartition("/")
    plan = os.path.join(folder, "plan.jsonl")
    with open(plan, encoding="utf-8") as lines:
        cells = [json.loads(line) for line in lines]
    found = {
        cell["train_id"]
        for cell in cells
        if "train_id" in cell and cell["encoding"] == encoding and str(cell["seed"]) == seed
    }
    if len(found) != 1:
        raise KeyError(f"{name}: {plan} has {len(found)} trainings of that name, must be 1")
    return os.path.join(folder, "checkpoints", found.pop(), "model.safetensors")


def read(path):
    """(metadata, {name: (shape, bytes)}) of a file of float32 arrays."""
    with open(path, "rb") as file:
        content = file.read()
    if len(content) < 8:
        raise FormatError(f"{path}: must have a header, has {len(content)} bytes")
    (size,) = struct.unpack("<Q", content[:8])
    if size > len(content) - 8:
        raise FormatError(f"{path}: a header of {size} bytes does not fit the file")
    try:
        header = json.loads(content[8 : 8 + size])
        metadata = header.pop("__metadata__", {})
        arrays = {name: array_of(content, 8 + size, entry) for name, entry in header.items()}
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{path}: {error}") from error
    if metadata.get("format") != "longshot-checkpoint-1":
        raise FormatError(
            f"{path}: format must be longshot-checkpoint-1, got {metadata.get('format')}"
        )
    return metadata, arrays


def array_of(content, start, entry):
    """The shape and bytes that a header entry means."""
    first, last = entry["data_offsets"]
    shape = entry["shape"]
    values = 1
    for n in shape:
        values *= n
    if entry["dtype"] != "F32" or last - first != 4 * values or start + last > len(content):
        raise ValueError(f"an array of {entry['dtype']} {shape} does not lie at {first}..{last}")
    return shape, content[start + first : start + last]
