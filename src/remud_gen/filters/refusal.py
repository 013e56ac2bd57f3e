"""Answers that answer nothing: refusals and standing advice."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import ClassVar

from remud_gen.filters.fields import FieldText, read_texts
from remud_gen.filters.rule import Finding, RuleFilter, RuleOptions, reject_all
from remud_gen.records import Quadruplet, Severity
from remud_gen.rules.late import compile_late
from remud_gen.rules.normalise import squash
from remud_gen.rules.patterns import compile_pattern
from remud_gen.rules.words import split_sentences

_KNOW = (
    r"determin|judg|say|tell|answer|identif|assess|diagnos|conclu|provid|view|see\b|describ"
    r"|confirm|evaluat|interpret|access|analy[sz]|assist|help|offer|give|comment|make"
)
_GIVEN = (
    r"(?:this|the|these|those|given|provided|available|supplied|current"
    r"|limited)(?:\s+\w+){0,2}\s*(?:information|image|picture|context|text|data|caption"
    r"|description|details|material|alone)"
)
_PATTERNS = (
    compile_pattern(
        r"^\s*(?:目前|暂时|暂|尚)?(?:无法|不能|难以)(?:判断|确定|回答|得知|识别|评估|作答)[。.]?\s*$"
        r"|我(?:目前)?(?:看不到|看不见|看不清)",
        "无法|不能|难以|我",
    ),
    compile_pattern(
        r"(?i)^\s*(?:it )?(?:cannot|can't|unable to|impossible to) (?:tell|say|determine|answer|be determined)\.?\s*$"
        r"|\b(?:information|context|image|text|data|caption) (?:provided|given|available|supplied) (?:is|are|was) "
        r"(?:insufficient|not sufficient|not enough|inadequate|too limited)",
        "cannot|can't|unable|impossible|provided|given|available|supplied",
    ),
    compile_pattern(
        r"(?:抱歉|对不起|很遗憾|不好意思)[,,。!]?\s*(?:我|本|目前|无法|不能|图)", "歉|对不起|遗憾|不好意思"
    ),
    compile_pattern(
        r"我(?:目前|暂时|并)?(?:无法|不能|没有办法|没法|不具备|没有能力)(?:直接)?(?:查看|看到|识别"
        r"|提供|直接|回答|做出|确定|判断|访问|分析|解读|给出|浏览)",
        "我",
    ),
    compile_pattern(
        r"作为(?:一个|一名|一种)?(?:人工智能|AI|语言模型|大模型|智能助手|大语言模型|虚拟助手)"
        r"|我(?:只|仅仅?)?是(?:一个|一名|一款|一种)?(?:人工智能|AI|语言模型|大模型|智能助手|大语言模型|虚拟助手)",
        "作为|我",
    ),
    compile_pattern(
        r"(?:无法|不能|难以|不足以|没有办法)(?:仅)?(?:根据|从|依据|通过|凭|凭借|由)[^。]{0,16}(?:信息"
        r"|资料|内容|图片|图像|描述|文字|数据)[^。]{0,8}(?:确定|判断|回答|得出|得知|给出|识别|看出)",
        "无法|不能|难以|不足|没有办法",
    ),
    compile_pattern(
        r"(?:根据|从|依据|就|凭|凭借|由|基于)(?:已|所)?(?:提供|现有|给出|给定|目前|当前|有限)[^。]{0,12}(?:无法|不能"
        r"|难以|不足以)(?:做出|作出|得出|给出)?(?:准确|可靠|明确)?(?:的)?(?:确定|判断|回答|得出|识别|给出|明确)",
        "无法|不能|难以|不足",
    ),
    compile_pattern(
        r"(?:信息|资料|内容|描述)(?:不足|不够|有限|不完整)[,,]?\s*(?:因此|所以|故)?(?:无法|不能|难以)"
        r"|(?:没有|未)(?:提供|看到|收到|附上)(?:任何)?(?:图像|图片|足够|相关)",
        "不足|不够|有限|不完整|没有|未",
    ),
    compile_pattern(
        r"(?:无法|不能)(?:查看|看到|显示|打开|加载|访问)(?:该|此|这张|这幅|您|你"
        r"|任何)?[^。]{0,6}(?:图像|图片|照片)",
        "无法|不能",
    ),
    compile_pattern(
        r"(?:由于|因|因为)[^。]{0,12}(?:图像|图片|信息|资料)[^。]{0,8}(?:不清|模糊|不足|有限|不够)[^。]{0,6}?[,,]?(?:因此|所以|故)?"
        r"(?:无法|不能|难以)(?:做出|作出)?(?:判断|确定|回答|诊断|得出结论|作答|识别)[。.]?\s*$"
        r"|(?:信息|资料|内容|图像|描述|数据)(?:并|还|尚)?不足以(?:得出|做出|作出|支持|判断|确定|明确|回答|诊断)"
        r"|(?:本|该)(?:模型|系统|助手|程序)(?:目前|暂时)?(?:无法|不能|不具备)"
        r"|(?:仅|只|单|光)(?:从|凭|靠|根据|由|看)[^。,]{0,12}(?:无法|不能|难以|不足以|很难|没办法|没有办法|没法)"
        r"(?:得出|做出|作出|给出|提供|判断|确定|下|明确|诊断|回答)",
        "无法|不能|难以|不足|不具备|很难|没办法|没有办法|没法",
    ),
    compile_pattern(
        r"(?i)\b(?:I|we) (?:must|have to|will|would|shall|need to) (?:respectfully )?"
        r"(?:decline|refuse|refrain|abstain)\b"
        r"|\b(?:we|one|you) (?:cannot|can't|can not|could not) (?:tell|say|determine|answer|conclude|judge|know)\b"
        r"(?: (?:from|based|with|without|whether|what|which|this|that|given)\b|[.,;]|$)"
        r"|\b(?:image|picture|scan|photo) is (?:not|too) [^.;]{0,30}"
        r"(?:for me to|to answer\b|to give an? (?:answer|diagnosis)"
        r"|to (?:tell|say|judge|determine|decide)\s*(?:[.,;]|$))",
        "decline|refuse|refrain|abstain|cannot|can't|can not|could not|image is|picture is|scan is|photo is",
    ),
    compile_pattern(
        r"(?i)\bnot (?:something|an? (?:image|picture|scan|question)) (?:that )?(?:I|we) (?:am|are|can|could|feel)\b"
        r"|\b(?:I|we)(?:'m| am|'re| are) (?:not|un)\s?able to\b"
        r"|\bwithout (?:\w+ ){0,2}(?:access to|seeing|viewing|sight of) (?:the |this |an? |any )?(?:\w+ )?"
        r"(?:image|picture|scan|photo|figure|sonogram)s?\b[^.;]{0,40}"
        r"\b(?:no|not|cannot|can't|unable|impossible)\b"
        r"|\bno (?:\w+ )?(?:assessment|answer|diagnosis|conclusion|opinion|interpretation|judge?ment|comment) "
        r"(?:can|could|may) be (?:given|offered|made|provided|drawn|reached|ventured)\b"
        r"(?! (?:without|unless|until|before|in|on)\b)",
        "not something|not a|able to|without|no ",
    ),
    compile_pattern(
        r"(?i)\bas an? (?:ai\b|artificial intelligence|(?:large )?language model|virtual assistant"
        r"|text-based)|\bI(?:'m| am) (?:an ai\b|just an|only an ai|a language model)",
        "as a|i'm|i am",
    ),
    compile_pattern(
        r"(?i)\bI(?:'m| am) (?:sorry|afraid|unable|not able|not qualified|not permitted|not allowed)\b"
        r"|\b(?:sorry|apologi[sz]e|apologies|unfortunately|regrettably),?\s+(?:but\s+)?I\b"
        r"|\bI apologi[sz]e\b",
        "i'm|i am|sorry|apolog|unfortunately|regret",
    ),
    compile_pattern(
        r"(?i)\bI (?:cannot|can't|can not|could not|couldn't|do not|don't|am unable to|won't"
        rf"|will not) (?:(?:actually|directly|reliably|accurately|definitively)\s+)?(?:{_KNOW}"
        r"|have (?:access|enough|sufficient|the ability|information))",
        "i c|i d|i a|i w",
    ),
    compile_pattern(
        r"(?i)\b(?:cannot|can't|can not|could not|unable to) be (?:\w+ly )?(?:determined|assessed"
        r"|identified|answered|established|inferred|confirmed|ascertained|concluded) (?:\w+ )?(?:from"
        rf"|based on|with|using|given|by) {_GIVEN}",
        "be ",
        "cannot|can't|can not|could not|unable",
    ),
    compile_pattern(
        r"(?i)\b(?:not possible|impossible|difficult|hard|unable) to (?:\w+ly )?(?:determine|tell"
        rf"|answer|say|assess|identify|conclude|know|give)\b[^.]{{0,40}}\b(?:from|based on|with|without"
        rf"|given|using)\s+(?:{_GIVEN}|the image|seeing|more|further|additional|access)",
        "possible|difficult|hard|unable",
    ),
    compile_pattern(
        rf"(?i)\b(?:based on|from|given|with) {_GIVEN}(?: (?:given|provided|alone|available|supplied))?,? "
        r"(?:it is |we |one |I )?(?:not possible|impossible|cannot|can't|unable|not able|difficult|hard) ?(?:to )?\w+",
        "possible|cannot|can't|unable|not able|difficult|hard",
        "based on|from|given|with",
    ),
    compile_pattern(
        r"(?i)\b(?:insufficient|not enough|inadequate|lack of|no) (?:information|context|data"
        r"|detail)s?\b(?:\s+(?:is|are|was|were))?\s*(?:is |was )?(?:provided|given|available"
        r"|to (?:determine|answer|say|tell|conclude|assess|identify|make))"
        r"|\binsufficient information\b",
        "information|context|data|detail",
    ),
    compile_pattern(
        r"(?i)\b(?:no|without an?|without the) (?:image|picture|figure|photo|scan)s? (?:was|is|were"
        r"|has been|have been)?\s*(?:provided|attached|available|included|supplied|visible|uploaded)"
        r"|\b(?:image|picture|photo) (?:is|was|has) (?:not|n't) (?:been )?(?:provided|attached"
        r"|available|visible|included|uploaded|loaded|accessible)",
        "image|picture|photo|figure|scan",
        "provided|attached|available|included|supplied|visible|uploaded|loaded|accessible",
    ),
    compile_pattern(
        r"(?i)\bthe (?:provided|given|available|supplied) (?:information|image|context|text|data"
        rf"|caption|description)s? (?:does|do|is|are|did) not (?:\w+ )?(?:{_KNOW}|specify|contain"
        r"|mention|include|allow|state|sufficient|enough|indicate)",
        "provided|given|available|supplied",
    ),
)
_ADVICE_ZH = (
    r"(?:结合|咨询|就诊|就医|复查|复诊|寻求|遵医嘱|遵循医|(?:到|前往|去)[^,。]{0,8}(?:医院|门诊|科)"
    r"|综合[^,。]{0,12}(?=判断|分析|评估|考虑|进行)"
    r"|由[^,。]{0,10}(?:医生|医师|专家)|完善(?:相关)?检查|进一步(?:的)?(?:检查|评估|明确|诊断|随访|确诊))"
)
# A sentence that names a finding, a diagnosis or a number says something of its own.
_BOILERPLATE = compile_late(
    rf"(?!.*(?:考虑|提示|符合|诊断为|可见|\d))(?:(?:具体|最终|确切)[^,。]{{0,14}}[,,]?)?(?:但|不过|因此|同时|此外)?[,,]?"
    rf"(?:(?:仍|还|也|均)?(?:需要|需|应该|应|建议|请|必要时|务必)(?:患者|您)?(?:进一步|尽快|及时|尽早)?{_ADVICE_ZH}[^。]{{0,36}}"
    rf"|{_ADVICE_ZH}[^。]{{0,24}}(?:判断|分析|评估|诊断|确定|明确|确诊|处理))[。.!]?"
    r"|(?:请|应|需|需要|建议|务必)?(?:在|遵循|听从|遵从|按照)(?:专业|专科)?(?:医生|医师)(?:的)?(?:指导|建议|意见|医嘱)[^。]{0,24}[。.!]?"
    r"|(?:a|an|the|your)\s+(?:\w+\s)?(?:doctor|physician|specialist|radiologist|clinician|professional|surgeon)s? "
    r"(?:should|must|ought to|needs? to) be (?:consulted|contacted|seen|asked)[^.;]{0,80}[.!]?"
    r"|(?:以上|本|上述)(?:内容|回答|信息|解读|建议)[^。]{0,12}仅供参考[^。]{0,30}[。.!]?"
    r"|(?:please |it is (?:important|recommended|advisable|essential) (?:to|that you) |you should |patients? should "
    r"|always |i (?:would )?recommend(?: that you)? |we recommend |the patient should )*"
    r"(?:consult(?:ing|ation)?|seek(?:ing)?|see (?:a|your)|speak (?:to|with)|talk to|discuss(?: this)? with|contact"
    r"|clinical correlation|correlat(?:e|ion)|refer to (?:a|your)|follow up with (?:a|your)"
    r"|further (?:clinical |diagnostic |imaging )?(?:evaluation|assessment|work-?up|investigation|imaging))"
    r"\b[^.;]{0,110}[.!]?"
    r"|this (?:information|answer|response|interpretation) (?:is|should)[^.]{0,30}\b(?:not|no substitute|educational"
    r"|informational)[^.]{0,80}[.!]?",
    re.IGNORECASE,
)
_BOILERPLATE_WORD = compile_late(
    r"明确诊断|进一步检查|完善检查|确诊|医生|医师|临床|专科|就医|就诊|专业|医院|综合|仅供参考|结合(?:病史|其他)"
    r"|doctor|physician|specialist|professional|clinician|clinical|provider|radiologist"
    r"|medical advice|healthcare|correlat|history",
    re.IGNORECASE,
)


class RefusalFilter(RuleFilter[RuleOptions]):
    """Is the question answered at all."""

    name = "refusal"
    codes: ClassVar[Mapping[str, str]] = {
        "REFUSAL": "The model refuses, says it sees no image or has too little information.",
        "BOILERPLATE": "The answer, or a sentence of it, is only standing advice to consult or correlate.",
    }
    severities: ClassVar[Mapping[str, Severity]] = reject_all(codes)

    def find(self, record: Quadruplet) -> Iterator[Finding]:
        """Refusals in answers and thinking; standing advice in answers, removed where more is said."""
        texts = read_texts(record)
        for field, found in texts.scan(_PATTERNS):
            if field.kind in ("answer", "thinking"):
                yield Finding("REFUSAL", field.name, found)
        for field in texts.shown:
            if field.kind == "answer":
                yield from _find_boilerplate(record, field)


def _find_boilerplate(record: Quadruplet, field: FieldText) -> Iterator[Finding]:
    sentences = split_sentences(field.text)
    idle = [sentence for sentence in sentences if is_boilerplate(sentence)]
    if not idle:
        return
    if len(idle) == len(sentences):
        yield Finding("BOILERPLATE", field.name, field.text)
    elif field.name == "answer" and not any(_is_claimed(sentence, record) for sentence in idle):
        kept = "" if record.language == "zh" else " "
        replacement = kept.join(sentence for sentence in sentences if sentence not in idle)
        yield Finding("BOILERPLATE", field.name, idle[0], "fix", record.answer, replacement)


@lru_cache(maxsize=4096)
def is_boilerplate(sentence: str) -> bool:
    """Whether a whole sentence is standing advice."""
    return bool(_BOILERPLATE_WORD.search(sentence) and _BOILERPLATE.fullmatch(sentence.strip()))


def _is_claimed(sentence: str, record: Quadruplet) -> bool:
    """A claim that says the same makes the sentence an answer of its own."""
    text = squash(sentence)
    return any(squash(claim.text) in text for claim in record.claims if squash(claim.text))
