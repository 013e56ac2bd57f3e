"""Reward of EasyR1 for multiple-choice questions: the letter of the right option, and the form of the reply.

Given to EasyR1 as worker.reward.reward_function, for reward_type sequential as well as batch.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

REWARD_NAME = "remud_choice"
REWARD_TYPE = "sequential"
_FORM = re.compile(
    r"\s*<think>(?:(?!</?(?:think|answer)>).)*</think>\s*<answer>(?:(?!</?(?:think|answer)>).)*</answer>\s*", re.S
)
_ANSWER = re.compile(r"<answer>(.*?)</answer>", re.S)
_LETTER = re.compile(r"[(（【\[]?\s*([A-Za-z])(?![A-Za-z])")
_SEVERAL = re.compile(r"\W*(?:or|and|或|和|与|、|,|，|/)\W*[(（]?([A-Z])(?![A-Za-z])")


def find_letter(reply: str) -> str:
    """The one letter that the last answer of a reply begins with; "" where there is none, or there are several."""
    answers = _ANSWER.findall(reply)
    text = answers[-1].strip() if answers else reply.rpartition("</think>")[2].strip()
    found = _LETTER.match(text)
    if found is None or _SEVERAL.match(text, found.end()):
        return ""
    return found.group(1).upper()


def score_reply(reply: str, ground_truth: str, format_weight: float) -> dict[str, float]:
    """Score one reply from 0 to 1."""
    right = float(find_letter(reply) == ground_truth.strip().upper())
    form = float(_FORM.fullmatch(reply) is not None)
    return {"overall": (1 - format_weight) * right + format_weight * form, "format": form, "accuracy": right}


def compute_score(
    reward_input: Mapping[str, Any] | Sequence[Mapping[str, Any]], format_weight: float = 0.1
) -> dict[str, float] | list[dict[str, float]]:
    """The scores of one reply, or of a list of them."""
    if isinstance(reward_input, Mapping):
        return score_reply(reward_input["response"], reward_input["ground_truth"], format_weight)
    return [score_reply(each["response"], each["ground_truth"], format_weight) for each in reward_input]
