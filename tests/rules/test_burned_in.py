import pytest
from hypothesis import given
from hypothesis import strategies as st

from remud_gen.records import TextLine
from remud_gen.rules.burned_in import annotate, collect_legend
from remud_gen.rules.normalise import unify


def read(text, score=1.0, legend=None, language="en"):
    return annotate([TextLine(bbox=(0, 0, 40, 10), text=text, score=score)], legend, language)


def facts(text):
    return [(piece.kind, piece.name, piece.value, piece.unit) for piece in read(text)]


@pytest.mark.parametrize(
    ("text", "name", "value", "unit"),
    [
        ("+ Dist 13.20 cm", "Dist", 13.2, "cm"),
        ("D1 2.31cm", "D1", 2.31, "cm"),
        ("1 L 4.5 mm", "L", 4.5, "mm"),
        ("D -9.9mm", "D", 9.9, "mm"),
        ("× 2.3 mm", None, 2.3, "mm"),
        ("2 + 3.4 cm", None, 3.4, "cm"),
        ("距离 3.2 cm", "距离", 3.2, "cm"),
        ("Dist 2,31 cm", "Dist", 2.31, "cm"),
        ("HC 20.1cm", "HC", 20.1, "cm"),
        ("GA 22w3d", "GA", 157, "day"),
        ("孕周 22周3天", "孕周", 157, "day"),
        ("A 3.45 cm²", "A", 3.45, "cm2"),
        ("Vol 45 ml", "Vol", 45, "ml"),
        ("SV 45 ml", "SV", 45, "ml"),
        ("PSV 85.3 cm/s", "PSV", 85.3, "cm/s"),
        ("Vel -85.3 cm/s", "Vel", -85.3, "cm/s"),
        ("RI 0.72", "RI", 0.72, None),
        ("S/D 3.1", "S/D", 3.1, None),
        ("EF(Teich) 62 %", "EF", 62, "%"),
        ("100 bpm", "HR", 100, "bpm"),
        ("Angle 60°", "Angle", 60, "deg"),
        ("maxPG 17 mmHg", "maxPG", 17, "mmhg"),
    ],
)
def test_calipers_carry_name_value_and_unit(text, name, value, unit):
    assert facts(text) == [("caliper", name, value, unit)]


def test_several_readings_of_one_line_are_told_apart():
    assert facts("1 D 3.1 cm 2 D 4.2 cm") == [("caliper", "D", 3.1, "cm"), ("caliper", "D", 4.2, "cm")]
    assert facts("BPD 5.43 cm 22w3d") == [("caliper", "BPD", 5.43, "cm"), ("caliper", "GA", 157, "day")]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("14 cm", "depth", 14), ("D 15.0cm", "depth", 15), ("Depth: 12.5cm", "depth", 12.5), ("深度 12cm", "depth", 12),
        ("3.5MHz", "frequency", 3.5), ("FR 25Hz", "frequency", 25), ("C5-1", "probe", None), ("9L-D", "probe", None),
        ("S7-2omni", "probe", None), ("Gn 60", "setting", None), ("DR60", "setting", None), ("MI:0.9", "setting", None),
        ("AO 100%", "setting", None), ("SV 2.0mm", "setting", None), ("TEE T: 38.3 ℃", "setting", None),
        ("35 mm/s", "setting", None), ("WL: 128", "setting", None), ("04/08/18", "date", None),
        ("12-MAR-2021", "date", None),
        ("2021年3月4日", "date", None), ("12:30:05", "time", None), ("姓名：张三", "patient", None),
        ("SMITH, JOHN", "patient", None),
        ("ID: 12345678", "patient", None), ("30岁 男", "patient", None), ("M 45Y", "patient", None),
        ("DOB 01/02/1960", "patient", None),
        ("BAHEYA HOSPITAL", "institution", None), ("北京某某医院超声科", "institution", None), ("-20", "scale", None),
        ("[m/s]", "scale", None), ("RIGHT", "orientation", None), ("P", "orientation", None), ("FASCIA", "label", None),
        ("左肾", "label", None), ("r=0.62", "other", None),
    ],
)  # fmt: skip
def test_other_lines_are_told_by_their_form(text, kind, value):
    (piece,) = read(text)
    assert (piece.kind, piece.value) == (kind, value)
    assert 0 < piece.score <= 1


def test_date_and_time_of_one_line_are_two_pieces():
    assert [piece.kind for piece in read("2021/03/04 10:22:33")] == ["date", "time"]


@pytest.mark.parametrize("text", ["5.4lcm", "Dist 5.4l cm", "O.8 cm", "4. 52 cm", "EF 162 %", "HR 900 bpm"])
def test_a_number_in_doubt_has_no_value_and_keeps_its_letters(text):
    (piece,) = read(text)
    assert piece.kind == "caliper" and piece.value is None
    assert piece.text == text and piece.score <= 0.5
    assert set(piece.flags) & {"doubtful_number", "implausible_number"}


def test_the_score_of_the_reading_carries_over():
    assert read("+ Dist 13.20 cm", score=0.6)[0].score == 0.6


def test_a_label_means_what_the_figure_says_before_what_is_usual():
    legend = collect_legend(["PV: pulmonary vein; LK, left kidney.", None, "PV: portal vein"], "en")
    (piece,) = read("PV", legend=legend)
    assert (piece.meaning, piece.meaning_from) == ("pulmonary vein", "legend")
    (piece,) = read("PV")
    assert (piece.kind, piece.meaning, piece.meaning_from) == ("label", None, None)  # three things are written so
    (piece,) = read("GB", language="zh")
    assert (piece.meaning, piece.meaning_from) == ("胆囊", "vocabulary")
    assert [(p.name, p.meaning) for p in read("LV RV")] == [("LV", "left ventricle"), ("RV", "right ventricle")]


def test_a_name_and_its_value_read_as_two_lines_are_joined():
    name = TextLine(bbox=(10, 100, 60, 110), text="+ Length")
    value = TextLine(bbox=(66, 101, 110, 111), text="1.06 cm")
    far = TextLine(bbox=(66, 300, 110, 310), text="9cm")
    pieces = annotate([name, value, far])
    assert [(p.kind, p.name, p.value) for p in pieces] == [
        ("caliper", "Length", None), ("caliper", "Length", 1.06), ("depth", None, 9.0),
    ]  # fmt: skip
    assert pieces[1].flags == ("joined",)
    beats = annotate(
        [TextLine(bbox=(10, 10, 30, 20), text="115"), TextLine(bbox=(10, 21, 35, 31), text="BPM"),
         TextLine(bbox=(10, 200, 30, 210), text="60")]
    )  # fmt: skip
    assert [(p.kind, p.name, p.value) for p in beats if p.value] == [("caliper", "HR", 115.0)]


@given(st.text(max_size=60), st.floats(0, 1))
def test_any_line_is_typed_without_losing_it(text, score):
    pieces = read(text, score=score)
    assert bool(pieces) == bool(unify(text).replace("\0", " ").strip())
    for piece in pieces:
        assert 0 <= piece.score <= 1 and piece.text
