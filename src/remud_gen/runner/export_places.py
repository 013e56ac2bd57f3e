"""Where a run was exported to, as it remembers."""

from __future__ import annotations

import json
import os
from pathlib import Path

PLACES = "export.json"
OWN_PLACE = "export"


def read_places(run: Path) -> dict[str, dict[str, str | None]]:
    """Stamps by place and format; what cannot be read counts as never written."""
    try:
        places = json.loads((run / PLACES).read_bytes())["places"]
        return {str(key): {str(name): stamp for name, stamp in stamps.items()} for key, stamps in places.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def recover_exports(run: Path) -> None:
    """Put right what killed exports of this run left, wherever they were going."""
    places = [run / key for key in {OWN_PLACE, *read_places(run)}]  # an absolute path stays itself
    if any(os.path.exists(place) for place in places):  # noqa: PTH110 - a place that may not be looked at is passed over
        from remud_gen.runner.place import recover  # with all that writes exports

        for place in places:
            recover(place)
