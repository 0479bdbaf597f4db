"""Arrays on their way to the driver: each distinct content once, named by its digest."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from harness.worker import dialect

# A larger array is not sent whole: its digest decides whether it is equal, and this many of its values, evenly
# spread, tell how big a difference is. It keeps the driver small whatever the model weighs.
WHOLE = 1 << 13


class Arrays:
    """Collects the arrays of one reply."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}

    def add(self, value: Any) -> Any:
        """What stands for `value` in the reply: its dtype, shape and digest (strings: the strings themselves)."""
        array = dialect.array(value)
        if array.dtype.kind in "OSU":
            return {"strings": [_text(item) for item in array.ravel().tolist()], "shape": list(array.shape)}
        data = np.ascontiguousarray(array)
        digest = hashlib.blake2b(
            data.tobytes()
            if data.ndim == 0
            else data.data.cast("B")
            if data.size and data.dtype.kind != "V"
            else data.tobytes(),
            digest_size=12,
        )
        name = f"{digest.hexdigest()}{data.dtype.name}"
        if name not in self.blobs:
            kept = data.ravel()
            if kept.size > WHOLE:
                kept = kept[:: -(-kept.size // WHOLE)]
            # NumPy alone cannot read bfloat16 and float8: the driver sees them as float32, the digest as they are.
            if kept.dtype.kind == "V" or kept.dtype.name.startswith(("bfloat", "float8", "int4", "uint4")):
                kept = kept.astype("float32")
            self.blobs[name] = kept.tobytes()
        kept_dtype = data.dtype.name
        if data.dtype.kind == "V" or kept_dtype.startswith(("bfloat", "float8", "int4", "uint4")):
            kept_dtype = "float32"
        return {"array": name, "dtype": data.dtype.name, "shape": list(array.shape), "kept": kept_dtype}


def _text(item: Any) -> str:
    return item.decode("utf-8", "backslashreplace") if isinstance(item, bytes) else str(item)
