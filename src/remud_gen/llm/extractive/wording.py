"""How a fact is asked about, answered and thought through, in English and Chinese.

Braces are filled from a fact: `subject` (what is asked about), `value` (the answer), `claimed` (what a yes/no question
supposes), `sentence` (the whole statement), `lead` (technique, plane and region as far as they are known), `seen`
(what the value says, attribute by attribute).
"""

from __future__ import annotations

from dataclasses import dataclass

from remud_gen.llm.extractive.facts import Asks
from remud_gen.records import Language


@dataclass(frozen=True, slots=True)
class Wording:
    """The sentences for one kind of question."""

    open: tuple[str, ...]
    answer: str
    thinking: tuple[str, ...]
    yesno: tuple[str, ...] = ()
    mcq: tuple[str, ...] = ()
    needs: str = ""


_NAMED_EN = Wording(
    ("Which structure is written on this image?", "Which organ or structure does the writing on this image name?"),
    "The structure named on the image is the {value}.",
    (
        "{lead}Someone wrote the name of a structure into the image. It reads {value}, so the image is labelled as "
        "the {value}.",
    ),
    ("Is the structure named on this image the {claimed}?",),
    ("Which structure is named on this image?",),
    "the name stands only on the image",
)
_TECHNIQUE_EN = Wording(
    ("Which imaging technique produced this image?", "What imaging technique is shown in this image?",
     "Which imaging technique was used to obtain this image?"),
    "The imaging technique is {value}.",
    ("{lead}The way in which the image is built up has to be recognised first. The technique recognised is "
     "{value}, and this is what has to be named.",
     "{lead}Before anything else the technique is identified. Here the technique is {value}, which answers the "
     "question."),
    ("Is the imaging technique of this image {claimed}?",),
    ("Which imaging technique was used for this image?",),
    "the technique is told by the look of the image",
)  # fmt: skip
_KNOWLEDGE_EN = (
    "The question is about {subject}. What has to be kept in mind is this: {value}. From that the answer follows.",
    "To answer this, one recalls what sets {subject} apart, namely {value}. That is all the answer needs.",
)
ENGLISH: dict[Asks, Wording] = {
    "label": Wording(
        ("What does the label {subject} mark in this image?",
         "Which structure carries the label {subject} in this image?",
         "The label {subject} is seen on this image. Which structure does it stand for?"),
        "The label {subject} marks the {value}.",
        ("{lead}The label {subject} identifies one structure of the image. The letters abbreviate {value}, so the "
         "structure that carries them is the {value}.",
         "{lead}The label {subject} has to be resolved. It is the abbreviation of {value}, which means that the "
         "{value} is marked."),
        ("Does the label {subject} in this image mark the {claimed}?",),
        ("Which structure does the label {subject} mark in this image?",),
        "the label has to be found on the image",
    ),
    "named": _NAMED_EN,
    "structure": Wording(
        ("Which structure does this image show?", "Which part of the body is imaged here?",
         "What anatomical structure or region is seen in this image?"),
        "The image shows the {value}.",
        ("{lead}The question asks for the structure through which the section passes. It is the {value}, so the "
         "image is read as a view of the {value}.",
         "{lead}To find one's way, the imaged region is named first. What is seen belongs to the {value}, so the "
         "{value} is the answer."),
        ("Does this image show the {claimed}?",),
        ("Which structure is seen in this image?",),
        "the structure is told by its look",
    ),
    "plane": Wording(
        ("In which plane or view was this image acquired?", "Which view is shown in this image?",
         "What is the orientation of the section seen in this image?"),
        "The image shows {a_value}.",
        ("{lead}The orientation of the section and the structures cut by it are judged first. They belong to "
         "{a_value}, so this is the view to name.",
         "{lead}The position of the section decides how everything else is read. Here it is {a_value}, and that is "
         "the answer."),
        ("Is the view shown in this image {a_claimed}?",),
        ("Which view is shown in this image?",),
        "the view is told by the orientation of the structures",
    ),
    "mode": _TECHNIQUE_EN,
    "route": _TECHNIQUE_EN,
    "method": _TECHNIQUE_EN,
    "marker": Wording(
        ("What {does} the {subject} indicate in this image?", "What is marked by the {subject} in this image?",
         "Which structure or finding {does} the {subject} point out in this image?"),
        "The {subject} {indicate} {value}.",
        ("{lead}The {subject} on the image {lead_the} eye to one place. What lies there is {value}, so this is "
         "what the {subject} {indicate}.",
         "{lead}First the place marked by the {subject} is looked up. It corresponds to {value}, and that is what "
         "is indicated."),
        ("{Does} the {subject} in this image indicate {claimed}?",),
        ("What {does} the {subject} indicate in this image?",),
        "the marked place is only on the image",
    ),
    "size": Wording(
        ("What is the {subject} in this image?", "Which value is measured for the {subject} in this image?",
         "Give the {subject} seen in this image."),
        "The {subject} is {value}.",
        ("{lead}The quantity in question is the {subject}. The measurement gives {value}, so that is the value to "
         "report.",
         "{lead}For a question of size only the measured value counts. For the {subject} it is {value}, and no "
         "other value is to be given."),
        ("Is the {subject} in this image {claimed}?",),
        ("Which value is measured for the {subject} in this image?",),
        "the value belongs to the measurement on the image",
    ),
    "printed": Wording(
        ("What value is shown for {subject} on this image?", "Which value does {subject} have on this image?",
         "Read the value of {subject} from this image."),
        "The value of {subject} is {value}.",
        ("{lead}The measurement line of {subject} is looked up on the image. It shows {value}, so the value of "
         "{subject} is {value}.",
         "{lead}The value printed beside {subject} is read off the screen. It is {value}, and that is the answer."),
        ("Is the value shown for {subject} on this image {claimed}?",),
        ("Which value is shown for {subject} on this image?",),
        "the value is printed on the image",
    ),
    "finding": Wording(
        ("What does this image show?", "Which finding is visible in this image?",
         "Describe what is seen in this image.",
         "What is the main finding in this image?"),
        "The image shows {value}.",
        ("{lead}{seen}Taken together, the image shows {value}.",
         "{lead}{seen}Put into one statement, what is visible is {value}."),
        ("Does this image show {claimed}?",),
        ("Which description fits this image?", "What is seen in this image?"),
        "the finding has to be seen",
    ),
    "diagnosis": Wording(
        ("Which diagnosis belongs to the findings in this image?",
         "What is the diagnosis in the case shown in this image?"),
        "The diagnosis is {value}.",
        ("{lead}{seen}The diagnosis that belongs to this picture is {value}, so this is the one to name.",),
        ("Is the diagnosis in the case shown in this image {claimed}?",),
        ("Which diagnosis belongs to the findings in this image?",),
        "the findings on the image lead to the diagnosis",
    ),
    "definition": Wording(("What {is} {subject}?", "What is meant by {subject}?"), "{sentence}.", _KNOWLEDGE_EN, (),
                          ("Which term fits this description: {value}?",)),
    "appearance": Wording(("How {does} {subject} appear on ultrasound?",
     "What is the ultrasound appearance of {subject}?"),
                          "{sentence}.", _KNOWLEDGE_EN),
    "norm": Wording(("What is the {subject}?", "Which value is given for the {subject}?"), "{sentence}.",
                    ("A reference value is asked for, the {subject}. The figure to remember is {value}, and the "
                     "answer states it.",)),
    "term": Wording(("What does the term {subject} mean in ultrasound?",), "{sentence}.", _KNOWLEDGE_EN),
    "located": Wording(("Where {is} {subject} located?", "What is the position of {subject}?"), "{sentence}.",
                       _KNOWLEDGE_EN),
    "statement": Wording((), "{sentence}.", ("The statement has to be checked word by word. {sentence}. ",),
                         ("Is the following statement correct? {claimed}.", "True or false: {claimed}.")),
}  # fmt: skip

_TECHNIQUE_ZH = Wording(
    ("这幅图像采用的是哪种检查技术?", "该图像是用什么成像方式获得的?", "从图像上看,采用的是哪一种超声检查方法?"),
    "该图像采用的是{value}。",
    ("{lead}判读图像之前先辨认成像方式。该图像的显示特点对应{value},因此所用的技术就是{value}。",),
    ("该图像采用的是{claimed}吗?",),
    ("这幅图像采用的是哪种检查技术?",),
    "成像方式要从图像上辨认",
)
_KNOWLEDGE_ZH = (
    "题目问的是{subject}。需要把握的要点是:{value}。抓住这些要点即可作答。",
    "先明确讨论的对象是{subject},再看与它有关的关键内容:{value}。由此得出结论。",
)
CHINESE: dict[Asks, Wording] = {
    "label": Wording(
        ("图像中标注的{subject}代表什么结构?", "这幅图像上的标识{subject}指的是哪一结构?",
         "图中{subject}所标的是什么?"),
        "{subject}标注的是{value}。",
        ("{lead}先在图像上找到标识{subject},再明确它的含义。{subject}是{value}的缩写,所以它所标的结构是{value}。",),
        ("图像中{subject}标注的是{claimed}吗?",),
        ("图像中标注的{subject}代表下列哪一结构?",),
        "标识只在图像上",
    ),
    "named": Wording(
        ("图像上用文字标注的是哪一结构?", "这幅图像上的文字注明了哪个结构?"),
        "图像上标注的结构是{value}。",
        ("{lead}先读出图像上的文字标注,写的是{value}。标注所指即该处的结构,因此图像上注明的结构是{value}。",),
        ("图像上用文字标注的结构是{claimed}吗?",),
        ("图像上用文字标注的是下列哪一结构?",),
        "文字标注只在图像上",
    ),
    "structure": Wording(
        ("这幅图像显示的是哪个部位或结构?", "该图像主要观察的是什么结构?", "图像中所检查的是哪个部位?"),
        "该图像显示的部位是{value}。",
        ("{lead}读图时先确定扫查的部位。图像中的结构属于{value},因此该图像显示的部位是{value}。",),
        ("该图像显示的部位是{claimed}吗?",),
        ("该图像显示的是下列哪一部位?",),
        "部位要从图像上辨认",
    ),
    "plane": Wording(
        ("这幅图像显示的是哪个切面?", "该图像是在什么切面上获得的?", "图像所示属于哪一扫查切面?"),
        "该图像为{value}。",
        ("{lead}先判断声束与被检结构的方位关系,再确定切面。该图像的方位与{value}相符,因此所示切面为{value}。",),
        ("该图像为{claimed}吗?",),
        ("该图像显示的是下列哪个切面?",),
        "切面要从图像上判断",
    ),
    "mode": _TECHNIQUE_ZH,
    "route": _TECHNIQUE_ZH,
    "method": _TECHNIQUE_ZH,
    "marker": Wording(
        ("图像中{subject}所指的是什么?", "这幅图像上的{subject}标示了什么?", "图中{subject}指向的结构或病变是什么?"),
        "{subject}所指的是{value}。",
        ("{lead}先在图像上找到{subject},再观察它所指处的表现。该处为{value},因此{subject}所指的是{value}。",),
        ("图像中{subject}所指的是{claimed}吗?",),
        ("图像中{subject}所指的是下列哪一项?",),
        "所指的位置只在图像上",
    ),
    "size": Wording(
        ("图像中{subject}是多少?", "这幅图像上{subject}测得为多少?", "从图像上看,{subject}是多少?"),
        "{subject}为{value}。",
        ("{lead}题目询问的是测量值,对象是{subject}。测量结果为{value},与所问的对象一致,因此答案为{value}。",),
        ("图像中{subject}是{claimed}吗?",),
        ("图像中{subject}是下列哪一个数值?",),
        "数值来自图像上的测量",
    ),
    "printed": Wording(
        ("图像上{subject}的测值是多少?", "这幅图像上{subject}显示的数值是多少?", "请读出图像上{subject}的数值。"),
        "{subject}的测值为{value}。",
        ("{lead}先在图像的测量信息中找到{subject}这一项,再读出其后的数值。读得{value},因此{subject}的测值为{value}。",),
        ("图像上{subject}的测值是{claimed}吗?",),
        ("图像上{subject}的测值是下列哪一个?",),
        "数值印在图像上",
    ),
    "finding": Wording(
        ("这幅图像显示了什么表现?", "图像中可以观察到什么?", "请描述该图像的主要所见。", "该图像的主要表现是什么?"),
        "图像显示{value}。",
        ("{lead}{seen}综合以上所见,图像显示{value}。",),
        ("该图像显示的是{claimed},对吗?", "图像表现为{claimed},这一描述正确吗?"),
        ("下列哪一项描述与该图像相符?",),
        "表现要从图像上观察",
    ),
    "topic_finding": Wording(
        ("图像中{subject}有什么表现?", "这幅图像上{subject}的表现是什么?", "从图像上看,{subject}有何改变?"),
        "图像显示{value}。",
        ("{lead}{seen}综合以上所见,图像显示{value}。",),
        ("该图像显示的是{claimed},对吗?", "图像表现为{claimed},这一描述正确吗?"),
        ("下列哪一项描述与该图像相符?",),
        "表现要从图像上观察",
    ),
    "diagnosis": Wording(
        ("该图像所示的是哪种疾病或异常?", "图像所示病例的诊断是什么?"),
        "诊断为{value}。",
        ("{lead}{seen}该图像所示病例对应的诊断是{value},因此诊断为{value}。",),
        ("该图像所示病例的诊断是{claimed}吗?",),
        ("该图像所示病例的诊断是下列哪一项?",),
        "诊断要结合图像表现",
    ),
    "definition": Wording(("什么是{subject}?", "如何理解{subject}?"), "{sentence}。", _KNOWLEDGE_ZH, (),
                          ("下列哪一项符合这一描述:{value}?",)),
    "appearance": Wording(
        ("{subject}的超声表现有哪些?", "{subject}在超声上有什么表现?"), "{sentence}。", _KNOWLEDGE_ZH),
    "norm": Wording(("{subject}是多少?", "{subject}的参考值是多少?"), "{sentence}。", _KNOWLEDGE_ZH),
    "located": Wording(("{subject}位于何处?", "{subject}的位置在哪里?"), "{sentence}。", _KNOWLEDGE_ZH),
    "composed": Wording(("{subject}由哪些部分组成?", "{subject}包括哪些部分?"), "{sentence}。", _KNOWLEDGE_ZH),
    "classified": Wording(("{subject}如何分类?", "{subject}可分为哪几类?"), "{sentence}。", _KNOWLEDGE_ZH),
    "statement": Wording((), "{sentence}。", ("逐项核对这一说法的内容。正确的表述是:{sentence}。",),
                         ("下面的说法是否正确:{claimed}?", "判断正误:{claimed}。")),
}  # fmt: skip

WORDING: dict[Language, dict[Asks, Wording]] = {"en": ENGLISH, "zh": CHINESE}

# Last sentences of the thinking of a yes/no question, so that it ends where the answer begins.
VERDICT: dict[Language, dict[str, str]] = {
    "en": {"yes": " This agrees with what the question supposes.", "no": " This is not what the question supposes."},
    "zh": {"yes": "这与题目的说法一致。", "no": "题目的说法与此不一致。"},
}
ATTRIBUTES: dict[str, dict[Language, str]] = {
    "anatomy": {"en": "Structures", "zh": "涉及结构"},
    "echogenicity": {"en": "Echogenicity", "zh": "回声"},
    "texture": {"en": "Texture", "zh": "回声分布"},
    "margin": {"en": "Margin", "zh": "边界与形态"},
    "lesion": {"en": "Lesion", "zh": "病变"},
    "collection": {"en": "Fluid or gas", "zh": "积液或积气"},
    "change": {"en": "Change", "zh": "改变"},
    "doppler_sign": {"en": "Flow", "zh": "血流"},
    "artefact": {"en": "Artefact", "zh": "伪像"},
    "sign": {"en": "Sign", "zh": "征象"},
}
LEADS: dict[str, dict[Language, str]] = {
    "technique": {"en": "Technique: {value}. ", "zh": "成像方式为{value}。"},
    "plane": {"en": "View: {value}. ", "zh": "切面为{value}。"},
    "structure": {"en": "Region: {value}. ", "zh": "部位为{value}。"},
}
PLAIN_SEEN: dict[Language, str] = {
    "en": "The image is read from its overall impression to the detail. ",
    "zh": "按照由整体到局部的顺序观察图像。",
}
