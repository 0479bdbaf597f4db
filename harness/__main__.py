"""The entry of the command: what takes long to start is started before everything else is imported."""

from __future__ import annotations

import sys


def main() -> None:
    """Runs the command line and exits with its code."""
    if sys.argv[1:2] == ["validate"]:
        from harness.inspection.hdf5_process import start_early

        start_early()
    from harness.cli import main as command

    command()


if __name__ == "__main__":
    main()
