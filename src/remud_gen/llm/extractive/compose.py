"""Facts -> items: a question, its options, the fixed-form thinking, and an answer that says what the source says."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from remud_gen.llm.extractive.facts import Fact
from remud_gen.llm.extractive.pieces import clean
from remud_gen.llm.extractive.wording import ATTRIBUTES, LEADS, PLAIN_SEEN, VERDICT, WORDING, Wording
from remud_gen.llm.reply import ReplyClaim, ReplyItem, ReplyOption, ReplyQuote
from remud_gen.protocols import WantedItem
from remud_gen.records import Language, QuestionForm, QuestionType
from remud_gen.rules.late import compile_late
from remud_gen.rules.measurements import scale_quantity
from remud_gen.rules.terms import Swap, find_alternatives, find_kin, find_terms, swap_opposites

MIN_THINKING_CHARS: dict[Language, int] = {"en": 60, "zh": 30}
MAX_COPY_RATIO = 85  # thinking closer to the answer than this says nothing of its own
MAX_SUPPOSED_CHARS: dict[Language, int] = {"en": 220, "zh": 60}
KEYS = "ABCD"
SIDES = frozenset(("left", "right", "左", "右"))
FACTORS = (0.5, 0.7, 1.4, 1.8, 2.5, 3.0, 4.0)
NEGATION = compile_late(
    r"\b(?:no|not|without|absent|absence|never|neither|nor|non|lack|lacking|free of)\b|未|无(?!回声)|没有|"
    r"不(?!规则|均|清|完整|光滑|全|同|等|大|高)|非|缺如|消失",
    re.IGNORECASE,
)
QTYPES: dict[str, QuestionType] = {
    "label": "anatomy", "named": "anatomy", "structure": "anatomy", "plane": "plane", "mode": "modality",
    "route": "modality", "method": "modality", "size": "measurement", "printed": "measurement", "finding": "finding",
    "topic_finding": "finding", "diagnosis": "diagnosis",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Composer:
    """Makes items about one input; `seed` is the input's id, so that wordings vary and repeat on every machine."""

    seed: str
    language: Language
    facts: Sequence[Fact]
    source_text: str

    def forms(self, fact: Fact) -> set[QuestionForm]:
        """The forms a fact bears."""
        wording = WORDING[self.language].get(fact.asks)
        if wording is None:
            return set()
        found: set[QuestionForm] = {"open"} if wording.open else set()
        if wording.yesno and self.list_false(fact):
            found.add("yesno")
        if wording.mcq and len(self.list_options(fact)) >= 3:
            found.add("mcq")
        return found

    def compose(self, fact: Fact, form: QuestionForm, wanted: WantedItem) -> ReplyItem:
        """One item about a fact in a form the fact bears."""
        wording = WORDING[self.language][fact.asks]
        key, claimed = wanted.key, ""
        options: list[str] = []
        if form == "mcq":
            key, options = self._place_options(fact, wanted)
        elif form == "yesno":
            key = wanted.key if wanted.key in ("yes", "no") else ("yes", "no")[self._draw(fact, "verdict") % 2]
            claimed = self._suppose(fact, is_true=key == "yes")
        else:
            key = None
        words = self._fill_words(fact, claimed)
        question = _fill(self._pick(getattr(wording, form), fact, form), words)
        answer = self._answer(fact, wording, words, key if form == "yesno" else None)
        thinking = self._think(fact, wording, words, key if form == "yesno" else None)
        style = wanted.style if self._is_fit(thinking, answer) else "direct"
        return ReplyItem(
            qtype=QTYPES.get(fact.asks, "finding" if fact.asks == "marker" and fact.kind == "finding" else
                             "anatomy" if fact.asks == "marker" else "knowledge"),
            form=form, style=style, difficulty=2 if style == "reasoning" else 1, question=question,
            options=[ReplyOption(key=name, text=text) for name, text in zip(KEYS, options, strict=False)],
            claims=[_claim(fact)], thinking=thinking if style == "reasoning" else None, answer=answer, answer_key=key,
            needs_image_because=wording.needs or None,
        )  # fmt: skip

    def list_false(self, fact: Fact) -> list[str]:
        """Values that are surely wrong, near misses first: what a yes/no question may suppose."""
        stated = fact.sentence or fact.value
        if fact.asks in ("size", "printed"):
            return self._scale(fact)
        if fact.asks in ("finding", "topic_finding", "statement"):
            if NEGATION.search(stated) or len(stated) > MAX_SUPPOSED_CHARS[self.language]:
                return []
            swaps = self._list_swaps(stated, is_general=fact.asks == "statement")
            visible = [swap.text for swap in swaps if swap.old.lower() not in SIDES]
            return visible or [swap.text for swap in swaps]
        return self._list_kin(fact)

    def list_options(self, fact: Fact) -> list[str]:
        """Wrong options of the same kind and similar length, best first."""
        if fact.asks in ("finding", "topic_finding"):
            return self._vary(fact)
        wrong = self._scale(fact) if fact.asks in ("size", "printed") else self._list_kin(fact)
        right = _right_name(fact)
        near = [text for text in wrong if len(text) * 2 >= len(right) and len(text) <= 2 * len(right) + 4]
        return sorted(near, key=lambda text: abs(len(text) - len(right)))

    def _list_kin(self, fact: Fact) -> list[str]:
        right = _right_name(fact)
        wrong = list(fact.wrong)
        if not wrong and fact.term is not None and fact.asks not in ("structure", "named", "label"):
            wrong = [term.forms(self.language)[0] for term in find_kin(fact.term, self.language)]
        if fact.asks == "definition" and right.lower() in fact.value.lower():
            return []
        mentioned = {hit.term for hit in find_terms(self.source_text, self.language)}
        fresh: dict[str, str] = {}
        for text in wrong:
            hits = {hit.term for hit in find_terms(text, self.language)}
            is_contained = _is_part(text.lower(), right.lower()) or _is_part(right.lower(), text.lower())
            is_own = text in fact.wrong and fact.asks == "label"  # other labels of this picture mark other structures
            if not is_contained and (is_own or not hits & mentioned) and _is_same_case(text, right):
                fresh.setdefault(text.lower(), text)
        return list(fresh.values())

    def _scale(self, fact: Fact) -> list[str]:
        bare = fact.value
        known = re.sub(r"\s", "", self.source_text)
        start = self._draw(fact, "scale") % len(FACTORS)
        scaled = [scale_quantity(bare, factor) for factor in FACTORS[start:] + FACTORS[:start]]
        return [text for text in dict.fromkeys(scaled) if _differs(text, bare) and re.sub(r"\s", "", text) not in known]

    def _vary(self, fact: Fact) -> list[str]:
        """Three other descriptions: a row of alternatives, or two exchanges and both at once."""
        stated = fact.sentence or fact.value
        if NEGATION.search(stated) or len(stated) > MAX_SUPPOSED_CHARS[self.language]:
            return []
        rows = find_alternatives(stated, self.language)
        if rows:
            return rows[0]
        swaps = self._list_swaps(stated)
        for first in swaps:
            for second in self._list_swaps(first.text):
                if second.new.lower() != first.old.lower() and second.old.lower() != first.new.lower():
                    alone = [swap.text for swap in swaps if swap.old == second.old]
                    if alone:
                        return [first.text, alone[0], second.text]
        return []

    def _list_swaps(self, stated: str, *, is_general: bool = False) -> list[Swap]:
        """Exchanges that can be seen first; a side can often be told by a label only."""
        swaps = swap_opposites(stated, self.language, is_general=is_general)
        return sorted(swaps, key=lambda swap: swap.old.lower() in SIDES)

    def _place_options(self, fact: Fact, wanted: WantedItem) -> tuple[str, list[str]]:
        right = _right_name(fact) if fact.asks == "definition" else (fact.sentence or fact.value)
        wrong = self.list_options(fact)[:3]
        key = wanted.key if wanted.key in tuple(KEYS) else KEYS[self._draw(fact, "key") % 4]
        order = sorted(wrong, key=lambda text: hashlib.sha256(f"{self.seed}/{text}".encode()).digest())
        order.insert(KEYS.index(key), right)
        if fact.asks in ("finding", "topic_finding") and self.language == "en":
            order = [text[:1].upper() + text[1:] for text in order]
        return key, order

    def _suppose(self, fact: Fact, *, is_true: bool) -> str:
        if not is_true:
            false = self.list_false(fact)
            return false[self._draw(fact, "false") % min(len(false), 3)]
        return fact.sentence if fact.asks == "statement" else fact.value

    def _fill_words(self, fact: Fact, claimed: str) -> dict[str, str]:
        subject = name_subject(fact, self.language)
        is_plural = subject.endswith("s") and not subject.endswith("ss")
        return {
            "subject": subject, "value": fact.value, "claimed": claimed, "sentence": fact.sentence or fact.value,
            "a_value": with_article(fact.value), "a_claimed": with_article(claimed), "lead": self._lead(fact),
            "seen": self._describe(fact), "does": "do" if is_plural else "does", "Does": "Do" if is_plural else "Does",
            "indicate": "indicate" if is_plural else "indicates", "lead_the": "lead the" if is_plural else "leads the",
            "is": "are" if is_plural else "is",
        }  # fmt: skip

    def _answer(self, fact: Fact, wording: Wording, words: dict[str, str], verdict: str | None) -> str:
        is_whole = bool(fact.sentence) and fact.asks == "finding"
        plain = f"{fact.sentence}." if is_whole and self.language == "en" else _fill(wording.answer, words)
        if verdict is None:
            return plain
        if self.language == "zh":
            correct = "正确的说法是：" if fact.asks == "statement" and verdict == "no" else ""
            return {"yes": "是，", "no": "否，"}[verdict] + correct + plain
        if fact.sentence or plain[:1] == plain[:2].upper():
            return f"{verdict.capitalize()}. {plain}"
        return f"{verdict.capitalize()}, {plain[0].lower()}{plain[1:]}"

    def _think(self, fact: Fact, wording: Wording, words: dict[str, str], verdict: str | None) -> str:
        thinking = _fill(self._pick(wording.thinking, fact, "thinking"), words).strip()
        if fact.sentence and fact.asks == "finding":
            thinking = f"{words['lead']}{words['seen']}In words: {fact.sentence}."
        return thinking + VERDICT[self.language][verdict] if verdict else thinking

    def _is_fit(self, thinking: str, answer: str) -> bool:
        is_long_enough = len(thinking) >= MIN_THINKING_CHARS[self.language]
        return is_long_enough and fuzz.ratio(thinking.lower(), answer.lower()) < MAX_COPY_RATIO

    def _lead(self, fact: Fact) -> str:
        """What is known of technique, plane and region, without giving the answer away twice."""
        lead = ""
        for name, asks in (
            ("technique", ("route", "mode", "method")),
            ("plane", ("plane",)),
            ("structure", ("structure",)),
        ):
            found = next((other for other in self.facts if other.asks in asks), None)
            if found is not None and found.key != fact.key and fact.asks not in asks and fact.kind != "knowledge":
                lead += LEADS[name][self.language].format(value=found.value)
        return lead

    def _describe(self, fact: Fact) -> str:
        """The value taken apart by attribute; nothing is added to it."""
        shown = [fact.value] if fact.asks != "diagnosis" else [
            other.value for other in self.facts if other.asks in ("finding", "topic_finding")][:1]  # fmt: skip
        parts: dict[str, list[str]] = {}
        for text in shown:
            if NEGATION.search(text):
                return PLAIN_SEEN[self.language]
            for hit in find_terms(text, self.language, "anatomy", "finding"):
                name = "anatomy" if hit.term.kind == "anatomy" else hit.term.group
                words = parts.setdefault(name, [])
                word = text[hit.start : hit.end]
                if not any(word.lower() in known.lower() for known in words):
                    words.append(word)
        if not parts:
            return PLAIN_SEEN[self.language]
        joint, colon, end = (", ", ": ", ". ") if self.language == "en" else ("、", "：", "。")
        listed = [name for name in ATTRIBUTES if name in parts]
        return "".join(f"{ATTRIBUTES[name][self.language]}{colon}{joint.join(parts[name])}{end}" for name in listed)

    def _pick(self, templates: Sequence[str], fact: Fact, purpose: str) -> str:
        return templates[self._draw(fact, purpose) % len(templates)]

    def _draw(self, fact: Fact, purpose: str) -> int:
        digest = hashlib.sha256("\x1f".join([self.seed, purpose, *fact.key]).encode("utf-8", "replace")).digest()
        return int.from_bytes(digest[:4], "big")


def name_subject(fact: Fact, language: Language) -> str:
    """The subject as a sentence can hold it: `1` is a measurement, `+` a pair of calipers."""
    subject = fact.subject
    if fact.asks != "printed":
        return subject
    numbered = re.match(r"(?:[+×✕]\s?)?(\d{0,2})(?:\s|$)", subject)
    if numbered is None:
        return subject
    number = numbered.group(1)
    if language == "en":
        return f"measurement {number}" if number else "the caliper measurement"
    return f"第{number}项测量" if number else "游标测量"


def _right_name(fact: Fact) -> str:
    """What the right option says: the term defined, else the value."""
    return re.sub(r"^(?:the|an?)\s+", "", fact.subject) if fact.asks == "definition" else fact.value


def with_article(phrase: str) -> str:
    """`a`/`an` before a singular phrase that has no article of its own."""
    if not phrase or re.match(r"(?:the|an?)\s", phrase, re.IGNORECASE) or phrase.endswith("s"):
        return phrase
    return ("an " if phrase[0].lower() in "aeiou" else "a ") + phrase


def _claim(fact: Fact) -> ReplyClaim:
    first = fact.quotes[0].quote
    return ReplyClaim(
        id="c1", kind=fact.kind, text=clean(first) or first, support=fact.support,
        evidence=[ReplyQuote(span_id=quote.span_id, quote=quote.quote) for quote in fact.quotes],
    )  # fmt: skip


def _fill(template: str, words: dict[str, str]) -> str:
    """The template with its words; half-width Chinese marks of the templates become full-width."""
    filled = template.format(**words)
    if re.search("[\u4e00-\u9fff]", template):
        for half, full in ((",", "，"), ("?", "？"), (":", "：")):
            template = template.replace(half, full)
        filled = template.format(**words).replace("为约", "约").replace("是约", "约")
    return re.sub(r"([。.?？!！])\s*[。.]$", r"\1", filled)


def _is_part(short: str, long: str) -> bool:
    """All words (characters in Chinese) of one stand in the other in order: 颈动脉 may be a 颈内动脉."""
    rest = iter(long.split() if long.isascii() else long)
    return all(part in rest for part in (short.split() if short.isascii() else short))


def _differs(text: str, right: str) -> bool:
    """Every number is another one, and none is nought."""
    pairs = zip(re.findall(r"\d+(?:\.\d+)?", text), re.findall(r"\d+(?:\.\d+)?", right), strict=False)
    return all(
        wrong != true and float(wrong) > 0
        for wrong, true in pairs
        if not (wrong == true and true in "23" and f"m{true}" in right)
    )


def _is_same_case(text: str, right: str) -> bool:
    """Abbreviations stand beside abbreviations only."""
    return text.isupper() == right.isupper() if text.isascii() and right.isascii() else True
