"""Run the code of a notebook, cell by cell, and look at what it leaves. run_notebook.py FILE [--kernel]

--kernel: by nbclient in a kernel, as Jupyter does; else here, and then the numbers are checked, too."""

import json
import math
import sys
from pathlib import Path

path = Path(sys.argv[1])
notebook = json.loads(path.read_text("utf-8"))
assert all(not cell.get("outputs") for cell in notebook["cells"]), "outputs are not committed"
if "--kernel" in sys.argv:
    import nbclient
    import nbformat

    nbclient.NotebookClient(nbformat.read(path, as_version=4), timeout=120, kernel_name="python3").execute()
    sys.exit()

seen = {"__name__": "__main__"}
for number, cell in enumerate(notebook["cells"]):
    if cell["cell_type"] == "code":
        exec(compile("".join(cell["source"]), f"{path.name}[{number}]", "exec"), seen)

table, ratio, train = seen["table"], seen["ratio"], seen["study"].metrics.train_length.iloc[0]
assert table.shape[0] >= 4 and table.shape[1] >= 3, table.shape
assert (ratio[train] == 1).all()
for name, row in table.iterrows():
    values = ratio.loc[name][ratio.columns[-1]] * seen["seeds"].loc[name][train]
    assert math.isclose(values.mean(), row[ratio.columns[-1]], rel_tol=1e-9), name
if seen.get("axes") is not None:
    assert len(seen["axes"].lines) == len(table)
if "torch" in seen and seen["folder"]:
    assert tuple(seen["logits"].shape)[:2] == (1, 16)
    assert seen["torch"].isfinite(seen["logits"]).all()
