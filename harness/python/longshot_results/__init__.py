"""Longshot's results in Python.

    import longshot_results as lr
    r = lr.load("results/books-tiny")          # needs pandas
    r.metrics.query("metric == 'ppl'")
    m = lr.model("results/books-tiny:rope/1")  # needs torch
    logits = m(tokens)

There is nothing to build: put this folder's parent on PYTHONPATH.
"""

from .checkpoint import FormatError, resolve
from .frames import Results, load

__all__ = ["FormatError", "Results", "Unsupported", "load", "model", "resolve"]


def model(checkpoint, stack=None):
    """A trained model as a torch.nn.Module; see transformer.py. torch is imported here and not before."""
    from .transformer import from_checkpoint

    return from_checkpoint(checkpoint, stack)


def __getattr__(name):
    if name == "Unsupported":
        from .schemes import Unsupported

        return Unsupported
    raise AttributeError(name)
