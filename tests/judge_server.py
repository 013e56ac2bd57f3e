"""A server that writes questions like `ModelServer` and judges them: truthfully, from what it wrote itself, or as told.

It remembers what it wrote of which picture, and so it knows an answer, an option or a caption that was changed since.
`rules` replaces what it says to a prompt (blind, options_only, reanswer, conclude, same, mismatch, judge) by a
function of the question asked; `is_sloppy` makes a judge of it that passes everything.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from remud_gen.llm.judging.replies import GATES
from remud_gen.prompts import load_prompt
from tests.model_server import ModelServer

NAMES = ("blind", "options_only", "reanswer", "conclude", "same", "mismatch", "judge")
PROMPTS = {(name, lang): load_prompt(name, lang).system[:400] for name in NAMES for lang in ("en", "zh")}
PART = re.compile(r"^(Question|Thinking|Answer|Source spans|First answer|Second answer):\n\n", re.MULTILINE)
PART_ZH = re.compile(r"^(题目|思考|答案|原文片段|回答一|回答二)：\n\n", re.MULTILINE)
NAMES_ZH = {"题目": "Question", "思考": "Thinking", "答案": "Answer", "原文片段": "Source spans"}
NAMES_ZH |= {"回答一": "First answer", "回答二": "Second answer"}
CANNOT = {"can_tell": False, "answer": None, "answer_key": None}


@dataclass
class Asked:
    """One question of a probe, taken apart."""

    prompt: str
    text: str
    image: str | None  # digest of the picture that was sent
    item: dict | None  # what this server wrote about that picture under the same question
    parts: dict[str, str] = field(default_factory=dict)

    @property
    def options(self) -> dict[str, str]:
        return dict(re.findall(r"^([A-E])\. (.+)$", self.parts.get("Question", self.text), re.MULTILINE))

    def answer_truly(self) -> dict:
        """What was written of the picture, by the letters of now; no answer where that is not among the options."""
        assert self.item is not None
        key, answer = self.item["answer_key"], self.item["answer"]
        if self.options:
            right = {option["text"] for option in self.item["options"] if option["key"] == key}
            key = next((letter for letter, text in self.options.items() if text in right), None)
        return {"can_tell": True, "answer": answer, "answer_key": key} if key or not self.options else CANNOT


Rule = Callable[[Asked], dict]


class JudgeServer(ModelServer):
    def __init__(self, *, rules: dict[str, Rule] | None = None, is_sloppy: bool = False, **options):
        super().__init__(models=options.pop("models", ("tiny", "judge-7b")), **options)
        sloppy: dict[str, Rule] = {"judge": pass_all, "mismatch": lambda asked: fits()} if is_sloppy else {}
        self.rules = {**TRUTHFUL, **sloppy, **(rules or {})}
        self.asked: list[Asked] = []
        self.judged_bodies: list[dict] = []
        self._written: dict[tuple[str | None, str], dict] = {}
        self.words: dict[str, str] = {}  # picture -> the spans it was shown with

    def answer(self, body: dict, text: str) -> dict:
        system = body["messages"][0]["content"]
        named = [name for (name, _), start in PROMPTS.items() if system.startswith(start)]
        image = find_image(body)
        if not named:
            reply = super().answer(body, text)
            self._remember(reply, image, text)
            return reply
        self.judged_bodies.append(body)
        asked = self._take_apart(named[0], text, image)
        self.asked.append(asked)
        return self.rules[asked.prompt](asked)

    def count(self, prompt: str) -> int:
        return sum(asked.prompt == prompt for asked in self.asked)

    def _remember(self, reply: dict, image: str | None, text: str) -> None:
        for item in reply.get("items", []):
            self._written[image, item["question"]] = item
        if image is not None:
            self.words[image] = text

    def _take_apart(self, name: str, text: str, image: str | None) -> Asked:
        text = text.split("\n---\n")[0]
        pieces = (PART if PART.search(text) else PART_ZH).split(text)
        parts = {NAMES_ZH.get(key, key): value.strip() for key, value in zip(pieces[1::2], pieces[2::2], strict=True)}
        question = parts.get("Question", text).splitlines()[0]
        item = self._written.get((image, question)) if image is not None else None
        asked = Asked(name, text, image, item, parts)
        asked.parts["Words"] = self.words.get(image or "", "")
        return asked


def find_image(body: dict) -> str | None:
    content = body["messages"][-1]["content"]
    for piece in content if isinstance(content, list) else []:
        if piece["type"] == "image_url":
            return hashlib.sha256(piece["image_url"]["url"].encode()).hexdigest()
    return None


def reanswer(asked: Asked) -> dict:
    return {"seen": "an anechoic area", **(asked.answer_truly() if asked.item else CANNOT)}


def is_same(asked: Asked) -> dict:
    return {"reason": "compared", "same": asked.parts["First answer"] == asked.parts["Second answer"]}


def fits() -> dict:
    return {"agree": [], "contradict": [], "verdict": "fits"}


def mismatch(asked: Asked) -> dict:
    first = asked.text.splitlines()[0]
    if first in asked.parts["Words"]:
        return fits()
    return {"agree": [], "contradict": [{"quote": first[:40], "seen": "another organ"}], "verdict": "contradicts"}


def pass_all(asked: Asked) -> dict:
    return make_judgement(asked)


def make_judgement(asked: Asked, scores: tuple[int, int] | None = (4, 4), **failed: tuple[str, str, str]) -> dict:
    """All gates passed but those named: gate -> (verdict, where, quote)."""
    question = asked.parts["Question"].splitlines()[0]
    gates = [
        {"name": name, "where": where, "quote": quote, "reason": "told by the test", "verdict": verdict}
        for name in GATES
        for verdict, where, quote in [failed.get(name, ("pass", "question", question))]
    ]
    usefulness, depth = scores or (None, None)
    return {"gates": gates, "scores": {"usefulness": usefulness, "depth": depth}}


def judge(asked: Asked) -> dict:
    """Fails what says another thing than was written of this picture, or rests on words it was not shown with."""
    answer, spans = asked.parts["Answer"].splitlines()[0], asked.parts["Source spans"].splitlines()
    if asked.item is None:  # about a passage: told by its words alone
        body = re.sub(r"^(?:Yes|No|是|否|[A-E]\.)[,，]?\s*", "", answer)
        is_true = any(body.rstrip("。.") in span for span in spans)
    else:
        true = asked.answer_truly()
        lead = {"mcq": f"{true['answer_key']}.", "yesno": ""}.get(asked.item["form"], "")
        is_true = answer.startswith(lead) if lead else answer == true["answer"]
        is_true = is_true and all(span in asked.parts["Words"] for span in spans)
    if is_true:
        return make_judgement(asked)
    return make_judgement(asked, None, supported=("fail", "answer", answer))


TRUTHFUL: dict[str, Rule] = {
    "blind": lambda asked: {"reason": "it depends on what is to be seen", "basis": None, **CANNOT},
    "options_only": lambda asked: {"reason": "any of them", "can_tell": False, "answer_key": None},
    "reanswer": reanswer,
    "conclude": lambda asked: {"reason": "it breaks off", **CANNOT},
    "same": is_same,
    "mismatch": mismatch,
    "judge": judge,
}
