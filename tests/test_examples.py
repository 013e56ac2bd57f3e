"""Examples that are shown with requests: sound, rotating, never of the organ in question, good by our own filters."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from remud_gen.config import Config, find_shipped
from remud_gen.errors import ConfigError
from remud_gen.examples import choose_examples, load_examples, parse_example
from remud_gen.llm.build import Origin, Thought, build_quadruplet
from remud_gen.llm.reply import ReplyItem
from remud_gen.records import Evidence, Generation
from remud_gen.rules.regions import find_regions
from remud_gen.rules.terms import list_terms
from remud_gen.stages.filter import build_filters, judge
from tests.llm.samples import make_pair, make_passage

FILES = sorted((find_shipped("prompts") / "examples").glob("*.md"))
PURPOSES = ("vqa", "qa", "mcq", "dialogue")
SPAN = re.compile(r"^  \[(\w+)\] (.+)$", re.MULTILINE)
KINDS = {"cap": "caption", "title": "title", "ocr1": "burned_in", "ctx1": "body"}
GENERATION = Generation(client="c", model="m", prompt="p", prompt_sha256="", request_sha256="", thinking_source="field")
GOOD = "---\nname: liver\nversion: 1\nlanguage: en\norgan: liver\n---\n# vqa\n\n  [cap] A liver.\n"


def read_parts():
    return [
        (path.name, *part) for path in FILES for part in parse_example(path.read_text("utf-8"), path.name).parts.items()
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_file_is_named_after_its_head_and_its_organ_is_known(path):
    example = parse_example(path.read_text("utf-8"), path.name)
    assert path.name == f"{example.head.name}.{example.head.language}.md"
    assert set(example.parts) == set(PURPOSES)
    assert example.regions


def test_every_example_exists_in_both_languages():
    assert {path.name.split(".")[0] for path in FILES if ".zh." in path.name} == {
        path.name.split(".")[0] for path in FILES if ".en." in path.name
    }


@pytest.mark.parametrize(("name", "purpose", "text"), read_parts(), ids=lambda value: value if len(value) < 20 else "")
def test_what_an_example_calls_good_passes_our_own_filters(name, purpose, text):
    """And what it shows is what a model must return: it is read by the same schema."""
    language = name.split(".")[1]
    found = re.search(r"^  (\{.*\})$", text, re.MULTILINE)
    item = ReplyItem.model_validate(json.loads(found[1]))
    spans = tuple(
        Evidence(id=span, kind=KINDS[span], text=words, origin="ocr" if span == "ocr1" else "layer", page_number=1)
        for span, words in SPAN.findall(text)
    )
    parent = make_passage(language=language) if purpose == "qa" else make_pair(language=language)
    thought = Thought((item.thinking, *(turn.thinking for turn in item.turns)), "field")
    record = build_quadruplet(Origin(parent, spans, language, GENERATION), 0, item, thought)
    assert record.form == (purpose if purpose in ("mcq", "dialogue") else record.form)
    judged = judge(record, build_filters(Config(), "record"))
    verdicts = [(v.code, v.field, v.evidence) for v in judged.verdicts if v.severity in ("reject", "review", "fix")]
    assert verdicts == []


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("purpose", PURPOSES)
def test_no_example_is_of_a_region_that_the_input_speaks_of(language, purpose):
    examples = load_examples(language)
    organs = [term for term in list_terms("anatomy") if term.forms(language)]
    assert len(organs) > 150
    for term in organs:
        words = term.forms(language)[0]
        for example in choose_examples(examples, purpose, f"pair-{words}", words, 3):
            assert not find_regions(words, language) & find_regions(example.head.organ, language)
            assert words.lower() not in example.head.organ.lower()


def test_examples_rotate_with_the_input_and_are_the_same_every_time():
    examples = load_examples("en")
    words = "Longitudinal view of the liver with a cyst."
    drawn = [choose_examples(examples, "vqa", f"pair{number}", words, 1)[0].head.name for number in range(300)]
    counts = Counter(drawn)
    assert set(counts) == {"thyroid", "achilles", "ovary"}
    assert min(counts.values()) > 70
    again = [choose_examples(examples[::-1], "vqa", f"pair{number}", words, 1)[0].head.name for number in range(300)]
    assert drawn == again


def test_words_of_both_languages_keep_an_example_away():
    examples = load_examples("en")
    names = {example.head.name for example in choose_examples(examples, "vqa", "x", "甲状腺与跟腱", 9)}
    assert names == {"gallbladder", "ovary"}


def test_own_folder_of_examples_replaces_the_shipped_ones(tmp_path):
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "liver.en.md").write_text(GOOD, "utf-8")
    assert [example.label for example in load_examples("en", tmp_path)] == ["liver.en@1"]
    assert load_examples("zh", tmp_path) == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("# vqa\n", "YAML head"),
        (GOOD.replace("organ: liver\n", ""), "organ"),
        (GOOD.replace("  [cap]", "[cap]"), "indent"),
        (GOOD.partition("# vqa")[0], "no part"),
    ],
)
def test_faulty_example_names_file_and_fault(text, told):
    with pytest.raises(ConfigError, match=told) as caught:
        parse_example(text, "mine.en.md")
    assert "mine.en.md" in caught.value.message
