"""Whether the frames of a results folder say what its files say. check_frames.py DIR"""

import csv
import gzip
import sys
from pathlib import Path

import longshot_results as lr

folder = Path(sys.argv[1])
r = lr.load(folder)


def rows(name):
    opened = gzip.open if name.endswith(".gz") else open
    with opened(folder / name, "rt", newline="") as file:
        return list(csv.DictReader(file))


written = rows("metrics.csv")
cells = {row["cell"]: row for row in written}
for name, frame in (("blocks.csv.gz", r.blocks), ("train.csv", r.train), ("runs.csv", r.runs)):
    lines = rows(name)
    assert len(frame) == len(lines) > 0, name
    for line, (_, row) in zip(lines, frame.iterrows()):
        assert row.cell == line["cell"], name
        for key in ("encoding", "dataset", "seed", "train_length"):
            assert str(row[key]) == cells[row.cell][key], (name, key, row[key])
assert len(r.metrics) == len(written)
for key in written[0]:
    for line, value in zip(written, r.metrics[key]):
        if line[key] == "":
            assert str(value) in ("", "nan", "<NA>"), (key, value)
        elif isinstance(value, float):
            assert value == float(line[key]), (key, value)
        else:
            assert str(value) == line[key], (key, value)
assert list(r.claims.claim) == ["c"] and r.claims.effect.dtype == float
assert r.metrics.value.dtype == float and r.metrics.seed.dtype == "Int64"
table = r.table(mode="nonoverlapping")
assert table.shape == (len(r.config["encodings"]), 2), table
one = [
    float(row["value"])
    for row in written
    if (row["encoding"], row["metric"], row["mode"], row["eval_length"], row["position_lo"], row["layer"])
    == ("rope", "ppl", "nonoverlapping", "32", "", "")
]
assert one == [table.loc["rope", 32]], (one, table)
try:
    lr.load(folder / "cells")
    raise AssertionError("a folder without metrics.csv was taken")
except FileNotFoundError as error:
    assert "must be a results folder" in str(error)
print(table)
