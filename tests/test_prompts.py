import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remud_gen.config import GenerateConfig, find_shipped
from remud_gen.errors import ConfigError
from remud_gen.llm.facts import ReplyFact, ReplyFacts
from remud_gen.llm.mix import choose_mix, split_by_form
from remud_gen.llm.reply import (
    PairCheck,
    ReplyClaim,
    ReplyItem,
    ReplyItems,
    ReplyOption,
    ReplyQuote,
    ReplyTurn,
    strict_schema,
)
from remud_gen.llm.requests import RequestBuilder
from remud_gen.llm.rewrite import ReplyTrace
from remud_gen.llm.solve import ReplySolution
from remud_gen.llm.spans import build_spans
from remud_gen.prompts import load_prompt, parse_prompt
from tests.llm.samples import make_pair

SHIPPED = sorted(find_shipped("prompts").glob("*.md"))
GOOD = "---\nname: vqa\nversion: 3\nlanguage: en\nvariables: [spans]\n---\n# System\n\nBe exact.\n\n# User\n\n$spans\n"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_shipped_prompt_is_sound_and_named_after_its_head(path):
    prompt = parse_prompt(path.read_text("utf-8"), path.name)
    assert path.name == f"{prompt.head.name}.{prompt.head.language}.md"


def test_every_prompt_exists_in_both_languages():
    names = {path.name.split(".")[0] for path in SHIPPED}
    assert {path.name for path in SHIPPED} == {f"{name}.{language}.md" for name in names for language in ("zh", "en")}
    assert {"vqa", "qa", "mcq", "dialogue", "bank", "facts", "solve", "rewrite", "blind", "judge", "reask"} <= names


def test_languages_of_a_prompt_agree_on_variables():
    for name in {path.name.split(".")[0] for path in SHIPPED}:
        assert load_prompt(name, "zh").head.variables == load_prompt(name, "en").head.variables


REPLIES = {
    "vqa": (ReplyItem, ReplyItems, ReplyClaim, ReplyQuote, ReplyOption, ReplyTurn),
    "qa": (ReplyItem, ReplyItems, ReplyClaim, ReplyQuote, ReplyOption),
    "mcq": (ReplyItem, ReplyItems, ReplyClaim, ReplyQuote, ReplyOption),
    "dialogue": (ReplyItem, ReplyItems, ReplyClaim, ReplyQuote, ReplyTurn),
    "facts": (ReplyFacts, ReplyFact),
    "solve": (ReplySolution,),
    "rewrite": (ReplyTrace,),
}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", REPLIES)
def test_form_of_the_reply_names_the_fields_that_are_read_and_no_others(name, language):
    """A model without a strict schema knows the form from the prompt alone."""
    form = max(re.findall(r"`(\{.*\})`", load_prompt(name, language).system), key=len)
    named = set(re.findall(r'"([a-z_]+)"', form)) - {"c1", "mcq", "dialogue"}
    read = {field for model in REPLIES[name] for field in model.model_fields} | set(PairCheck.model_fields)
    own = {"consistent", "reason"} if '"consistent"' in form else set()
    assert named == (read - set(PairCheck.model_fields)) | own
    schema = strict_schema(REPLIES[name][1 if name in ("vqa", "qa", "mcq", "dialogue") else 0])
    assert "answer" not in schema["properties"] or list(schema["properties"]).index("thinking") == 0


def test_system_parts_are_the_same_bytes_whatever_is_asked():
    builder = RequestBuilder(GenerateConfig(separate_forms=True), n_examples=1)
    seen = {}
    for number in range(40):
        pair = make_pair(number)
        for lines in split_by_form(choose_mix(pair.id, build_spans(pair), GenerateConfig(), is_visual=True)):
            request, _ = builder.build_items(pair, build_spans(pair), lines)
            assert seen.setdefault(request.prompt, request.system) == request.system
    assert set(seen) == {"vqa.en@2", "mcq.en@1", "dialogue.en@1"}


@given(st.text(max_size=80))
def test_values_are_inserted_as_they_are(value):
    assert parse_prompt(GOOD, "x").render({"spans": value}) == value


def test_edit_changes_the_hash_and_line_ends_do_not(tmp_path):
    original = parse_prompt(GOOD, "x").sha256
    assert parse_prompt(GOOD.replace("exact", "brief"), "x").sha256 != original
    (tmp_path / "vqa.en.md").write_bytes(GOOD.replace("\n", "\r\n").encode())
    assert load_prompt("vqa", "en", tmp_path).sha256 == original


def test_own_file_replaces_the_shipped_one_by_name(tmp_path):
    (tmp_path / "vqa.en.md").write_text(GOOD, "utf-8")
    assert load_prompt("vqa", "en", tmp_path).system == "Be exact."
    assert load_prompt("vqa", "zh", tmp_path).sha256 == load_prompt("vqa", "zh").sha256


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("just words", "YAML head"),
        (GOOD.replace("version: 3\n", ""), "version"),
        (GOOD.replace("name: vqa", "name: [vqa"), "not valid YAML"),
        (GOOD.replace("Be exact", "Be $exact"), "unknown $exact"),
        (GOOD.replace("$spans", "nothing"), "missing $spans"),
        (GOOD.replace("$spans", "$spans costs 5 $"), "stray $"),
        (GOOD.replace("language: en", "language: fr"), "language"),
    ],
)
def test_faulty_prompt_names_file_and_fault(text, told):
    with pytest.raises(ConfigError) as caught:
        parse_prompt(text, "mine.en.md")
    assert "mine.en.md" in caught.value.message
    assert told in caught.value.message


def test_missing_and_unknown_values_are_errors():
    prompt = parse_prompt(GOOD, "x")
    with pytest.raises(ConfigError, match=r"missing \$spans"):
        prompt.render({})
    with pytest.raises(ConfigError, match=r"unknown \$mix"):
        prompt.render({"spans": "", "mix": ""})


def test_missing_folder_and_unknown_prompt_are_named(tmp_path):
    with pytest.raises(ConfigError, match="is not a folder"):
        load_prompt("vqa", "en", tmp_path / "gone")
    with pytest.raises(ConfigError, match=r"riddle\.en\.md"):
        load_prompt("riddle", "en")


@pytest.mark.parametrize("name", ["vqa.cn.md", "vqa.md", "VQA.zh.md", "vqa.zh.txt"])
def test_file_that_replaces_no_prompt_is_named_with_the_names_that_do(tmp_path, name):
    (tmp_path / "README.md").write_text("ours", "utf-8")
    assert load_prompt("vqa", "en", tmp_path).head.name == "vqa"
    (tmp_path / name).write_text(GOOD, "utf-8")
    with pytest.raises(ConfigError, match=name) as caught:
        load_prompt("vqa", "en", tmp_path)
    assert "vqa.zh.md" in caught.value.hint
