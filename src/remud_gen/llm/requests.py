"""Every request that the generate stage makes, built from prompt files, examples and one input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import get_args

from remud_gen.config import GenerateConfig
from remud_gen.examples import Example, choose_examples, load_examples
from remud_gen.llm.facts import Facts, ReplyFacts, render_facts
from remud_gen.llm.given import describe_question, settle_answer
from remud_gen.llm.mix import OWN_PROMPTS, render_mix
from remud_gen.llm.problems import Problem
from remud_gen.llm.reply import strict_schema
from remud_gen.llm.rewrite import ReplyTrace
from remud_gen.llm.solve import ReplySolution
from remud_gen.llm.spans import render_spans
from remud_gen.prompts import Prompt, load_prompt
from remud_gen.protocols import ModelRequest, WantedItem
from remud_gen.records import Evidence, GenerateInput, ImageTextPair, Language, Passage, QuestionItem

PROMPTS = ("vqa", "qa", "mcq", "dialogue", "bank", "facts", "solve", "rewrite", "reask")
EXAMPLES_HEAD: dict[Language, str] = {
    "en": "An example of the form, of another case:",
    "zh": "写法示例（出自别的病例）：",
}
HINT: dict[Language, str] = {"en": "Private note: the answer is: ", "zh": "私下附注：答案是："}


class RequestBuilder:
    """Builds requests; the same input and configuration give the same bytes on every machine."""

    def __init__(self, options: GenerateConfig, *, n_examples: int) -> None:
        self._options, self._n_examples = options, n_examples
        languages: tuple[Language, ...] = get_args(Language)
        self.prompts: dict[tuple[str, Language], Prompt] = {
            (name, language): load_prompt(name, language, options.prompts) for name in PROMPTS for language in languages
        }
        self.examples: dict[Language, tuple[Example, ...]] = {
            language: load_examples(language, options.prompts) if n_examples else () for language in languages
        }
        self._schemas = {
            "items": strict_schema(),
            "facts": strict_schema(ReplyFacts),
            "solve": strict_schema(ReplySolution),
            "rewrite": strict_schema(ReplyTrace),
        }

    def settings(self) -> Mapping[str, object]:
        """Hashes of all that is written into requests."""
        shown = {example.label: example.sha256 for examples in self.examples.values() for example in examples}
        return {"prompts": {prompt.label: prompt.sha256 for prompt in self.prompts.values()}, "examples": shown}

    def choose_language(self, item: GenerateInput) -> Language:
        """That of the source, unless one is set; a bank's words stay as they are."""
        is_set = self._options.language != "source" and not isinstance(item, QuestionItem)
        return self._options.language if is_set else item.language  # type: ignore[return-value]

    def find_reask(self, item: GenerateInput) -> Prompt:
        """The prompt that quotes an error."""
        return self.prompts["reask", self.choose_language(item)]

    def build_items(
        self,
        item: ImageTextPair | Passage,
        spans: Sequence[Evidence],
        wanted: Sequence[WantedItem],
        facts: Facts | None = None,
    ) -> tuple[ModelRequest, tuple[Example, ...]]:
        """A request for questions, and the examples that it shows."""
        purpose, language = self._choose_prompt(item, wanted), self.choose_language(item)
        shown = tuple(spans if facts is None else facts.narrow(spans))
        examples = choose_examples(
            self.examples[language], purpose, item.id, " ".join(span.text for span in spans), self._n_examples
        )
        values = {
            "count": len(wanted),
            "examples": "\n\n".join(f"{EXAMPLES_HEAD[language]}\n\n{one.parts[purpose]}" for one in examples),
            "facts": "" if facts is None else render_facts(facts.facts, language),
            "mix": render_mix(wanted),
            "spans": render_spans(shown),
        }
        return self._build(item, purpose, "items", values, spans=shown, wanted=wanted), examples

    def build_facts(self, item: ImageTextPair | Passage, spans: Sequence[Evidence]) -> ModelRequest:
        """A request for the facts of the spans; words alone, no image."""
        values = {"spans": render_spans(spans)}
        return self._build(item, "facts", "facts", values, spans=spans, is_visual=False)

    def build_bank(self, item: QuestionItem) -> ModelRequest:
        """A request for the thinking that leads to a bank's answer."""
        values = {
            "question": describe_question(item),
            "answer": settle_answer(item),
            "spans": render_spans(item.evidence),
        }
        return self._build(item, "bank", "items", values, spans=item.evidence)

    def build_solve(self, problem: Problem, number: int, *, is_hinted: bool) -> ModelRequest:
        """The `number`-th request to solve a question: image and question, and the answer where it is hinted."""
        hint = f"\n{HINT[problem.language]}{problem.answer}" if is_hinted else ""
        values = {"hint": hint, "question": problem.describe()}
        return self._build(problem.item, "solve", "solve", values, language=problem.language, seed_offset=number)

    def build_rewrite(self, problem: Problem, thinking: str) -> ModelRequest:
        """A request for the same trace without talk about the task; words alone, no image."""
        values = {"answer": problem.answer, "question": problem.describe(), "thinking": thinking}
        return self._build(problem.item, "rewrite", "rewrite", values, language=problem.language, is_visual=False)

    def _choose_prompt(self, item: ImageTextPair | Passage, wanted: Sequence[WantedItem]) -> str:
        forms = {line.form for line in wanted}
        if self._options.separate_forms and len(forms) == 1 and forms <= OWN_PROMPTS:
            return forms.pop()
        return "vqa" if isinstance(item, ImageTextPair) else "qa"

    def _build(
        self,
        item: GenerateInput,
        purpose: str,
        schema: str,
        values: Mapping[str, object],
        *,
        spans: Sequence[Evidence] = (),
        wanted: Sequence[WantedItem] = (),
        language: Language | None = None,
        is_visual: bool = True,
        seed_offset: int = 0,
    ) -> ModelRequest:
        language = language or self.choose_language(item)
        prompt = self.prompts[purpose, language]
        image = item.image if is_visual and not isinstance(item, Passage) else None
        options = self._options
        params: dict[str, object] = {
            "temperature": options.temperature,
            "max_output_tokens": options.max_output_tokens,
            "seed": options.seed + seed_offset,
        }
        if image is not None:
            params["max_image_side_px"] = options.max_image_side_px
        return ModelRequest(
            purpose=purpose,
            prompt=prompt.label,
            prompt_sha256=prompt.sha256,
            system=prompt.system,
            user=prompt.render(values).strip(),
            images=(image,) if image is not None else (),
            spans=tuple(spans),
            schema=self._schemas[schema],
            language=language,
            params=params,
            wanted=tuple(wanted),
            payload=item,
        )
