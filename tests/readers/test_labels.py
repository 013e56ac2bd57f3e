from __future__ import annotations

import csv
import json

import pytest

from remud_gen.errors import RecordError
from remud_gen.protocols import Companions
from remud_gen.readers import labels
from remud_gen.readers.labels import collect_words, find_companions
from remud_gen.readers.tables import judge_table, read_rows


class Shelf:
    """A folder of empty pictures with labels."""

    def __init__(self, root):
        self.root = root

    def add(self, *files):
        for file in files:
            (self.root / file).parent.mkdir(parents=True, exist_ok=True)
            (self.root / file).write_bytes(b"")

    def table(self, file, *rows, encoding="utf-8"):
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="", encoding=encoding) as stream:
            writer = csv.DictWriter(stream, rows[0], delimiter="\t" if file.endswith("tsv") else ",")
            writer.writeheader()
            writer.writerows(rows)
        return path

    def write(self, file, text, encoding="utf-8"):
        (self.root / file).parent.mkdir(parents=True, exist_ok=True)
        (self.root / file).write_bytes(text.encode(encoding))

    def words(self, *files):
        paths = [self.root / file for file in files]
        return collect_words([(path, find_companions(path, self.root)) for path in paths])

    def told(self, *files):
        return [(text.role, text.text, text.locator) for text in self.words(*files).texts]


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path / "shelf")


def test_a_row_gives_title_caption_and_note(shelf):
    shelf.add("img/1.png", "img/2.PNG")
    shelf.table("labels.csv",
        {"Image File": "img/1.png", "Diagnosis": "renal cyst", "Findings": "Anechoic lesion, 3.2 cm.", "BI-RADS": "3",
         "Impression": "Simple cyst.", "class": "0", "comment": "nan"},
        {"Image File": "IMG\\2.png", "Diagnosis": "", "Findings": "Normal kidney.", "BI-RADS": "", "Impression": "",
         "class": "1", "comment": "-"},
    )  # fmt: skip
    assert shelf.told("img/1.png") == [
        ("title", "renal cyst", "labels.csv row 2"),
        ("caption", "Anechoic lesion, 3.2 cm.", "labels.csv row 2"),
        ("caption", "BI-RADS: 3", "labels.csv row 2"),
        ("note", "Simple cyst.", "labels.csv row 2"),
    ]
    assert shelf.told("img/2.PNG") == [("caption", "Normal kidney.", "labels.csv row 3")]


def test_columns_about_the_patient_are_never_taken(shelf):
    shelf.add("1.png")
    shelf.table("a.csv", {"file": "1.png", "name": "Erika Muster", "patient_id": "4711", "birth date": "1930-01-02",
                          "姓名": "张三", "住院号": "0099123", "hospital": "St. Elsewhere", "doctor": "Quincy",
                          "report": "Liver enlarged. Patient name: Erika Muster. Spleen normal."})  # fmt: skip
    words = shelf.words("1.png")
    assert [text.text for text in words.texts] == ["Liver enlarged. Spleen normal."]
    assert words.flags == ("identifiers_removed",)
    index = labels._index(shelf.root / "a.csv")
    assert "4711" not in repr(index.__dict__)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_chinese_tables_in_any_encoding(shelf, encoding):
    shelf.add("图像/肾1.jpg")
    shelf.table("标签.csv", {"图像名称": "肾1.jpg", "诊断": "肾囊肿", "超声所见": "右肾上极见无回声区，大小约3.2cm。"},
                encoding=encoding)  # fmt: skip
    assert [text for _, text, _ in shelf.told("图像/肾1.jpg")] == ["肾囊肿", "右肾上极见无回声区，大小约3.2cm。"]


@pytest.mark.parametrize("kind", ["tsv", "list.json", "map.json", "named.json", "jsonl", "xlsx"])
def test_every_kind_of_table(shelf, kind):
    shelf.add("a/1.png")
    entry = {"file": "1.png", "caption": "Long axis of the liver."}
    if kind == "tsv":
        shelf.table("t.tsv", entry)
    elif kind == "list.json":
        shelf.write("t.json", json.dumps([entry]))
    elif kind == "map.json":
        shelf.write("t.json", json.dumps({"1.png": {"caption": entry["caption"]}, "2.png": {"caption": "x y"}}))
    elif kind == "named.json":
        shelf.write("t.json", json.dumps({"version": 2, "images": [entry]}))
    elif kind == "jsonl":
        shelf.write("t.jsonl", json.dumps(entry) + "\n")
    else:
        from openpyxl import Workbook

        book = Workbook()
        book.active.append(["file", "caption"])
        book.active.append(list(entry.values()))
        book.save(shelf.root / "t.xlsx")
    ((role, text, locator),) = shelf.told("a/1.png")
    assert (role, text) == ("caption", entry["caption"])
    assert locator.startswith("t.")


def test_the_right_row_or_none(shelf):
    shelf.add("a/1.png", "b/1.png", "b/2.png", "c/3.png", "c/3_mask.png")
    shelf.table("labels.csv", {"path": "b/1.png", "label": "cyst"}, {"path": "/data/old/2.png", "label": "stone"},
                {"path": "3", "label": "tumour"})  # fmt: skip
    assert shelf.told("a/1.png") == []  # the row names another file of that name
    assert [text for _, text, _ in shelf.told("b/1.png")] == ["cyst"]
    moved = shelf.words("b/2.png")
    assert ([text.text for text in moved.texts], moved.flags) == (["stone"], ("label_by_name",))
    assert [text for _, text, _ in shelf.told("c/3.png")] == ["tumour"]
    assert shelf.told("c/3_mask.png") == []
    shelf.add("d/3.png")
    labels._index_once.cache_clear()
    assert shelf.words("d/3.png").flags == ("label_ambiguous",)


def test_two_files_that_disagree_are_told(shelf):
    shelf.add("1.png")
    shelf.table("a.csv", {"file": "1.png", "label": "benign"})
    shelf.table("b.csv", {"file": "1.png", "label": "malignant"})
    assert "labels_differ" in shelf.words("1.png").flags


def test_files_of_the_same_name(shelf):
    shelf.add("1.png", "2.png", "3.png", "4.png", "5.png")
    shelf.write("1.txt", "Cyst of the left kidney.\r\n")
    shelf.write("2.md", "# Report\n\n" + "The liver is enlarged and of increased echogenicity. " * 5)
    shelf.write("3.json", json.dumps({"label": "polyp", "patient": "Erika", "findings": "Echogenic, 4 mm."}))
    shelf.write("4.md", "![](4.png) a document that shows the picture")
    shelf.write("5.json", json.dumps({"imagePath": "5.png", "shapes": [{"label": "nodule"}, {"label": "nodule"}]}))
    assert shelf.told("1.png") == [("caption", "Cyst of the left kidney.", "1.txt")]
    assert shelf.told("2.png")[0][0] == "note"
    assert shelf.told("3.png") == [("title", "polyp", "3.json"), ("caption", "Echogenic, 4 mm.", "3.json")]
    assert shelf.told("4.png") == []
    assert shelf.told("5.png") == [("title", "nodule", "5.json")]


def test_class_folders(shelf):
    shelf.add("busi/benign/1.png", "busi/malignant/2.png", "busi/normal/3.png", "busi/benign/1_mask.png")
    assert shelf.told("busi/benign/1.png") == [("title", "benign", "folder name")]
    assert shelf.words("busi/malignant/2.png").flags == ("words_from_folder",)
    assert shelf.told("busi/benign/1_mask.png") == []
    both = shelf.words("busi/benign/1.png", "busi/malignant/2.png")
    assert (both.texts, both.flags) == ((), ("labels_differ",))


@pytest.mark.parametrize(
    "folders",
    [
        ("train", "test"),
        ("chapter 1", "chapter 2"),
        ("patient_001", "patient_002"),
        ("Zhang Wei", "Li Na"),
        ("张伟", "李娜"),
        ("benign",),
        ("2011-05-25", "2012-01-01"),
    ],
)
def test_other_folders_are_no_classes(shelf, folders):
    for folder in folders:
        shelf.add(f"x/{folder}/1.png")
    assert shelf.told(f"x/{folders[0]}/1.png") == []


def test_nothing_above_the_root_is_looked_at(shelf):
    shelf.add("inner/malignant/1.png", "inner/benign/2.png")
    shelf.table("labels.csv", {"file": "1.png", "label": "stone"})
    root = shelf.root / "inner" / "malignant"
    assert find_companions(root / "1.png", root) == Companions()


def test_a_bank_of_questions_is_no_label_file(shelf):
    shelf.add("1.png")
    path = shelf.table("vqa.csv", {"image": "1.png", "question": "What is seen?", "answer": "A cyst."})
    assert judge_table(path) == "questions"
    assert shelf.told("1.png") == []
    assert judge_table(shelf.table("plain.csv", {"a": "1", "b": "2"})) is None


def test_a_label_file_that_breaks_later_fails_loudly(shelf):
    shelf.add("1.png")
    rows = [json.dumps({"file": f"{i}.png", "caption": "liver"}) for i in range(40)]
    shelf.write("t.jsonl", "\n".join([*rows, "{broken"]))
    with pytest.raises(RecordError) as caught:
        shelf.words("1.png")
    assert caught.value.code == "DAMAGED_TABLE"
    assert "t.jsonl" in caught.value.message


def test_a_table_is_read_once_for_all_pictures(shelf, monkeypatch):
    names = [f"{i}.png" for i in range(300)]
    shelf.add(*names)
    shelf.table("labels.csv", *({"file": name, "caption": f"Kidney number {name}"} for name in names))
    calls = []
    monkeypatch.setattr(labels, "read_rows", lambda path: calls.append(path) or read_rows(path))
    for name in names:
        assert shelf.told(name)[0][1] == f"Kidney number {name}"
    assert len(calls) == 1
    shelf.table("labels.csv", {"file": "1.png", "caption": "Changed and longer."})
    assert shelf.told("1.png")[0][1] == "Changed and longer."
