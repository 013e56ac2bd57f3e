"""Write docs/reference/filters.md from the filters and probes themselves: every code, what it does and how well.

    python -m scripts.make_filter_reference [--check]

The figures are those of scripts/filtering/figures/*.json, which `bench_filters.py --figures` and its like write.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from remud_gen import registry
from remud_gen.llm.judging.probe import SHARED_CODES, SHARED_SEVERITIES
from scripts.bench_filters import FIGURES, WORDINGS
from scripts.filtering.examples import EXAMPLES
from scripts.filtering.wordings import read_wordings

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "filters.md"
MOST_CHARS = 80  # of an example
INTRODUCTION = """# Filters

<!-- Written by scripts/make_filter_reference.py; change that, or the filters, and run it again. -->

`remud filter` shows every record to every filter. Each finding is a verdict with a reason code, the field it was found
in and the words it rests on; all verdicts stay on disk with the record, in `RUN/filter/` and `RUN/corpus/`. The order
of filters changes no verdict. The gravest verdict decides:

| severity | what becomes of the record |
|---|---|
| reject | rejected: in no export |
| review | held back until a person has looked at it |
| fix | kept, with the field's text before and after the fix in the verdict |
| info | kept; the verdict is a note |

Every code can be given another severity, or be switched off, and every filter can be switched off as a whole:

```yaml
filter:
  options:
    question: {severities: {BLIND_LINT: info}}     # only a note
    leaks: {severities: {REF_ANNOTATION: off}}     # not looked for
    choices: {length_cue_factor: 2.5}              # a threshold, see below
    refusal: null                                  # the whole filter is off
```

**precision** is the share of right ones among the records that got a code, **recall** the share of records with the
defect that got it; behind each stands how many records it rests on. They were measured on labelled records that are not
part of this project, on {bad} faulty and {good} sound records in tests/filters/wordings, on labelled pictures and on
invented identifiers, {sound} sound records and pictures in all (`python scripts/bench_filters.py FOLDER`). The rules
were made with these in sight: expect less on yours. Of four sets of faulty records in other words, written to get past
the rules, 0.91, 0.90, 0.71 and 0.84 were caught before any rule was changed for them, and 14 of 209 sound ones, written
to be mistaken, were rejected. A dash: not measured there.
"""
PARTS = (
    ("filters", "record", "## One record at a time", ""),
    (
        "filters",
        "corpus",
        "## All records together",
        "These need the whole run; their verdicts are laid over its parts.",
    ),
    ("probes", "", "## By a model", "Probes ask a model about finished records, where `judge.probes` names them."),
)


def render() -> str:
    """The whole page."""
    bad = list(read_wordings(WORDINGS / "bad.tsv", is_faulty=True))
    good = list(read_wordings(WORDINGS / "good.tsv", is_faulty=False))
    sound, figures = read_figures(FIGURES.parent)
    examples = EXAMPLES.copy()
    for wording in bad:
        examples.setdefault(wording.code, wording.text)
    text = INTRODUCTION.replace("{bad}", str(len(bad))).replace("{good}", str(len(good))).replace("{sound}", str(sound))
    for kind, scope, heading, words in PARTS:
        text += "\n".join(["", heading, "", *([words, ""] if words else [])])
        for component in list_components(kind, scope):
            text += "\n".join(["", *render_component(component, kind, examples, figures), ""])
    shared = [render_row(code, SHARED_CODES[code], SHARED_SEVERITIES[code], examples, figures) for code in SHARED_CODES]
    return "\n".join([text, "### every probe", "", *HEAD, *shared, ""]).replace("\n\n\n", "\n\n")


HEAD = ("| code | what it catches | severity | example | precision | recall |", "|---|---|---|---|---|---|")


def list_components(kind: str, scope: str) -> Iterator[Any]:
    """The classes behind the names of one kind, in the order of their table."""
    for name in registry.table(kind):  # type: ignore[arg-type]
        component = registry.load(kind, name)  # type: ignore[arg-type]
        if not scope or component.scope == scope:
            yield component


def read_figures(folder: Path) -> tuple[int, dict[str, Mapping[str, int]]]:
    """How many sound records there were, and what each code found."""
    sound, figures = 0, {}
    for file in sorted(folder.glob("*.json")):
        read = json.loads(file.read_text("utf-8"))
        sound += read["sound"]
        figures.update(read["codes"])
    return sound, figures


def render_component(
    component: Any, kind: str, examples: Mapping[str, str], figures: Mapping[str, Mapping[str, int]]
) -> Iterator[str]:
    """A filter's or probe's section: what it asks, its codes, its options."""
    yield f"### {component.name}"
    yield ""
    yield from (line.strip() for line in inspect.cleandoc(component.__doc__ or "").split("\n"))
    yield ""
    yield from HEAD
    for code, sentence in component.codes.items():
        if kind == "filters" or code not in SHARED_CODES:
            yield render_row(code, sentence, component.severities[code], examples, figures)
    rows = list(list_options(getattr(component, "options_class", None)))
    if rows:
        yield ""
        yield f"`filter.options.{component.name}`:"
        yield ""
        yield "| option | default | |"
        yield "|---|---|---|"
        yield from (f"| `{name}` | `{default}` | {words} |" for name, default, words in rows)


def render_row(
    code: str, sentence: str, severity: str, examples: Mapping[str, str], figures: Mapping[str, Mapping[str, int]]
) -> str:
    """One code's row."""
    figure = figures.get(code)
    precision = recall = "–"
    if figure is not None:
        given = figure["found"] + figure["wrong"]
        precision = f"{figure['found'] / given:.2f} ({given})" if given else "–"
        recall = f"{figure['found'] / figure['wanted']:.2f} ({figure['wanted']})" if figure["wanted"] else "–"
    example = quote_example(examples[code]) if code in examples else "–"
    return f"| {code} | {escape(sentence)} | {severity} | {example} | {precision} | {recall} |"


def quote_example(text: str) -> str:
    """An example on one line, safe in a table."""
    if text.startswith("*"):  # described rather than quoted
        return escape(text[1:])
    line = " ".join(text.replace("||", "·").split()) or "(blank)"
    line = line if len(line) <= MOST_CHARS else line[: MOST_CHARS - 1] + "…"
    return "`" + line.replace("`", "'").replace("|", "\\|") + "`"


def escape(text: str) -> str:
    """Words that neither break a table nor are taken for markup."""
    return text.replace("|", "\\|").replace("<", "&lt;")


def list_options(options_class: type[Any] | None) -> Iterator[tuple[str, str, str]]:
    """(name, default, words) of a filter's own options; the words are the strings or comments behind the fields."""
    if options_class is None:
        return
    words = read_field_words(options_class)
    for name, field in options_class.model_fields.items():
        if name != "severities":
            default = json.dumps(field.get_default(call_default_factory=True), ensure_ascii=False, default=list)
            yield name, default, escape(words.get(name, ""))


def read_field_words(options_class: type[Any]) -> dict[str, str]:
    """The string below each field of a class, or the comment beside it."""
    source = inspect.cleandoc("\n" + inspect.getsource(options_class))
    lines, words, previous = source.split("\n"), {}, ""
    body: Sequence[ast.stmt] = ast.parse(source).body[0].body  # type: ignore[attr-defined]
    for statement in body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            previous = statement.target.id
            line = lines[statement.lineno - 1]
            if "# " in line:
                words[previous] = line.split("# ", 1)[1].strip()
        elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant) and previous:
            words[previous] = " ".join(str(statement.value.value).split())
            previous = ""
    return words


def main() -> None:
    """Write the page, or say that it is not current."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 where the page is not current")
    text = render()
    if not parser.parse_args().check:
        PAGE.write_text(text, "utf-8")
    elif PAGE.read_text("utf-8") != text:
        print(f"{PAGE} is not current: python -m scripts.make_filter_reference", file=sys.stderr)
        raise SystemExit(1)


if __name__ == "__main__":
    main()
