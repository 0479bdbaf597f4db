"""Where a command writes its reports: found out to be writable before anything is measured."""

from __future__ import annotations

from pathlib import Path

from harness.settings import Unmeasured, Usage


def targets(*paths: Path | None) -> list[Path]:
    """The paths that were given, absolute. Raises Usage for one in no folder, Unmeasured for one not writable."""
    from harness.reporting import files

    given = [path.expanduser().absolute() for path in paths if path is not None]
    for path in given:
        try:
            files.probe(path)
        except files.NoFolder as error:
            raise Usage(str(error)) from error
        except OSError as error:
            raise Unmeasured(f"{path} cannot be written: {error.strerror}") from error
    return given
