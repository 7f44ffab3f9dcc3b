"""Text to vectors, and the nearest stored vectors.

The arithmetic runs in a child process (`child.py`), so that the daemon never imports numpy or onnxruntime and gets all of
the memory back when the child is dropped. `process.py` is the daemon's side; `install.py` fetches and builds the model.
What a vector is used for is decided in `memory`.
"""
