"""A results folder as pandas frames."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

WHOLE = {
    "seed", "train_length", "eval_length", "stride", "layer", "head", "position_lo", "position_hi",
    "tokens", "windows", "step", "block", "targets", "parameters", "peak_rss_bytes", "seeds",
}
NAMES = ["cell", "encoding", "dataset", "seed", "train_length"]


@dataclass
class Results:
    """What a folder holds: a frame a file, empty where the file is not there, and the config."""

    folder: Path
    config: dict
    metrics: "pandas.DataFrame"
    blocks: "pandas.DataFrame"
    train: "pandas.DataFrame"
    runs: "pandas.DataFrame"
    claims: "pandas.DataFrame"

    def table(self, metric="ppl", mode=None, aggregate="mean"):
        """The overall values: encodings x evaluation lengths, over seeds; dataset and mode must be clear."""
        rows = self.metrics
        rows = rows[(rows.metric == metric) & rows.position_lo.isna() & rows.layer.isna()]
        if mode is not None:
            rows = rows[rows["mode"] == mode]
        for key in ("dataset", "mode", "train_length"):
            if rows[key].nunique() > 1:
                values = ", ".join(map(str, rows[key].unique()))
                raise ValueError(f"{key}: must be one, is {values}: choose rows of metrics first")
        return rows.pivot_table("value", "evaluated_as", "eval_length", aggregate)


def read(folder, name):
    """The frame of one file, whole numbers as such and empty fields as missing ones."""
    import pandas as pd

    path = folder / name
    if not path.exists():
        return pd.DataFrame()
    text = {"cell", "experiment", "encoding", "evaluated_as", "dataset", "claim", "version"}
    frame = pd.read_csv(
        path, dtype={key: str for key in text}, keep_default_na=False, na_values={}
    )
    for key in frame.columns:
        if key in WHOLE or (key not in text and frame[key].dtype == object):
            numbers = pd.to_numeric(frame[key].replace("", None), errors="coerce")
            if (numbers.notna() == (frame[key].astype(str) != "")).all():
                frame[key] = numbers.astype("Int64" if key in WHOLE else "float64")
    return frame


def named(frame, names):
    """The frame with what its cells are called in front."""
    if frame.empty or names.empty:
        return frame
    missing = ["cell"] + [key for key in NAMES[1:] if key not in frame.columns]
    joined = frame.merge(names[missing], on="cell", how="left", validate="many_to_one")
    return joined[NAMES + [key for key in joined.columns if key not in NAMES]]


def load(folder):
    """Read a results folder. Every frame with cells has encoding, dataset, seed and train_length beside them."""
    folder = Path(os.path.expanduser(folder))
    if not (folder / "metrics.csv").exists():
        raise FileNotFoundError(f"{folder}: must be a results folder, has no metrics.csv")
    config = folder / "config.json"
    metrics = read(folder, "metrics.csv")
    names = metrics[NAMES].drop_duplicates()
    return Results(
        folder=folder,
        config=json.loads(config.read_text("utf-8")) if config.exists() else {},
        metrics=metrics,
        blocks=named(read(folder, "blocks.csv.gz"), names),
        train=named(read(folder, "train.csv"), names),
        runs=named(read(folder, "runs.csv"), names),
        claims=read(folder, "claims.csv"),
    )
