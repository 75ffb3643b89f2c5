"""Scalars of a folder as the real TensorBoard reads them: RUN TAG STEP VALUE, one a line, sorted."""
import sys

from tensorboard.backend.event_processing import event_multiplexer, tag_types

board = event_multiplexer.EventMultiplexer(size_guidance={tag_types.SCALARS: 0, tag_types.TENSORS: 0})
board.AddRunsFromDirectory(sys.argv[1])
board.Reload()
lines = []
for run, tags in board.Runs().items():
    for tag in tags[tag_types.SCALARS]:
        lines += ["%s %s %d %.9g" % (run, tag, e.step, e.value) for e in board.Scalars(run, tag)]
    for tag in tags[tag_types.TENSORS]:
        from tensorboard.util import tensor_util

        lines += ["%s %s %d %.9g" % (run, tag, e.step, tensor_util.make_ndarray(e.tensor_proto))
                  for e in board.Tensors(run, tag)]
print("\n".join(sorted(lines)))
