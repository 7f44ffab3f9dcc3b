"""How ONNX Runtime is run in the child, the same for the model and for the scan."""

from __future__ import annotations

import contextlib
import ctypes

import onnxruntime


def session_options() -> onnxruntime.SessionOptions:
    """One thread that never spins: a second one saves little on short texts and costs much on a busy machine."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_mem_pattern = False  # patterns are kept per input length, and lengths vary
    # Our graphs are written in their final form; optimising costs memory and start-up time for nothing.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    return options


def trim_memory() -> None:
    """Give back what loading used up and freed: several MiB that the C library would keep. Only glibc can."""
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
