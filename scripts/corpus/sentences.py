"""Questions and answers in both languages, put together from words, so that no two are alike but by plan."""

from __future__ import annotations

import random
from dataclasses import dataclass


def _split(words: str) -> list[str]:
    return words.split("|")


EN_ORGANS = _split(
    "liver|gallbladder|pancreas|spleen|kidney|ureter|bladder|prostate|uterus|ovary|thyroid|parotid|breast|"
    "aorta|testis|appendix|stomach|bowel|carotid|femoral-vein|popliteal-artery|adrenal|lymph-node|tendon|"
    "nerve|placenta|fetal-heart"
)
EN_PARTS = _split("wall|lumen|margin|centre|capsule|hilum|cortex|surface|neck|fundus|isthmus|pole|septum|layer|sinus")
EN_LOOKS = _split(
    "hypoechoic|hyperechoic|anechoic|isoechoic|heterogeneous|lobulated|spiculated|septated|calcified|layered|"
    "mobile|compressible|tortuous|irregular|smooth|nodular|cystic|solid|oval|round"
)
EN_SIGNS = _split(
    "acoustic shadowing|posterior enhancement|a twinkling artefact|reverberation|comet tails|layering debris|"
    "a thin rim of fluid|peripheral flow|absent flow|a resistive index above the usual range|mobile echoes|"
    "a target sign|ring-down|loss of the fatty hilum|a pulsatile waveform|turbulent flow|a thick septum|"
    "beam-width blurring"
)
EN_CAUSES = _split(
    "inflammation|obstruction|a simple cyst|an abscess|a haematoma|a stone|chronic scarring|venous thrombosis|"
    "a polyp|torsion|an aneurysm|hyperplasia|a lipoma|metastasis|ischaemia|infection|a fibroadenoma|lymphoma"
)
EN_ASKS = (
    "What does the {part} of the {organ} look like here?",
    "Which change of the {organ} explains {sign}?",
    "How large is the {look} area in the {part} of the {organ}?",
    "What is the most likely cause of {sign} at the {part} of the {organ}?",
    "Describe the {look} focus beside the {organ} and its {part}.",
    "In this view of the {organ}, what speaks for {cause}?",
    "Why does a {look} lesion of the {organ} show {sign}?",
)
ZH_ORGANS = _split(
    "肝脏|胆囊|胰腺|脾脏|肾脏|输尿管|膀胱|前列腺|子宫|卵巢|甲状腺|腮腺|乳腺|腹主动脉|睾丸|阑尾|胃|肠管|颈动脉|股静脉"
)
ZH_PARTS = _split("前壁|管腔|边缘|中央|包膜|门部|皮质|表面|颈部|底部|峡部|上极|分隔|肌层")
ZH_LOOKS = _split(
    "低回声|高回声|无回声|等回声|混合回声|分叶状|毛刺状|多房|钙化|分层|可移动|可压缩|迂曲|不规则|光滑|结节状"
)
ZH_SIGNS = _split(
    "后方声影|后方回声增强|快闪伪像|混响伪像|彗星尾征|分层沉积|周边少量积液|周边血流|内部未见血流|"
    "阻力指数升高|靶环征|淋巴门消失|搏动性频谱|湍流|厚分隔|光点漂浮"
)
ZH_CAUSES = _split(
    "炎症|梗阻|单纯囊肿|脓肿|血肿|结石|慢性瘢痕|静脉血栓|息肉|扭转|动脉瘤|增生|脂肪瘤|转移瘤|缺血|感染|纤维腺瘤"
)
ZH_ASKS = (
    "该图像中{organ}{part}有何表现?",
    "{organ}出现{sign}最可能由什么引起?",
    "图中{organ}{part}的{look}区大小是多少?",
    "为什么{organ}的{look}病灶会出现{sign}?",
    "请描述{organ}旁{look}灶及其{part}的情况。",
    "从{organ}的这一切面看,哪些表现支持{cause}?",
)


@dataclass(frozen=True, slots=True)
class Words:
    """A question with its thinking and answer."""

    question: str
    thinking: str
    answer: str


def compose(draw: random.Random, language: str) -> Words:
    """A new text; sizes and combinations make it differ from all others by more than a few words."""
    return _compose_zh(draw) if language == "zh" else _compose_en(draw)


def _compose_en(draw: random.Random) -> Words:
    organ, part, look = draw.choice(EN_ORGANS), draw.choice(EN_PARTS), draw.choice(EN_LOOKS)
    sign, cause = draw.choice(EN_SIGNS), draw.choice(EN_CAUSES)
    question = draw.choice(EN_ASKS).format(organ=organ, part=part, look=look, sign=sign, cause=cause)
    sizes = draw.randrange(11, 99), draw.randrange(11, 99)
    sentences = [
        f"The {draw.choice(EN_PARTS)} of the {organ} is {look} and measures {sizes[0]} mm.",
        f"There is {draw.choice(EN_SIGNS)} beside the {draw.choice(EN_LOOKS)} {part}.",
        f"The {draw.choice(EN_ORGANS)} next to it is {draw.choice(EN_LOOKS)}, {sizes[1]} mm wide.",
        f"Taken together with {sign}, this speaks for {cause} rather than {draw.choice(EN_CAUSES)}.",
    ]
    draw.shuffle(sentences)
    thinking = f"First the {organ} is found by its {draw.choice(EN_PARTS)}. " + " ".join(sentences[:3])
    return Words(question, thinking, " ".join(sentences[2:]))


def _compose_zh(draw: random.Random) -> Words:
    organ, part, look = draw.choice(ZH_ORGANS), draw.choice(ZH_PARTS), draw.choice(ZH_LOOKS)
    sign, cause = draw.choice(ZH_SIGNS), draw.choice(ZH_CAUSES)
    question = draw.choice(ZH_ASKS).format(organ=organ, part=part, look=look, sign=sign, cause=cause)
    sizes = draw.randrange(11, 99), draw.randrange(11, 99)
    sentences = [
        f"{organ}{draw.choice(ZH_PARTS)}呈{look}改变,范围约{sizes[0]} mm。",
        f"{part}旁可见{draw.choice(ZH_SIGNS)},内部为{draw.choice(ZH_LOOKS)}。",
        f"邻近的{draw.choice(ZH_ORGANS)}表现为{draw.choice(ZH_LOOKS)},宽约{sizes[1]} mm。",
        f"结合{sign},首先考虑{cause},而非{draw.choice(ZH_CAUSES)}。",
    ]
    draw.shuffle(sentences)
    return Words(
        question, f"先辨认{organ}及其{draw.choice(ZH_PARTS)}。" + "".join(sentences[:3]), "".join(sentences[2:])
    )


def reword(draw: random.Random, text: str, language: str) -> str:
    """The same said with a word or two more or less: still the same fact."""
    if language == "zh":
        pairs = (
            ("可见", "见"),
            ("表现为", "呈"),
            ("首先考虑", "考虑"),
            ("范围约", "大小约"),
            ("邻近的", "旁边的"),
            ("图中", "图像中"),
        )
        for old, new in pairs:
            if old in text:
                return text.replace(old, new, 1)
        return text.replace("。", ",如图所见。", 1) if "。" in text else f"请问{text}"
    pairs = (("There is ", "There also is "), ("speaks for", "argues for"), ("Taken together", "Together"),
             ("next to it", "beside it"), ("What does", "How does"), ("Which change", "Which alteration"),
             (" here?", "?"))  # fmt: skip
    found = [pair for pair in pairs if pair[0] in text]
    old, new = draw.choice(found) if found else (" the ", " the same ")
    return text.replace(old, new, 1)


def change_fact(draw: random.Random, text: str, language: str) -> str:
    """Another fact in almost the same words: a number made another one."""
    del language
    digits = [place for place, sign in enumerate(text) if sign.isdigit()]
    if not digits:
        return text + " 7 mm."
    place = draw.choice(digits)
    return text[:place] + str((int(text[place]) + draw.randrange(1, 10)) % 10) + text[place + 1 :]
