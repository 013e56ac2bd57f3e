"""Invented people in every spelling that the rules promise to find: the words that give them away, and how they stand
in a sentence. Seeded; nobody in here exists.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from remud_gen.rules.identifiers import has_valid_checksum

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀英霞平刚桂"
FIRST = ("John", "Mary", "Anneliese", "Peter", "Ruth", "Olga", "Henrik")
LAST = ("Smithson", "Millerby", "O'Brienne", "Zhangwei", "Lopezar", "Van Dorn", "Karlsson-Berg")
MONTHS = ("January", "March", "May", "July", "October", "December")
SENTENCES = {
    "zh": ("{}，肝右叶可见无回声区。", "超声所见 {} 胆囊壁增厚。", "{}", "左肾 3.2 cm 囊肿（{}），边界清。"),
    "en": ("{}: a cyst of the left kidney.", "Image shows {}, thick wall.", "{}", "A 3.2 cm cyst ({}) is seen."),
}


@dataclass(frozen=True, slots=True)
class Identity:
    """What is written, and the pieces of it that nobody may read afterwards."""

    kind: str
    text: str
    secrets: tuple[str, ...]


class Maker:
    """Draws identities from a seed."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)

    def pick(self, choices: Sequence[str]) -> str:
        """One of several."""
        return self._random.choice(choices)

    def digits(self, count: int) -> str:
        """So many digits, the first no zero."""
        return str(self._random.randint(1, 9)) + "".join(self.pick("0123456789") for _ in range(count - 1))

    def number(self, low: int, high: int) -> str:
        """A number within bounds."""
        return str(self._random.randint(low, high))

    def chinese(self) -> str:
        """A name in Chinese."""
        return self.pick(SURNAMES) + "".join(self.pick(GIVEN) for _ in range(self._random.randint(1, 2)))

    def date(self, separator: str = "-") -> str:
        """A day between 1930 and 2015."""
        year, month, day = self.number(1930, 2015), self._random.randint(1, 12), self._random.randint(1, 28)
        return separator.join([year, f"{month:02}", f"{day:02}"])

    def resident(self) -> str:
        """A resident id whose last digit is right."""
        body = f"{self.number(110101, 659001)}{self.date('')}{self.digits(3)}"
        return next(body + last for last in "0123456789X" if has_valid_checksum(body + last))


def _names(m: Maker) -> Sequence[Callable[[], tuple[str, tuple[str, ...]]]]:
    def chinese(form: str) -> Callable[[], tuple[str, tuple[str, ...]]]:
        def make() -> tuple[str, tuple[str, ...]]:
            name = m.chinese()
            return form.format(name), (name,)

        return make

    def english(form: str, is_upper: bool = False) -> Callable[[], tuple[str, tuple[str, ...]]]:
        def make() -> tuple[str, tuple[str, ...]]:
            first, last = m.pick(FIRST), m.pick(LAST)
            first, last = (first.upper(), last.upper().replace(" ", "")) if is_upper else (first, last)
            text = form.format(first=first, last=last, age=m.number(18, 80))
            return text, tuple(secret for secret in (first, last) if secret in text)

        return make

    return [
        chinese("姓名:{}"), chinese("姓名：{}"), chinese("患者姓名{},"), chinese("患者{},男,"),
        english("Patient name: {first} {last}"), english("Name: {first} {last}"), english("Mrs. {last}"),
        english("Mr {first} {last}"), english("{last}^{first}", True), english("{last}, {first} {age}Y", True),
    ]  # fmt: skip


def _one(form: str, make: Callable[[], str]) -> Callable[[], tuple[str, tuple[str, ...]]]:
    def made() -> tuple[str, tuple[str, ...]]:
        secret = make()
        return form.format(secret), (secret,)

    return made


def list_makers(m: Maker) -> Mapping[str, Sequence[Callable[[], tuple[str, tuple[str, ...]]]]]:
    """Kind of identifier -> the forms it is written in."""
    sexes = ("男", "女")

    def banner(order: str) -> Callable[[], tuple[str, tuple[str, ...]]]:
        def make() -> tuple[str, tuple[str, ...]]:
            name = m.chinese()
            return order.format(name=name, sex=m.pick(sexes), age=m.number(1, 88)), (name,)

        return make

    return {
        "NAME": _names(m),
        "NAME_SEX_AGE": [
            banner("{name} {sex} {age}岁"), banner("{name},{sex},{age}岁"), banner("{name} {age}岁 {sex}"),
        ],
        "RECORD_NUMBER": [
            *(_one(f"{what}号:{{}}", lambda: m.digits(8)) for what in ("住院", "门诊", "病历", "超声", "检查", "登记")),
            _one("MRN {}", lambda: m.digits(8)), _one("MRN{}", lambda: m.digits(8)), _one("ID:{}", lambda: m.digits(7)),
            _one("Patient ID: {}", lambda: "P" + m.digits(6)), _one("Accession No. {}", lambda: m.digits(9)),
            _one("Hospital number {}", lambda: m.digits(6)),
        ],
        "RESIDENT_ID": [_one("{}", m.resident), _one("身份证号{}", m.resident), _one("身份证号码：{}", m.resident)],
        "PHONE": [
            _one("{}", lambda: "1" + m.pick("3456789") + m.digits(9)), _one("电话：{}", lambda: "010-" + m.digits(8)),
            _one("Tel: {}", lambda: f"+44 20 {m.digits(4)} {m.digits(4)}"),
            _one("{}", lambda: f"({m.number(200, 999)}) {m.number(200, 999)}-{m.digits(4)}"),
        ],
        "EMAIL": [_one("{}", lambda: f"{m.pick(FIRST).lower()}.{m.digits(3)}@hospital-{m.digits(2)}.org")],
        "BIRTH_DATE": [
            _one("DOB {}", lambda: m.date("/")), _one("出生日期:{}", m.date), _one("born on {}", m.date),
            _one("Date of birth: {}", lambda: f"{m.number(1, 28)} {m.pick(MONTHS)} {m.number(1930, 2010)}"),
            _one("{}出生", lambda: f"{m.number(1930, 2010)}年{m.number(1, 12)}月{m.number(1, 28)}日"),
        ],
        "EXAM_TIME": [
            _one("{}", lambda: f"{m.date()} {m.number(10, 23)}:{m.number(10, 59)}:{m.number(10, 59)}"),
            _one("检查日期：{}", m.date), _one("Exam date: {}", m.date),
        ],
        "ADDRESS": [
            _one("住址：{}", lambda: f"{m.pick(('北京市朝阳区', '上海市徐汇区'))}{m.number(1, 99)}号"),
            _one("Home address: {}", lambda: f"{m.number(10, 99)} Elmtree Road"),
        ],
        "SOCIAL_SECURITY": [_one("SSN {}", lambda: f"{m.number(100, 665)}-{m.number(10, 99)}-{m.digits(4)}")],
        "AGE_OVER_89": [
            _one("a {}-year-old woman", lambda: m.number(90, 110)), _one("女，{}岁", lambda: m.number(90, 110)),
            _one("a woman aged {} with pain", lambda: m.number(90, 110)),
        ],
    }  # fmt: skip


def make_identities(count: int, seed: int = 0) -> dict[str, list[Identity]]:
    """`count` identities of every kind, each form as often as the next."""
    makers = list_makers(Maker(seed))
    made: dict[str, list[Identity]] = {}
    for kind, forms in makers.items():
        drawn = [forms[number % len(forms)]() for number in range(count)]
        made[kind] = [Identity(kind, text, secrets) for text, secrets in drawn]
    return made
