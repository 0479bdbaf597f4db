"""Reads the stored vocabularies; run as a script, makes them again from the interpreters given."""

from __future__ import annotations

import json
import sys
from functools import lru_cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "fixtures" / "vocabularies"
KEPT = ("keras", "names", "aliases", "defaults", "modes", "layers", "routes")


@lru_cache
def vocabulary(version: str = "3.15"):
    """The vocabulary of that Keras."""
    from harness.architectures.vocabulary import Vocabulary

    return Vocabulary.from_report(json.loads((FOLDER / f"keras-{version}.json").read_text()))


def main() -> None:
    from harness.dispatch.pool import Pool

    for interpreter in sys.argv[1:]:
        with Pool(interpreter, size=1) as pool:
            about = pool.start()
        version = ".".join(about["keras"].split(".")[:2])
        kept = {key: about[key] for key in KEPT}
        (FOLDER / f"keras-{version}.json").write_text(json.dumps(kept, indent=0, sort_keys=True) + "\n")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    main()
