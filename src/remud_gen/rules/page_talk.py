"""Words about the page and the task behind a question: its source, the order to write it, a doubt about the pair.

Patterns run on text in NFKC form.
"""

from __future__ import annotations

from remud_gen.rules.patterns import Pattern, compile_pattern

_EN_SOURCE = (
    r"(?:(?:figure|image|photo|table)\s+)?(?:captions?|legends?|passages?|excerpts?|footnotes?|paragraphs?|textbooks?"
    r"|chapters?|articles?|documents?|book|page|figure title|title of the (?:figure|image)|snippets?"
    r"|evidence (?:text|spans?)"
    r"|(?:source|provided|given|accompanying|supplied|surrounding|original|reference|following|above)\s+"
    r"(?:text|context|documents?|descriptions?|material|information|passage|source|captions?|legends?"
    r"|notes?|data|excerpts?))"
)
_EN_SAYS = (
    r"(?:states?|says?|mentions?|indicates?|describes?|notes?|reads?|gives?|provides?|tells?|explains?"
    r"|specif(?:y|ies)|reports?|adds?|lists?|stated|said|mentioned|described|noted"
    r"|(?:does|do|did) not (?:state|say|mention|indicate|describe|specify|tell|explain|give|report|list))"
)

SOURCE_TEXT: tuple[Pattern, ...] = (
    compile_pattern(
        r"图解(?:要点|说明)?|图注|题注|图题|图说|脚注|图例(?:说明|文字|中|写|显示|所示|指出|提示)"
        r"|(?:图片|图像|图)(?:的)?(?:标题|说明|注释|题目|文字说明"
        r"|下方(?:的)?文字|旁(?:的)?文字)",
        "图|题注|脚注",
    ),
    compile_pattern(
        r"(?:根据|依据|按照|参照|结合|从|由|依照|参考|基于|据)(?:上述|上面|以上|所附|该|此|这段|这些"
        r"|本|图片|图像|图)?(?:的)?(?:标题|题目|题干|文字|原文"
        r"|描述文字|资料|给出的|所给|提供的|给定的?|片段|段落|文本|上下文|书本|书中|书上|教材|章节"
        r"|材料|说明文字|注释|注解|图例|图表)(?!依据|对比)",
        "据|照|合|从|由|考|基于",
    ),
    compile_pattern(
        r"\b(?:captions?|legends?|excerpts?|snippets?)\b|(?i:\b(?:the|this|that|next|previous|last|first) paragraphs?\b"
        r"|\b(?:the|this) (?:chapter|textbook)\b(?! (?:example|appearance|case|sign))"
        r"|\b(?:surrounding|provided|accompanying|adjoining|supplied|source) "
        r"(?:text|words|description|prose|passage)\b)",
        "caption|legend|excerpt|snippet|paragraph|chapter|textbook|surrounding|provided|accompanying|adjoining|supplied"
        "|source",
    ),
    compile_pattern(
        r"(?i)\b(?:descriptions?|text|words|notes?|information) (?:that (?:is|comes|was) )?"
        r"(?:given|supplied|provided|printed|written|found) "
        r"(?:with|for|beside|along with) (?:the|this) (?:image|picture|figure|photo)\b"
        r"|\b(?:the|these) authors? (?:also )?"
        r"(?:report|describe|state|note|suggest|conclude|say|mention|call|write)s?\b"
        r"|\b(?:our|my) source\b",
        "image|picture|figure|photo|author|source",
        "given|supplied|provided|printed|written|found|author|source",
    ),
    compile_pattern(
        r"(?i)\b(?:write-?up|blurb|commentary|narrative|annotations?|account|remarks?|gloss|description|words?|text|prose)\b"
        r"[^.;,]{0,16}\b(?:accompany(?:ing)?|accompanies|supplied|provided|given|printed|written|attached|goes with"
        r"|comes with|that goes)\b"
        r"[^.;,]{0,12}\b(?:picture|image|figure|photo|case|scan)s?\b"
        r"|\b(?:book|chapter|author|article|textbook|captions?|source|paper|editor)['’]s?\s+(?:\w+\s+)?"
        r"(?:descriptions?|texts?|words|words?ing|captions?|explanations?|accounts?|statements?|notes?|labels?|legends?)\b",
        "picture|image|figure|photo|case|scan|description|text|word|caption|explanation|account|statement|note|label|legend",
        "accompan|supplied|provided|given|printed|written|attached|goes|comes|'|’",
    ),
    compile_pattern(
        r"(?:引自|摘自|出自|来自|取自|见于|源于|抄自|转自)(?:上述|原|该|此|所附|图片)?(?:的)?"
        r"(?:说明|文字|图注|题注|图解|原文|书|标题|教材)(?!证)"
        r"|(?:原始|原有|给定|随附|所附|附带|配套)(?:的)?(?:图片|图像|文字)?(?:的)?(?:说明|描述|文字|解说|注释|文本|标题)"
        r"|配图(?:的)?(?:说明|文字|描述|标题|注)",
        "自|见于|源于|原|定|附|配",
        "说明|文字|图注|题注|图解|原文|书|标题|教材|描述|解说|注释|文本|注",
    ),
    compile_pattern(
        r"作者(?:们)?(?:指出|认为|报道|报告|描述|提到|写|提出|说|介绍|强调)",
        "作者",
    ),
    compile_pattern(
        r"(?:文字|题目下方|下方文字|配文)(?:说明|描述|部分)?(?:里|中|上|内)?(?:的文字)?(?:已|也|还)?"
        r"(?:说|写|表明|指出|提到|给出|显示|标明|注明|描述|介绍|认为|称|提示)|(?<![文证申说报])书(?:上|中|里|内)(?:认为|归|列|把|将|称)",
        "文字|题目|配文|书",
    ),
    compile_pattern(r"虽然标题|标题(?:是|为|写|提到|中|所示|显示|指出|上|里|已)", "标题"),
    compile_pattern(
        r"(?:书中|书上|书里|本书|该书|原书|教材|教科书|文中|文内|原文|本页|这一页|该页|本节|本章|该章"
        r"|上文|下文|前文|文字说明|说明文字|文字部分|文字描述|注解|注释|(?:所给|给出|提供|给定"
        r"|参考|上述)(?:的)?(?:资料|材料|文本|文字|信息|描述|说明|内容|片段)|(?<!临床)(?<!影像)(?<!病理)(?<!病史)(?<!随访)(?:资料|材料)"
        r"|原文片段|片段)(?:文字)?(?:的)?(?:说明|里|中|内)?(?:已"
        r"|也|还|曾)?(?:提到|提及|指出|写|给出|显示|描述|说明|所述|所示|介绍|记载|讲到|谈到|表明|提示"
        r"|标明|注明|说|讲|称|交代|列出)",
        "书|教材|文|页|节|章|料|片段|信息|描述|内容|说明|注",
    ),
    compile_pattern(
        r"(?:见|参见|详见|参考|参阅)(?:本书|本章|上文|下文|前文|后文|原文"
        r"|第\s*[0-9一二三四五六七八九十]+\s*[章节页])",
        "见|参",
    ),
    compile_pattern(
        r"(?i)\b(?:according to|based on|as (?:stated|described|mentioned|noted|given|indicated|explained"
        r"|reported|written) (?:in|by)|as per|per|from|in|by|with|using|consult(?:ing)?|see|quoting"
        rf"|within)\s+(?:the|this|that|its)\s+{_EN_SOURCE}\b(?!\s+of\s+(?:the\s+)?(?:heart|bleeding"
        r"|infection|section))",
        "caption|legend|passage|excerpt|footnote|paragraph|textbook|chapter|article|document|book"
        "|page|title|snippet|evidence|text|context|description|material|information|source|notes|data",
    ),
    compile_pattern(
        r"(?i)\b(?:according to|based on|as (?:stated|described|mentioned|noted|given|written) (?:in|by)"
        r"|as per|from|per|in)\s+(?:the|this)\s+(?:text|context|description|source|title|author'?s?"
        r"|authors)\b(?!\s+(?:of|in|for|with|to|that)\b|-)",
        "text|context|description|source|title|author",
    ),
    compile_pattern(
        rf"(?i)\b(?:the|this|its|a|accompanying)\s+{_EN_SOURCE}\s+(?:also\s+|clearly\s+|explicitly\s+"
        rf"|itself\s+|only\s+|above\s+|below\s+)?{_EN_SAYS}\b",
        "caption|legend|passage|excerpt|footnote|paragraph|textbook|chapter|article|document|book"
        "|page|title|snippet|evidence|text|context|description|material|information",
    ),
    compile_pattern(
        r"(?i)\b(?:the|this)\s+(?:text|authors?|context|description|title|(?:our |my )?source|material|editor)\s+"
        r"(?:also\s+|clearly\s+|explicitly\s+|only\s+)?"
        r"(?:states?|says?|mentions?|notes?|describes?|reads?|tells us|gives?|writes?|points out"
        r"|(?:does|do|did) not (?:state|say|mention|indicate|describe|specify|tell|explain|give))\b",
        "text|author|context|description|title|source|material|editor",
    ),
    compile_pattern(
        r"(?i)\b(?:provided|supplied|accompanying|source)\s+(?:texts?|captions?|passages?|descriptions?|excerpts?|documents?"
        r"|contexts?|legends?)\b|\bgiven\s+(?:text|caption|passage|description|excerpt|legend)s?\b",
        "text|caption|passage|description|excerpt|document|context|legend",
    ),
    compile_pattern(
        r"(?i)\b(?:caption|legend)\s*(?:states?|says?|mentions?|indicates?|describes?|notes?|reads?|gives?"
        r"|:)|\b(?:image|figure|photo)\s+(?:captions?|legends?|titles?|notes?|headings?)\b|\bcaptioned\b"
        r"|\bin the (?:figure|image) (?:text|note)s?\b",
        "caption|legend|title|text|note",
    ),
    compile_pattern(
        r"(?i)\b(?:notes?|text|words?|lines?|sentences?|description|heading)\s+(?:printed |written |given )?"
        r"(?:under|below|beneath|beside|next to|above|accompanying|alongside|around)\s+(?:the|this)\s+"
        r"(?:figure|image|picture|photo|illustration)\b",
        "figure|image|picture|photo|illustration",
        "under|below|beneath|beside|next to|above|accompanying|alongside|around",
    ),
    compile_pattern(
        r"(?i)\b(?:see|on|refer to|in)\s+(?:pages?|pp?\.|chapter|ch\.|section)\s*\d+", "page|p.|pp|chapter|ch.|section"
    ),
)

TASK_TALK: tuple[Pattern, ...] = (
    compile_pattern(
        r"用户(?:要求|想要|希望|让我|需要|问|给|提供|的(?:问题|要求|指令))|系统提示|提示词|(?:输出"
        r"|返回|生成)(?:一个|为)?\s*(?:JSON|json)"
        r"|JSON\s*(?:格式|对象)|四元组|(?:按照|遵循|根据)(?:系统|上述|给定)?(?:的)?(?:提示|要求"
        r"|指令)(?:的)?(?:格式|输出|,)?|不能提到|不得提及"
        r"|不能透露|证据片段|出题(?:人|要求|者)?|题目要求(?:我)?|(?:我|需要|请)(?:需要|应该|必须|得"
        r"|要)?(?:先|为我|帮我|再)?(?:生成|编写|设计|构造|写出)(?:一|几"
        r"|这)?(?:个|道|条|组)?(?:问题|题目|答案|问答|思考|对话)|指令(?:要求|中)|这(?:道|个)(?:问答"
        r"|样本|数据)(?:应|需|要)",
        "用户|提示|json|四元组|要求|提到|提及|透露|证据|题|指令|生成|编写|设计|构造|写出|问答|样本|数据",
    ),
    compile_pattern(
        r"(?i)\bspan_?ids?\b|\bJSON (?:object|format|schema|output|string|fields?|keys?|response|array|reply)\b|"
        r"\b(?:valid|output|return|an?|as|in|the|into) JSON\b(?! ?\))|\b(?:the|this|my|required|output|given|"
        r"response|json) schema\b(?! of)"
        r"|\bclaim_ids?\b|\banswer_key\b",
        "span|json|schema|claim_id|answer_key",
    ),
    compile_pattern(
        r"(?i)\bthe user(?:'s)?\s+(?:wants?|asks?|asked|requests?|requested|needs?|is asking|provided|gave"
        r"|said|question|prompt|would like)|\b(?:asked|told|instructed) (?:me )?(?:by the user"
        r"|to (?:keep|mention|avoid|describe|quote|use|answer|say|think|explain)"
        r"|to (?:output|generate|produce|write|return|create))"
        r"|\b(?:my|the|this|our) task (?:is|was|requires?|asks?|says?)\b|\breasoning (?:trace|chain)\b"
        r"|\b(?:the|this|my|each) (?:question|item|stem) (?:should|must|needs? to|has to|ought to)\b"
        r"|\b(?:the|my|this) answer (?:should|must|needs? to|has to) "
        r"(?:mention|rest|include|cite|quote|state|contain|avoid|use)\b"
        r"|\b(?:requested|asked|required|specified|wanted|supplied|provided) by the "
        r"(?:user|prompt|instructions?|task|system)\b",
        "user|asked|told|instructed|prompt|instruction|task|by the system|trace|chain|question|item|stem|answer",
        "user|asked|told|instructed|task|reasoning|should|must|need|has to|ought|requested|required|specified|wanted"
        "|supplied|provided",
    ),
    compile_pattern(
        r"(?i)\b(?:make|keep|phrase|word|pitch|design|set|write)\s+"
        r"(?:(?:this|my|these)\s+(?:questions?|items?|options?)|(?:the|this|my|these)\s+(?:question|stem|distractor)s?)\b"
        r"|(?<!cardiac )\b(?:the|my|this) (?:output|response|reply) (?:should|must|needs? to|has to|is to) "
        r"(?:be (?:an? (?:list|json|valid|single)|valid|formatted)|contain|include|follow (?:the|this)|use|list"
        r"|consist|only)\b"
        r"|\bhope (?:this|that|it) (?:helps|meets|satisf|fits|answers|works|is what)"
        r"|\byour (?:formatting|format|requirements?|instructions?|request|specifications?|guidelines|prompt)\b"
        r"|\bhere (?:is|are|'s) (?:the|your|a|an|my) (?:\w+ )?"
        r"(?:question|answer|item|json|output|response|reasoning)s?\b(?! (?:whether|of|if)\b)",
        "question|item|stem|distractor|option|output|response|reply|hope|your|here",
        "make|keep|phrase|word|pitch|design|set|write|should|must|need|has to|is to|will|hope|your|here",
    ),
    compile_pattern(
        r"(?:把|将|让|使)(?:这|该|本|此)?(?:道|个|一)?(?:题|题目|问题|选项|题干|干扰项)(?!目?标)(?:的)?[^。,]{0,8}?"
        r"(?:设计|设置|改|写|编|弄|做|出)(?:得|成|为|的)"
        r"|(?:希望|但愿)(?:以上|这|该|上述|能|对)[^。,]{0,10}(?:帮助|有用|满足|符合)|(?:您|你)的(?:要求|指令|格式|需求|提示)"
        r"|以下(?:是|为)(?:我|本题|该题|生成|问题|答案|题目)|(?:根据|按照?|依照?|遵循)提示词|(?:控制|限制)在\s*\d+\s*(?:个)?(?:字|词)",
        "题|选项|干扰项|希望|但愿|您的|你的|以下|提示词|控制|限制",
    ),
    compile_pattern(
        r"(?:这个|这项|该|本|我的|此)任务(?:是|要求|需要|中)|写出(?:推理|思考)(?:过程)?|(?:推理|思考)(?:过程|部分)(?:需|应|要|只|里|中)",
        "任务|写出|推理|思考",
    ),
    compile_pattern(
        r"(?:按|照|按照|依照)(?:指定|规定|要求|给定|所需)?(?:的)?格式(?:输出|返回|作答|给出|回答)"
        r"|\b[Ll]et me (?:now )?(?:write|generate|create|craft|formulate|draft|compose) (?:the|a|an|this|my) "
        r"(?:\w+ )?(?:question|answer|item|response|thinking)",
        "格式|let me",
    ),
    compile_pattern(
        r"(?i)\bsystem (?:prompt|message|instruction)|\bthe prompt\s+(?:says?|asks?|states?|requires?"
        r"|wants?)|\b(?:in|from) (?:the|my) prompt\b|\b(?:the|these|those|my|given) (?:instructions?"
        r"|guidelines|rules) (?:says?|states?|require|ask|tell|forbid|specif|are clear|is clear|mention"
        r"|prohibit)|\b(?:follow(?:ing)?|per|as per|according to) (?:the|these|my|your) (?:instructions?"
        r"|prompt|rules|format|guidelines given)\b|\bthe (?:required|requested|expected|output"
        r"|specified) (?:output |response |json )?format\b",
        "prompt|instruction|rules|guidelines|format|system",
    ),
    compile_pattern(
        r"(?i)\bI(?:'ll| will| need to| have to| must| should| can| am going to|'m going to| was asked to"
        r"| am asked to)\s+(?:now |then |also |just |only )?(?:not mention|avoid mention|not refer"
        r"|avoid refer|not reveal|not cite|avoid cit|output|return|generate|produce|write (?:a|an|the|one"
        r"|two|three|my|out)|create (?:a|an|the|one|two)|craft|formulate|phrase|compose|format|make sure"
        r"|ensure that the (?:question|answer))|\bdo(?:n't| not) (?:mention|reference|reveal|cite) (?:the"
        r"|any|it)|\bwe (?:must|should|can|may)(?:not| not|n't) (?:mention|reveal|cite|refer|disclose|quote)"
        r"|\b(?:evidence|source|text) spans?\b|\bthe (?:learner|student|trainee) (?:cannot|can't"
        r"|does not|only sees|never sees|won't)|\b(?:as|for) (?:a |the )?(?:training data|fine-?tuning"
        r"|dataset)\b|\bground[- ]truth answer\b|\bquestion[- ]answer pair",
        "i |i'|mention|reference|reveal|span|learner|student|trainee|training|tuning|dataset|ground|pair|cite",
    ),
)

PAIR_CONFLICT: tuple[Pattern, ...] = (
    compile_pattern(
        r"(?:看起来|看上去|似乎|好像|貌似)(?:并)?(?:不太|不|并非|没有)像|(?:不太|不怎么)像(?:是)?|(?:看起来|看上去|似乎|好像)(?:并)?不是",
        "像|似乎|看起来|看上去",
    ),
    compile_pattern(
        r"(?:虽然|尽管|虽|即使)(?:图片|图像|图)?(?:的)?(?:标题|图题|题注|图解|题目|图注|说明|资料|文字|描述|标注"
        r"|原文)[^。]{0,30}(?:但|然而|实际|却|可)",
        "虽|尽管|即使",
    ),
    compile_pattern(
        r"与(?:给出的|所给的|图片|图像|原)?(?:标题|图注|说明|描述|文字|题注|图题|资料|原文"
        r"|标注)(?:并)?(?:[\u4e00-\u9fff]{0,6})(?:不符|不一致"
        r"|不匹配|不相符|矛盾|不对应|有出入|冲突)|图文(?:并)?不(?:符|一致|匹配)|(?:标题|图注|描述|文字"
        r"|题注)(?:与|和)(?:图像|图片"
        r"|图)(?:[\u4e00-\u9fff]{0,6})(?:不符|不一致|不匹配|矛盾)",
        "不|矛盾|出入|冲突",
    ),
    compile_pattern(
        r"(?i)\b(?:although|though|while|despite|whereas|even though|notwithstanding|contrary to"
        r"|in contrast to|unlike)\s+(?:what\s+)?(?:the|its|this)\s+(?:(?:figure|image|given|provided"
        r"|original)\s+)?(?:captions?|title|label|text|description|legend|note)\b",
        "caption|title|label|text|description|legend|note",
        "though|while|despite|whereas|notwithstanding|contrary|contrast|unlike",
    ),
    compile_pattern(
        r"(?i)\b(?:does not|doesn't|do not|don't|did not|fails? to|not) (?:really |quite |fully |seem to "
        r"|appear to |actually )?(?:match(?:ing)?|correspond(?:ing)? (?:to|with)|agree(?:ing)? with"
        r"|look like|fit|align with|resemble|support|consistent with)\s+(?:what\s+)?(?:the|its"
        r"|this)\s+(?:(?:figure|image|given|provided|stated)\s+)?(?:captions?|description|title"
        r"|label(?:l?ing)?|text|legend|stated|claimed)\b",
        "match|correspond|agree|look|fit|align|resemble|support|consistent",
        "not|n't|fail",
    ),
    compile_pattern(
        r"(?i)\b(?:image|picture|figure)s? and (?:the |its )?(?:captions?|text|labels?|title|description|legend)s? "
        r"[^.;]{0,20}(?:inconsisten|match|disagree|conflict|contradict|differ)",
        "inconsisten|match|disagree|conflict|contradict|differ",
        "image|picture|figure",
    ),
    compile_pattern(
        r"(?i)\b(?:whatever|regardless of what|no matter what) the "
        r"(?:captions?|title|label|text|description|legend) says?"
        r"|\b(?:label|captions?|title|text|heading|legend|description|note) (?:says?|states?|reads?|claims?|calls?"
        r"|mentions?|suggests?)\b[^.;]{0,60}\b(?:but|yet|however|whereas|while|although)\b",
        "label|caption|title|text|heading|legend|description|note",
        "whatever|regardless|no matter|but|yet|however|whereas|while|although",
    ),
    compile_pattern(
        r"(?:标题|图题|题目|图注|题注|说明|文字|标注|描述)(?:虽然|虽|尽管)[^。]{0,20}(?:但|却|然而|实际|可是)"
        r"|(?:文字|标题|图注|题注|标注|说明|描述|图题)(?:里|中|上)?(?:说|写|称|标明|认为|写的是|说的是)(?:是|为|成)?[^。]{0,20}"
        r"(?:但|然而|可是|而)(?:是)?(?:图像|图片|图中|画面|实际|看)",
        "文字|标题|图注|题注|标注|说明|描述|图题",
        "但|然而|可是|而|却|实际",
    ),
    compile_pattern(
        r"(?i)\b(?:mismatch|discrepancy|inconsisten\w+|disagreement|conflict) (?:between"
        r"|with) (?:the )?(?:image|picture|caption|text|description|legend|title)|\bcaption (?:is|seems"
        r"|appears|may be|must be) (?:wrong|incorrect|mistaken|misleading|for another|for a different)"
        r"|\bthe (?:image|picture|figure|scan) (?:appears|seems|actually appears|looks) (?:to (?:show|be"
        r"|depict) |like )[^.]{0,60}\b(?:instead|rather than|not the|and not)\b|\bthe image (?:actually"
        r"|in fact|instead) (?:shows|depicts)",
        "image|picture|caption|figure|scan",
        "mismatch|discrepan|inconsisten|disagree|conflict|caption|appears|seems|actually|looks|in fact|instead",
    ),
)
