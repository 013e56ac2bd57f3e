from __future__ import annotations

import random

import pytest

from remud_gen.rules.identifiers import find_identifiers, has_valid_checksum, mask_identifier
from remud_gen.rules.normalise import unify

RANDOM = random.Random(7)
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀英霞平刚桂"
FIRST, LAST = ["John", "Mary", "Wei", "Anna", "Peter"], ["Smith", "Miller", "O'Brien", "Zhang", "Lopez"]


def digits(count: int) -> str:
    return "".join(RANDOM.choice("0123456789") for _ in range(count))


def chinese_name() -> str:
    return RANDOM.choice(SURNAMES) + "".join(RANDOM.choice(GIVEN) for _ in range(RANDOM.randint(1, 2)))


def date(separator: str) -> str:
    return separator.join(
        [str(RANDOM.randint(1930, 2015)), f"{RANDOM.randint(1, 12):02}", f"{RANDOM.randint(1, 28):02}"]
    )


def resident_id() -> str:
    body = f"{RANDOM.randint(110101, 659001)}{date('')}{digits(3)}"
    return next(body + last for last in "0123456789X" if has_valid_checksum(body + last))


GENERATORS = {
    "NAME": [
        lambda: f"姓名:{chinese_name()}",
        lambda: f"患者姓名{chinese_name()},",
        lambda: f"患者{chinese_name()},男,",
        lambda: f"Patient name: {RANDOM.choice(FIRST)} {RANDOM.choice(LAST)}",
        lambda: f"Mrs. {RANDOM.choice(LAST)} was seen.",
        lambda: f"{RANDOM.choice(LAST).upper()}^{RANDOM.choice(FIRST).upper()}",
        lambda: f"{RANDOM.choice(LAST).upper()}, {RANDOM.choice(FIRST).upper()} {RANDOM.randint(18, 80)}Y",
    ],
    "NAME_SEX_AGE": [
        lambda: f"{chinese_name()} {RANDOM.choice('男女')} {RANDOM.randint(1, 89)}岁",
        lambda: f"{chinese_name()},{RANDOM.choice('男女')},{RANDOM.randint(1, 89)}岁",
        lambda: f"{chinese_name()} {RANDOM.randint(1, 89)}岁 {RANDOM.choice('男女')}",
    ],
    "RECORD_NUMBER": [
        lambda: f"{RANDOM.choice(['住院', '门诊', '病历', '超声', '检查', '登记', '病案', '就诊'])}号:{digits(8)}",
        lambda: f"MRN {digits(8)}",
        lambda: f"MRN: {digits(7)}",
        lambda: f"ID:{digits(7)}",
        lambda: f"Patient ID: P{digits(6)}",
        lambda: f"Accession No. {digits(9)}",
        lambda: f"Hospital number {digits(6)}",
    ],
    "RESIDENT_ID": [resident_id, lambda: f"身份证号{resident_id()}", lambda: f"身份证号码:{digits(17)}X"],
    "PHONE": [
        lambda: f"1{RANDOM.choice('3456789')}{digits(9)}",
        lambda: f"电话:010-{digits(8)}",
        lambda: f"Tel: +44 20 {digits(4)} {digits(4)}",
        lambda: f"({RANDOM.randint(200, 999)}) {RANDOM.randint(200, 999)}-{digits(4)}",
        lambda: f"手机138{digits(8)}",
    ],
    "EMAIL": [lambda: f"{RANDOM.choice(FIRST).lower()}.{digits(3)}@hospital-{digits(2)}.org"],
    "BIRTH_DATE": [
        lambda: f"DOB {date('/')}",
        lambda: f"DOB: {RANDOM.randint(1, 12)}/{RANDOM.randint(1, 28)}/{RANDOM.randint(1930, 2010)}",
        lambda: f"出生日期:{date('-')}",
        lambda: f"Date of birth: {RANDOM.randint(1, 28)} March {RANDOM.randint(1930, 2010)}",
        lambda: f"born on {date('-')}",
        lambda: f"{RANDOM.randint(1930, 2010)}年{RANDOM.randint(1, 12)}月{RANDOM.randint(1, 28)}日出生",
    ],
    "EXAM_TIME": [
        lambda: f"{date('-')} {RANDOM.randint(10, 23)}:{RANDOM.randint(10, 59)}:{RANDOM.randint(10, 59)}",
        lambda: f"检查日期:{date('-')}",
    ],
    "ADDRESS": [lambda: f"住址:{RANDOM.choice(['北京市朝阳区', '上海市徐汇区'])}{RANDOM.randint(1, 99)}号"],
    "SOCIAL_SECURITY": [lambda: f"SSN {RANDOM.randint(100, 665)}-{RANDOM.randint(10, 99)}-{digits(4)}"],
    "AGE_OVER_89": [
        lambda: f"a {RANDOM.randint(90, 110)}-year-old woman",
        lambda: f"患者,女,{RANDOM.randint(90, 110)}岁",
        lambda: f"a woman aged {RANDOM.randint(90, 110)} with pain",
    ],
}


@pytest.mark.parametrize("kind", GENERATORS)
def test_every_generated_identifier_is_found(kind) -> None:
    makers = GENERATORS[kind]
    missed = []
    for index in range(520):
        text = makers[index % len(makers)]()
        if kind not in {found.kind for found in find_identifiers(unify(f"图像显示 {text} 增厚。"))}:
            missed.append(text)
    assert missed == []


@pytest.mark.parametrize(
    "text",
    [
        "患者,男,56岁",
        "老年女性,62岁",
        "姓名不详",
        "ACR TI-RADS 5类",
        "PSV 98 cm/s",
        "孕22周",
        "Article ID 3545480",
        "10.1155/2016/3545480",
        "A 45-year-old man",
        "aged 65–95 years",
        "90岁以上人群",
        "age range 20-92",
        "frame rate 120 Hz",
        "1.38 × 10",
        "2016-03",
        "The name of this sign is whirlpool",
        "Murphy, 1996",
        "Doppler angle 60",
        "ratio 1-2-6",
        "Image 3 of 12",
        "depth 13.18 cm",
        "PMID: 26989526",
        "BI-RADS 4a",
        "ISBN 978-7-117-12345-6",
        "Budd-Chiari",
        "Miss Rate",
        "1234 cm/s",
    ],
)
def test_ordinary_text_holds_no_identifier(text) -> None:
    assert list(find_identifiers(unify(text))) == []


def test_checksum_decides_how_certain_a_bare_resident_id_is() -> None:
    valid = resident_id()
    wrong = valid[:-1] + ("1" if valid[-1] != "1" else "2")
    assert [found.is_certain for found in find_identifiers(valid)] == [True]
    assert [found.is_certain for found in find_identifiers(wrong)] == [False]


def test_mask_shows_the_first_character_only() -> None:
    assert mask_identifier("John Smith") == "J******"
    assert mask_identifier("A") == "A*"
