"""The machine that measures: what makes two measurements comparable, and what to note of it."""

from __future__ import annotations

import hashlib
import os
import platform
from pathlib import Path
from typing import Any

import psutil

GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
PLATFORM = Path("/proc/cpuinfo")


def processor() -> str:
    """The model of the processor, as the system names it."""
    try:
        lines = PLATFORM.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "Model"))]
    return named[0] if named else platform.processor() or platform.machine()


def about() -> dict[str, Any]:
    """What is known of it; `id` is the same where measurements may be compared.

    The name of the host is not part of it: machines of a pool have another one each day.
    """
    kind = {
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "system": platform.system(),
    }
    text = "|".join(str(value) for value in kind.values())
    frequency = None
    try:
        read = psutil.cpu_freq()
        frequency = round(read.current) if read else None
    except (OSError, RuntimeError, NotImplementedError):  # not told in many containers
        pass
    return {
        "id": hashlib.sha256(text.encode()).hexdigest()[:12],
        **kind,
        "kernel": platform.release(),
        "frequency_mhz": frequency,
        "governor": _governor(),
        "load": [round(each, 2) for each in os.getloadavg()] if hasattr(os, "getloadavg") else None,
    }


def _governor() -> str | None:
    try:
        return GOVERNOR.read_text(encoding="utf-8").strip()
    except OSError:
        return None
