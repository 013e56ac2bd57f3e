"""Evaluation sets of every form: what they hold is found, what they do not hold is left alone."""

from __future__ import annotations

import io
import json

import pytest
from PIL import Image, ImageFilter

from remud_gen.config import Config
from remud_gen.errors import ConfigError, InputError
from remud_gen.filters.evaluation_files import digest_files, read_items
from remud_gen.rules.images import hash_perceptually
from remud_gen.stages.corpus import CorpusFilterStage
from tests.filters.quadruplets import IMAGE, chinese, choice, english, options

LONG = (
    "A 45 year old woman has had pain under the right ribs since yesterday evening, worse after meals; what "
    "abnormality of the gallbladder wall is visible on this ultrasound image?"
)
LONG_ZH = "患者女性,45岁,右上腹疼痛一天,进食油腻食物后加重,请问这幅超声图像中胆囊壁有什么异常表现?"
SHORT = "Which sign of acute cholecystitis is seen here?"


def find(files, *records, **values):
    config = Config.model_validate(
        {"filter": {"decontaminate": [str(file) for file in files], "options": {"contamination": values}}}
    )
    stage = CorpusFilterStage(config)
    stage.check()
    return {
        row.id: [(v.code, v.field, v.evidence) for v in row.verdicts if v.code.startswith("CONTAM")]
        for row in stage.process_all(iter(records))
        if any(v.code.startswith("CONTAM") for v in row.verdicts)
    }


def write_jsonl(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def test_long_questions_are_found_by_a_run_of_words_in_both_languages(tmp_path) -> None:
    file = write_jsonl(tmp_path / "eval.jsonl", [{"question": LONG}, {"question": LONG_ZH}])
    quoted = "She came back. " + LONG.split(";")[0].upper() + " - how is the wall?"
    found = find(
        [file],
        english(id="same", question=LONG),
        english(id="part", question=quoted),
        chinese(id="zh", question="请看图:" + LONG_ZH[3:30] + ",结论是什么?"),
        english(
            id="free", question="A 45 year old woman has had pain; what abnormality of the gallbladder wall is seen?"
        ),
        chinese(id="zh-free", question="患者女性,45岁,右上腹疼痛,这幅图像中胆囊壁有什么异常?"),
    )
    assert set(found) == {"same", "part", "zh"}
    assert found["same"][0][:2] == ("CONTAM_TEXT", "question")
    assert found["zh"][0][2].startswith("eval.jsonl row 2: ")


def test_short_questions_are_found_equal_or_nearly_equal_only(tmp_path) -> None:
    file = tmp_path / "questions.txt"
    file.write_text(f"1. {SHORT}\n\n2、胆囊壁增厚的原因有哪些?\n", "utf-8")
    found = find(
        [file],
        english(id="same", question=SHORT.upper().replace("?", " ?")),
        english(id="near", question=SHORT.replace("is seen", "is shown")),
        english(id="other", question=SHORT.replace("cholecystitis", "pancreatitis")),
        english(id="opposite", question=SHORT.replace("acute", "chronic")),
        chinese(id="zh", question="胆囊壁增厚的原因有哪些"),
        chinese(id="zh-other", question="胆囊结石的声像图特征有哪些?"),
    )
    assert set(found) == {"same", "near", "zh"}
    assert found["zh"] == [("CONTAM_TEXT", "question", "questions.txt line 3: 胆囊壁增厚的原因有哪些?")]
    excused = find([file], english(id="same", question=SHORT), compares_short_of_pictures=False)
    text_only = find([file], english(id="same", question=SHORT, images=(), kind="qa"), compares_short_of_pictures=False)
    assert (set(excused), set(text_only)) == (set(), {"same"})


def test_questions_of_later_turns_and_with_options_are_compared_too(tmp_path) -> None:
    from remud_gen.records import Turn

    file = write_jsonl(
        tmp_path / "mcq.jsonl",
        [
            {"question": "Which is it? A. Inflammation of the wall B. Perforation C. Stones D. Torsion"},
            {"query": SHORT},
        ],
    )
    found = find(
        [file],
        english(id="turn", question="And what is this then?", turns=(Turn(question=SHORT, answer="x"),)),
        choice(id="mcq", question="Which is it?", options=options("Inflammation of the wall", "b", "c", "d")),
    )
    assert found["turn"][0][1] == "turns.0.question"
    assert "mcq" in found


@pytest.mark.parametrize("form", ["json", "csv", "tsv", "sharegpt", "openai", "nested", "parquet"])
def test_every_form_of_file_gives_its_questions(tmp_path, form: str) -> None:
    rows = [{"id": 1, "question": SHORT, "answer": "A wall of 7 mm, with oedema and fluid"}]
    if form == "json":
        file = tmp_path / "e.json"
        file.write_text(json.dumps({"data": rows}), "utf-8")
    elif form in ("csv", "tsv"):
        file = tmp_path / f"e.{form}"
        mark = "," if form == "csv" else "\t"
        file.write_bytes(f"\ufeffid{mark}Question\n1{mark}{SHORT}\n".encode())
    elif form == "sharegpt":
        said = [{"from": "human", "value": f"<image>\n{SHORT}"}, {"from": "gpt", "value": "Fluid."}]
        file = write_jsonl(tmp_path / "e.jsonl", [{"conversations": said}])
    elif form == "openai":
        parts = [{"type": "image_url"}, {"type": "text", "text": SHORT}]
        said = [{"role": "system", "content": "You help."}, {"role": "user", "content": parts}]
        file = write_jsonl(tmp_path / "e.jsonl", [{"messages": said}])
    elif form == "nested":
        file = tmp_path / "e.json"
        file.write_text(json.dumps({"7": {"image": "a.png", "qa": rows}}), "utf-8")
    else:
        pyarrow = pytest.importorskip("pyarrow")
        from pyarrow import parquet

        picture = make_picture(3)
        data = io.BytesIO()
        picture.save(data, "PNG")
        file = tmp_path / "e.parquet"
        table = [{**rows[0], "image": {"bytes": data.getvalue(), "path": "a.png"}}]
        parquet.write_table(pyarrow.Table.from_pylist(table), file)
        assert hash_perceptually(picture) in {item.phash for item in read_items([file])}
    assert SHORT in {item.question for item in read_items([file])}
    assert set(find([file], english(id="q", question=SHORT))) == {"q"}


def test_a_kind_of_file_that_is_not_read_is_an_error(tmp_path) -> None:
    file = tmp_path / "exam.docx"
    file.write_text(SHORT, "utf-8")
    with pytest.raises(InputError, match=r"exam\.docx is of a kind that is not read") as caught:
        list(read_items([file]))
    assert ".txt" in caught.value.hint


def make_picture(seed: int) -> Image.Image:
    import numpy as np

    noise = np.random.default_rng(seed).integers(0, 256, (12, 16), dtype=np.uint8)
    return Image.fromarray(noise).resize((320, 240), Image.Resampling.BICUBIC)


def test_pictures_are_found_resized_blurred_and_recompressed_and_others_are_not(tmp_path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    make_picture(1).save(folder / "one.png")
    make_picture(1).resize((160, 120)).filter(ImageFilter.GaussianBlur(1)).save(folder / "small.jpg", quality=40)
    Image.new("L", (100, 100)).save(folder / "black.png")
    (folder / "notes.xyz").write_text("no picture", "utf-8")
    images = {
        name: (IMAGE.model_copy(update={"sha256": name, "phash": hash_perceptually(picture)}),)
        for name, picture in (("seen", make_picture(1)), ("new", make_picture(2)), ("flat", Image.new("L", (64, 64))))
    }
    found = find([folder], *(english(id=name, question=f"{name}?", images=one) for name, one in images.items()))
    assert found == {"seen": [("CONTAM_IMG", "images", "pictures/one.png, 0 bits apart")]}
    listed = write_jsonl(tmp_path / "hashes.jsonl", [{"phash": images["new"][0].phash}])
    assert set(find([listed], english(id="new", images=images["new"]))) == {"new"}


def test_what_the_files_hold_is_part_of_the_fingerprint_and_where_they_lie_is_not(tmp_path) -> None:
    def settings(file):
        return CorpusFilterStage(Config.model_validate({"filter": {"decontaminate": [str(file)]}})).settings()

    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = write_jsonl(tmp_path / "a" / "e.jsonl", [{"question": SHORT}])
    before = settings(first)
    assert settings(write_jsonl(tmp_path / "b" / "e.jsonl", [{"question": SHORT}])) == before
    assert settings(write_jsonl(first, [{"question": SHORT + "!"}])) != before
    assert str(tmp_path) not in json.dumps(before)
    assert digest_files([tmp_path / "gone.jsonl"]) == {"gone.jsonl": "absent"}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("e.jsonl", '{"question": "x"\n', "line 1 is no JSON"),
        ("e.json", '{"label": 1}', "holds no questions and no pictures"),
        ("e.csv", "label,text\n1,x\n", "holds no questions"),
        ("e.png", "no picture", "cannot be read"),
    ],
)
def test_files_that_cannot_be_used_are_named(tmp_path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(InputError, match=said):
        find([tmp_path / name], english())


def test_a_file_that_is_not_there_stops_before_any_work(tmp_path) -> None:
    config = Config.model_validate({"filter": {"decontaminate": [str(tmp_path / "gone.jsonl")]}})
    with pytest.raises(InputError, match="does not exist"):
        CorpusFilterStage(config).check()
    off = {"filter": {"decontaminate": ["x"], "options": {"contamination": None}}}
    with pytest.raises(ConfigError, match="is off"):
        CorpusFilterStage(Config.model_validate(off)).check()
