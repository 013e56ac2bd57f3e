"""Traces of the machinery: tags, special tokens, fences, JSON, unfilled templates."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

from remud_gen.filters.fields import read_texts
from remud_gen.filters.rule import Finding, RuleFilter, RuleOptions, reject_all
from remud_gen.records import Quadruplet, Severity
from remud_gen.rules.late import compile_late
from remud_gen.rules.patterns import compile_pattern

_TAG_NAMES = (
    "think|thinking|thought|answer|reasoning|analysis|reflection|question|image|images|img|video|audio|system|user"
    "|assistant|human|gpt|output|response|tool_call|tool_response|observation|final|json|scratchpad|im_start|im_end|s"
)
_TAGS = (
    compile_pattern(
        rf"</?\s*(?:{_TAG_NAMES})(?:[ _-]?\d{{1,3}}|[_-](?:start|end|pad|token|placeholder|id))?\b[^<>]{{0,60}}>",
        "<",
        flags=re.IGNORECASE,
    ),
    compile_pattern(
        r"<\|[^|<>]{1,40}\|?>|<\uff5c[^<>]{1,40}\uff5c>|<\|?(?:eot|bos|eos|pad|unk|sep|cls"
        r"|mask)(?:_id)?\|?>",
        "<",
    ),
    compile_pattern(
        r"<(?:start_of_turn|end_of_turn|image_soft_token|image_placeholder|vision_start|IMG_CONTEXT)>", "<"
    ),
    compile_pattern(
        r"</?(?:p|br|div|span|b|i|em|strong|sub|sup|table|tr|td|ul|li|h[1-6])\b[^<>]{0,60}/?>", "<", flags=re.IGNORECASE
    ),
    compile_pattern(r"```|~~~\w", "```|~~~"),
    compile_pattern(r"\[/?(?:INST|IMG|SYS|AVAILABLE_TOOLS|TOOL_CALLS)\]|<</?SYS>>", "[|<<"),
    compile_pattern(
        r"[{\[]\s*[\"']?(?:question|answer|thinking|items?|claims|options|answer_key|qtype)[\"']?\s*:", "{|["
    ),
    compile_pattern(r"[\"'](?:answer|question|thinking|answer_key|claims)[\"']\s*:\s*[\"'\[{]", ":"),
    compile_pattern(r"&(?:amp|lt|gt|quot|nbsp|#\d{2,5}|#x[0-9a-f]{2,5});", "&", flags=re.IGNORECASE),
    compile_pattern(r"^\s*(?:Human|Assistant|User|System)\s*:\s", "human|assistant|user|system"),
    compile_pattern(r"^\s*#{1,6}\s+\S", "#"),
    compile_pattern(r"\\boxed\{|\\(?:text|frac|begin)\{", "\\"),
)
_SLOT = r"your|the|insert|answer|question|option|options|text|fill|add|placeholder|选项|答案|问题|在此|此处|填写|请填"
_TEMPLATES = (
    compile_pattern(rf"<\s*(?:{_SLOT})[^<>]{{0,40}}>", "<", flags=re.IGNORECASE),
    compile_pattern(
        rf"\[\s*(?:{_SLOT})\s+[^\[\]]{{1,40}}(?:here|text|answer|question|goes)[^\[\]]{{0,20}}\]"
        rf"|\[\s*(?:insert|your)\b[^\[\]]{{0,40}}\]|[\[【](?:在此|此处|请)?(?:填写|插入"
        rf"|输入)[^\]】]{{0,20}}[\]】]",
        "[|【",
        flags=re.IGNORECASE,
    ),
    compile_pattern(
        r"\{\{\s*[\w. ]{1,40}\s*\}\}|\$\{?\w{2,20}\}|\$(?:question|answer|spans|caption|language)\b"
        r"|\{(?:question|answer|thinking|caption|context|image|option[A-H]?|问题|答案|选项|题目)\}",
        "{|$",
    ),
    compile_pattern(
        r"图片标题[,、]\s*编号[,、]\s*图注信息等|此处(?:填写|插入|为)(?:问题|答案|选项)|(?:问题|答案"
        r"|选项)内容(?:在此|写在这里)",
        "图片标题|此处|内容",
    ),
    compile_pattern(
        r"lorem ipsum|\bfoo ?bar\b|\bexample (?:question|answer) (?:here|text|\d)|\b(?:question|answer"
        r"|option|thinking) (?:text )?goes here",
        "lorem|foo|example|goes here",
        flags=re.IGNORECASE,
    ),
)
_WHOLE = compile_late(
    r"\s*[\"'“<\[(]?\s*(?:问题|答案|回答|思考|思考过程|推理过程|选项[A-H]?|题目|题干|内容|同上"
    r"|待补充|待填写|略|示例(?:问题|答案)?"
    r"|string|str|text|question|answer|thinking|reasoning|option(?: ?[A-H])?|n/?a|null|none|nil"
    r"|undefined|nan|todo|tbd|tba"
    r"|placeholder|example|sample|test|your (?:question|answer|thinking|text)|question text"
    r"|answer text|x{3,}|\.{2,}|…+|-+|_+|\?+)"
    r"\s*(?:here|\d{0,2})?\s*[\"'”>\])]?[\s。.:]*",
    re.IGNORECASE,
)


class MarkupFilter(RuleFilter[RuleOptions]):
    """Is there anything in a field that no person would have written."""

    name = "markup"
    codes: ClassVar[Mapping[str, str]] = {
        "TAG_LEAK": "A field holds tags, special tokens of a chat or image template, a code fence, or JSON.",
        "TEMPLATE_ECHO": "A field repeats a placeholder of the prompt instead of content.",
    }
    severities: ClassVar[Mapping[str, Severity]] = reject_all(codes)

    def find(self, record: Quadruplet) -> Iterator[Finding]:
        """Markup anywhere, placeholders anywhere, fields that are nothing but a placeholder."""
        texts = read_texts(record)
        for field, found in texts.scan(_TAGS):
            yield Finding("TAG_LEAK", field.name, found)
        echoed = set()
        for field, found in texts.scan(_TEMPLATES):
            echoed.add(field.name)
            yield Finding("TEMPLATE_ECHO", field.name, found)
        for field in texts.shown:
            is_option = field.kind == "options" and field.text.strip().lower() in ("none", "无")
            if is_option or len(field.text) >= 40 or field.name in echoed:
                continue
            if field.text and _WHOLE.fullmatch(field.text):
                yield Finding("TEMPLATE_ECHO", field.name, field.text)
