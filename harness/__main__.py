"""The entry of the command: what takes long to start is started before everything else is imported."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Runs the command line and exits with its code."""
    gc.disable()  # what is imported stays: looking through it for garbage is a tenth of the start
    if sys.argv[1:2] == ["validate"]:
        from harness.inspection.hdf5_start import start_early

        start_early()
    from harness.cli import main as command

    gc.freeze()
    gc.enable()
    command()


if __name__ == "__main__":
    main()
