"""Reward of verl for multiple-choice questions: the letter of the right option, and the form of the reply.

Given to verl as custom_reward_function.path; nothing but Python is needed.
"""

from __future__ import annotations

import re
from typing import Any

FORMAT_WEIGHT = 0.1
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


def compute_score(
    data_source: str, solution_str: str, ground_truth: str, extra_info: Any = None, **_: Any
) -> dict[str, float]:
    """Score one reply from 0 to 1; `acc` and `format` are logged beside."""
    right = float(find_letter(solution_str) == ground_truth.strip().upper())
    form = float(_FORM.fullmatch(solution_str) is not None)
    return {"score": (1 - FORMAT_WEIGHT) * right + FORMAT_WEIGHT * form, "acc": right, "format": form}
