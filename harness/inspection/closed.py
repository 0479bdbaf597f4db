"""Which files stay closed: what inspection says of them keeps every command from loading them."""

from __future__ import annotations

from harness.inspection.report import Report

WEIGHTS_ALONE = ("weights.h5", "hdf5 weights by name", "weights index")  # formats that hold no model
CLOSED = ("unsafe", "bomb", "corrupt")


def why_closed(report: Report, *, unsafe: bool = False) -> str | None:
    """Why a file is not loaded, in a line; None where it may be. `unsafe` lets those in that hold code."""
    closed = report.verdict in CLOSED and not (unsafe and report.verdict == "unsafe")
    if not closed and not report.error:
        return None
    worst = next((each for each in report.findings if each.about.verdict == report.verdict), None)
    told = report.error or (f"{worst.rule} at {worst.where or 'the file'}: {worst.what}" if worst else "")
    hint = " (keras-harness validate tells more; --unsafe loads it)" if report.verdict == "unsafe" else ""
    return f"{report.verdict}: {told}{hint}"
