from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remud_gen.filters.text import measure_repetition
from tests.filters.quadruplets import chinese, claim, english, find_codes, find_rejections


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (english(answer="胆囊壁增厚,约7 mm,提示炎症。"), "LANG_MISMATCH"),
        (english(thinking="图像为胆囊横切面,胆囊壁测值为7 mm,较正常增厚,因此考虑为炎症所致。"), "LANG_MISMATCH"),
        (chinese(answer="The gallbladder wall is thickened to 7 mm."), "LANG_MISMATCH"),
        (
            english(answer="Die Wand der Gallenblase ist mit einer Verdickung und zeigt nicht das Lumen."),
            "LANG_MISMATCH",
        ),
        (english(answer="The wall 增厚 is thickened."), "SCRIPT_FOREIGN"),
        (chinese(answer="胆囊壁可见 множественные 增厚。"), "SCRIPT_FOREIGN"),
        (chinese(answer="胆囊壁は増厚です。"), "SCRIPT_FOREIGN"),
        (english(answer="The wall is thickenedâ€™s and 7 mm."), "MOJIBAKE"),
        (chinese(answer="胆囊壁增厚锟斤拷。"), "MOJIBAKE"),
        (english(answer="The wall (cid:12) is thickened."), "MOJIBAKE"),
        (english(claims=(claim("wall", "thick\ufffdened wall"),)), "MOJIBAKE"),
        (english(thinking="The wall is thick. " + "Wait, let me look again. " * 6), "REPETITION"),
        (chinese(thinking="胆囊壁增厚。" + "因此是结石。" * 12), "REPETITION"),
    ],
)
def test_unreadable_text_is_rejected(record, code) -> None:
    assert code in find_rejections(record)


@pytest.mark.parametrize(
    "record",
    [
        chinese(answer="分类为ACR TI-RADS 5类,PSV 98 cm/s,RI 0.72。"),
        chinese(answer="为B型超声,CDFI示血流丰富。"),
        english(answer="A 20 μm layer at 37 °C with α waves is visible."),
        english(answer="Hashimoto's thyroiditis with café-au-lait naïve façade."),
    ],
)
def test_units_names_and_greek_are_no_foreign_text(record) -> None:
    assert not {"LANG_MISMATCH", "SCRIPT_FOREIGN", "MOJIBAKE"} & set(find_codes(record))


@given(st.text(min_size=10, max_size=200), st.floats(0, 1))
def test_repetition_shortcut_never_hides_what_lies_above_its_floor(text, floor) -> None:
    exact = measure_repetition(text, 5)
    assert measure_repetition(text, 5, floor) == exact or exact <= floor
