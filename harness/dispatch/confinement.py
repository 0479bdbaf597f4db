"""How a worker is kept from doing harm: what it may take, and what of that was put in force."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from harness.dispatch import confined

GIB = 1 << 30
KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "SYSTEMROOT")  # of the driver's environment
HOME = "home"


@dataclass(frozen=True)
class Confinement:
    """What a worker that opens somebody else's file may take.

    `seconds` of CPU and `address_space` in bytes for the whole life of the process (TensorFlow maps far more than it
    uses), `file` in bytes for each file that it writes; `processes` counts threads as well.
    """

    seconds: int = 600
    address_space: int = 16 * GIB
    file: int = 4 * GIB
    processes: int = 4096

    def command(self, folder: Path, program: list[str]) -> list[str]:
        """The command that starts the program, confined to the folder."""
        settings = {
            "folder": str(folder.absolute()),
            "seconds": self.seconds,
            "address_space": self.address_space,
            "file": self.file,
            "processes": self.processes,
        }
        return [sys.executable, "-I", "-S", confined.__file__, json.dumps(settings), *program]

    def environment(self, folder: Path) -> dict[str, str]:
        """The variables that it is given of the driver's own: no token, no key, and a home folder that is empty."""
        home = folder / HOME
        home.mkdir(exist_ok=True)
        return {**{key: os.environ[key] for key in KEPT if key in os.environ}, "HOME": str(home)}


def in_force(folder: Path) -> tuple[list[str], dict[str, str]]:
    """What was put in force for the process of a folder, and what was not, with the reason of the system."""
    try:
        said = json.loads((folder / confined.REPORT).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return [], {"everything": f"nothing is known: {error}"}
    return list(said["done"]), dict(said["not done"])
