"""The model server, with rules for the calls that are no questions: solving, rewriting, facts.

What is asked is told by the schema of the request. A question does not hold its answer: the server remembers what it
answered, by the words of the question, which name the request that it came from.
"""

from __future__ import annotations

import hashlib
import re

from tests.model_server import SPAN, ModelServer, answer_by_rule

LONG = {
    "en": "Seen from near to far, the echoes are even but for one place. There the outline and what lies behind it are "
    "looked at. Nothing else would look like this. ",
    "zh": "由近场到远场观察，除一处外回声均匀。再看该处的轮廓和后方回声。其他病变不会这样表现。",
}
TALK = {"en": "The user wants JSON, so I must not mention the caption. ", "zh": "用户要求输出JSON，不能提到图注。"}


class ThinkingServer(ModelServer):
    """`wrong` is the share of solutions, by number of the sample, that come to something else; `talks` puts talk about
    the task into every trace, which a rewrite takes out unless it is `stubborn`.
    """

    def __init__(self, *, wrong=(), talks=False, stubborn=False, **options):
        super().__init__(**options)
        self.wrong, self.talks, self.stubborn = frozenset(wrong), talks, stubborn
        self.asked: dict[str, list[dict]] = {}
        self._known: dict[str, dict] = {}

    def answer(self, body: dict, text: str) -> dict:
        fields = body["response_format"]["json_schema"]["schema"]["properties"]
        purpose = next((name for name in ("items", "facts", "answer") if name in fields), "rewrite")
        self.asked.setdefault(purpose, []).append(body)
        return getattr(self, f"_answer_{purpose}")(body, text)

    def _answer_items(self, body: dict, text: str) -> dict:
        answer = answer_by_rule(text)
        case = hashlib.sha256(text.encode()).hexdigest()[:8]
        for item in answer["items"]:
            for asked in (item, *item["turns"]):
                asked["question"] += f" (case {case})"
                self._known[asked["question"]] = {**item, "answer": asked["answer"], "options": item["options"]}
            if self.talks and item["thinking"]:
                item["thinking"] = TALK[read_language(text)] + item["thinking"]
        return answer

    def _answer_facts(self, body: dict, text: str) -> dict:
        facts = [
            {"kind": "finding", "text": words, "span_id": span, "quote": words, "visible": "yes"}
            for span, words in SPAN.findall(text)
        ]
        invented = {**facts[0], "quote": "words that stand nowhere at all", "text": "An invention."}
        return {"unusable_reason": None, "facts": [*facts, invented]}

    def _answer_answer(self, body: dict, text: str) -> dict:
        question = max((known for known in self._known if known in text), key=text.rfind, default=None)
        known = self._known.get(question or "", {"answer": "It is a cyst.", "answer_key": None, "form": "open"})
        language = read_language(text)
        is_wrong = body["seed"] in self.wrong
        answer, key = known["answer"], known["answer_key"]
        if is_wrong and known["form"] == "mcq":
            key = "A" if key != "A" else "B"
        elif is_wrong and known["form"] == "yesno":
            key, answer = ("no", "No, not so.") if key == "yes" else ("yes", "Yes, it is.")
        elif is_wrong:
            answer = "There is no cyst; it measures 99 mm." if language == "en" else "无囊肿，大小为99 mm。"
        thinking = (TALK[language] if self.talks else "") + LONG[language] + answer
        return {"thinking": thinking, "answer": answer, "answer_key": key}

    def _answer_rewrite(self, body: dict, text: str) -> dict:
        head = {"en": "Line of thought:\n\n", "zh": "思考：\n\n"}[read_language(text)]
        thinking = text.partition(head)[2]
        for talk in TALK.values():
            thinking = thinking if self.stubborn else thinking.replace(talk, "")
        return {"thinking": thinking}


def read_language(text: str) -> str:
    return "zh" if re.search(r"[\u4e00-\u9fff]", text) else "en"
