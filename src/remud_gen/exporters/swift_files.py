"""What stands beside ms-swift's data: start scripts, and the reward of GRPO."""

from __future__ import annotations

# swift resolves relative picture paths against the working directory or ROOT_IMAGE_DIR, never against the data file.
_SCRIPT = """#!/bin/sh
# Trains on this folder. MODEL may be set in the environment; further arguments go to `swift sft`.
{boxes}here=$(cd "$(dirname "$0")" && pwd)
ROOT_IMAGE_DIR="$here" exec swift sft \\
    --model "${{MODEL:-Qwen/Qwen3-VL-8B-Instruct}}" \\
    --dataset "$here/train.jsonl"{more} \\
{validation}    --strict true \\
    --output_dir "$here/saves" \\
    "$@"
"""

_GRPO_SCRIPT = """#!/bin/sh
# Reinforcement learning on the multiple-choice questions. MODEL may be set in the environment; further arguments go to
# `swift rlhf`.
here=$(cd "$(dirname "$0")" && pwd)
ROOT_IMAGE_DIR="$here" exec swift rlhf --rlhf_type grpo \\
    --model "${MODEL:-Qwen/Qwen3-VL-8B-Instruct}" \\
    --dataset "$here/train_grpo.jsonl" \\
    --external_plugins "$here/reward_remud.py" \\
    --reward_funcs remud_choice format \\
    --system "Think first, within <think> and </think>, then give the letter of the right option within <answer> and \
</answer>." \\
    --num_generations 8 \\
    --max_completion_length 1024 \\
    --output_dir "$here/saves_grpo" \\
    "$@"
"""

REWARD = '''"""Reward of GRPO: 1 where the reply gives the letter of the right option within <answer>, else 0."""

import re

from swift.rewards import ORM, orms

_ANSWER = re.compile(r"<answer>(.*?)</answer>", re.DOTALL)
_LETTER = re.compile(r"[(（]?\\s*([A-Za-z])(?![A-Za-z])")


def find_letter(reply):
    """The letter that the last answer of a reply begins with; "" where there is none."""
    answers = _ANSWER.findall(reply)
    found = _LETTER.match(answers[-1].strip()) if answers else None
    return found.group(1).upper() if found else ""


class ChoiceReward(ORM):
    """Compares letters."""

    def __call__(self, completions, solution, **kwargs):
        return [
            float(find_letter(completion) == find_letter(right) != "")
            for completion, right in zip(completions, solution)
        ]


orms["remud_choice"] = ChoiceReward
'''


# Boxes are in pixels: swift scales them to what the model expects, and writes them as the JSON that the rows ask for.
_BOXES = """# GROUNDING=1 trains on the boxes of printed words, too.
export QWENVL_BBOX_FORMAT="${QWENVL_BBOX_FORMAT:-new}"
"""
_MORE = ' ${GROUNDING:+"$here/train_grounding.jsonl"}'


def render_script(*, has_validation: bool, has_boxes: bool) -> str:
    """The start script of supervised training."""
    validation = '    --val_dataset "$here/validation.jsonl" \\\n' if has_validation else ""
    boxes, more = (_BOXES, _MORE) if has_boxes else ("", "")
    return _SCRIPT.format(validation=validation, boxes=boxes, more=more)


def render_grpo_script() -> str:
    """The start script of reinforcement learning."""
    return _GRPO_SCRIPT
