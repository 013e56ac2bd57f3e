"""What a person judges in a record, in one digest: a decision holds for this, and not for what it became since."""

from __future__ import annotations

import hashlib
import json

from remud_gen.records import Quadruplet

_DIGITS = 16  # 64 bits, and the record's id beside it


def digest_content(record: Quadruplet) -> str:
    """A digest of the pictures, the question with its options, the thinking, the answer and the later turns.

    Verdicts are no part of it: other filters do not make another record of it.
    """
    content = [
        [image.sha256 for image in record.images],
        record.question,
        [[option.key, option.text] for option in record.options],
        record.answer_key,
        record.thinking,
        record.answer,
        [[turn.question, turn.thinking, turn.answer] for turn in record.turns],
    ]
    return hashlib.sha256(json.dumps(content).encode("ascii")).hexdigest()[:_DIGITS]
