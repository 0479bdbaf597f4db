"""The memory that a measurement takes at its height: resident, and on a GPU."""

from __future__ import annotations

import contextlib
import resource
import sys
from typing import Any

STATUS = "/proc/self/status"
CLEAR = "/proc/self/clear_refs"
RESET_PEAK = "5"  # see proc(5): from now on the height is counted anew


def reset() -> bool:
    """Starts counting the height anew; False where the system cannot (not Linux): it is then that of the process."""
    try:
        with open(CLEAR, "w") as file:
            file.write(RESET_PEAK)
    except OSError:
        return False
    return True


def peak() -> int:
    """Bytes that were resident at the height, since `reset` or since the start of the process."""
    with contextlib.suppress(OSError, ValueError), open(STATUS) as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def reset_device(tf: Any, device: str) -> None:
    """Starts counting the height of a GPU's memory anew."""
    if device != "CPU":
        with contextlib.suppress(Exception):  # TensorFlow before 2.5, or a device that does not count
            tf.config.experimental.reset_memory_stats(device)


def device_peak(tf: Any, device: str) -> int | None:
    """Bytes of a GPU's memory at the height; None on the CPU, and where it is not counted."""
    if device == "CPU":
        return None
    with contextlib.suppress(Exception):
        return int(tf.config.experimental.get_memory_info(device)["peak"])
    return None
