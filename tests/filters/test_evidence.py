from __future__ import annotations

import pytest

from remud_gen.records import Evidence
from tests.filters.quadruplets import build, chinese, claim, english, find_codes, find_rejections, spans


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"claims": ()}, "CLAIM_NO_EVIDENCE"),
        ({"claims": (claim("wall is thickened to 7 mm", ""),)}, "CLAIM_NO_EVIDENCE"),
        ({"claims": (claim("wall is thickened", "the wall is severely ulcerated here"),)}, "EVID_QUOTE_NOT_FOUND"),
        ({"claims": (claim("wall is thickened", "thickened wall", span="ctx9"),)}, "EVID_QUOTE_NOT_FOUND"),
        ({"evidence": spans(cap="Right testicle with a varicocele and dilated vessels.")}, "EVID_QUOTE_NOT_FOUND"),
        ({"answer": f"{english().answer} The pancreatic duct is dilated and the liver holds metastases."},
         "SENT_UNSUPPORTED"),
    ],
)  # fmt: skip
def test_unfounded_answers_are_rejected(changes, code) -> None:
    assert code in find_rejections(english(**changes))


def test_general_claims_need_no_quote_but_a_record_of_them_alone_is_looked_at() -> None:
    advice = claim("follow-up is advised", "", "management", key="c3")
    assert find_codes(english(claims=(*english().claims, advice))) == {}
    assert find_codes(english(claims=(advice,), answer="Follow-up is advised."))["CLAIM_NO_EVIDENCE"] == "review"


def test_ocr_noise_is_forgiven_in_ocr_only() -> None:
    noisy = "胆囊横切面:胆襄壁增厚,厚约7 mm,腔内未见强回声团,提示炎症。"
    quoted = (claim("胆囊壁增厚,厚约7 mm,腔内未见强回声团"),)
    layer = Evidence(id="cap", kind="caption", text=noisy)
    record = chinese(claims=quoted, evidence=(layer,), answer="胆囊壁增厚,厚约7 mm。")
    codes = [v.code for v in build("evidence").check(record)]
    assert codes == ["EVID_QUOTE_NOT_FOUND"]
    scanned = record.model_copy(update={"evidence": (layer.model_copy(update={"origin": "ocr"}),)})
    assert list(build("evidence").check(scanned)) == []
