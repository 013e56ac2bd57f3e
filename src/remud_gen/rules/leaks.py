"""Words that betray the page behind a question: figure numbers, panel letters, other pictures, the source, the task.

The learner sees one picture and the question, so none of these can be understood. Patterns run on text in NFKC form.
"""

from __future__ import annotations

from remud_gen.rules.page_talk import PAIR_CONFLICT as PAIR_CONFLICT
from remud_gen.rules.page_talk import SOURCE_TEXT as SOURCE_TEXT
from remud_gen.rules.page_talk import TASK_TALK as TASK_TALK
from remud_gen.rules.patterns import Pattern, compile_pattern

_ZH_NUMBER = r"[0-9]+|[一二三四五六七八九十]+(?=[,。、;:)\s\]所中为显可示看a-hA-H和与及]|$)"
_ZH_COUNTED = r"张|幅|副|个|例|次|导联|秒|天|周|月|年|岁|层|级|类|型|期|度|分|点|帧|倍|[cmk]m|ml|%"
_SHOWS = r"显示|所示|示|为|是|代表|描述|提示|可见|中|与|和|及|[,:、,。)]"
_EN_IMAGE = r"(?:images?|figures?|pictures?|photos?|photographs?|illustrations?|panels?|sonograms?|scans?|frames?)"
_EN_PICTURE = r"(?:images?|figures?|pictures?|photos?|photographs?|illustrations?|panels?)"
_ZH_PICTURE = r"(?:超声)?(?:声像)?(?:图像|图片|照片|图(?!解|文|谱|形))"

FIGURE_NUMBER: tuple[Pattern, ...] = (
    compile_pattern(
        r"(?<![心脑肌地电版像谱制导])(?:插图|附图|图表|图|见表|如表"
        rf"|附表)\s*(?:(?:{_ZH_NUMBER})(?:\s*[-–—~.]\s*[0-9]+)*)"
        rf"(?!\s*(?:{_ZH_COUNTED}))(?:\s*[(]?[A-Ha-h][)]?)?",
        "图|表",
    ),
    compile_pattern(
        r"(?<![\d.])表\s*\d+\s*[-–—.]\s*\d+|第\s*(?:\d+|[一二三四五六七八九十]+)\s*图(?!像|谱|层)", "表|图"
    ),
    compile_pattern(
        r"(?<![\d.~-])\d{1,2}-\d{1,2}-\d{1,3}(?![\d-])(?=\s*(?:[A-H]?的)?(?:图|插图|声像图|所示|号图))", "图|所示"
    ),
    compile_pattern(r"(?<![\d.~-])\d{1,2}-\d{1,3}(?![\d-])(?=\s*(?:所示|号图|图所示))", "图|所示"),
    compile_pattern(
        r"(?i:\bfig(?:ure|ures|s)?)\b\s*\.?\s*(?:[Ss]?\d+"
        r"|[IVX]+\b)(?:\s*[-–.]\s*\d+)*\s*(?:[(]?[A-Ha-h][)]?)?(?![A-Za-z])"
        r"(?![- ](?:knot|configuration|shape|pattern|appearance|sign|suture|loop))",
        "fig",
    ),
    compile_pattern(
        r"(?<!this )(?<!This )(?<!each )\b(?:Plate|Image|Illustration|Video|Movie|Clip|Table|Photo|Picture"
        r"|plate|image|illustration|table|video)\s+"
        r"(?:[Ss]?\d+(?:\.\d+)?|[IVX]{2,}\b)[a-hA-H]?\b(?!\.\d)(?!\s*[x×*]\s*\d)(?!\s*-?\s*(?:weeks?|mm|cm|days?|min|s\b|sec"
        r"|months?|years?|hours?|of\b|%|MHz|frames?))",
        "plate|image|illustration|video|movie|clip|table|photo|picture",
    ),
)

PANEL: tuple[Pattern, ...] = (
    compile_pattern(
        r"(?i)\b(?:figure|image|picture|photo)\s+part\s+\(?[a-h]\)?(?![a-z])|\bpart\s+\([a-h]\)"
        rf"|\bpart\s+[a-h]\s+of\s+(?:the|this)\s+{_EN_IMAGE}\b",
        "part",
    ),
    compile_pattern(
        rf"\b{_EN_IMAGE}\s+(?:that is |which is )?(?:label(?:l?ed)?|marked|lettered|tagged|called)\s+(?:as\s+|with\s+)?"
        r"(?:the\s+letter\s+)?[\"'“‘(]{0,2}[A-Ha-h](?![A-Za-z'-]|\s+[a-z]{3,})",
        "label|marked|lettered|tagged|called",
    ),
    compile_pattern(r"(?<![A-Za-z0-9])[A-Ha-h]\s*(?:、|和|与|及|,|/)\s*[A-Ha-h]\s*(?:两|二)?(?:幅|张)?图", "图"),
    compile_pattern(r"(?<![A-Za-z0-9])[A-H](?:[(][^)]{1,6}[)])?\s*(?:小|分|子|幅)?图(?![像谱形案])", "图"),
    compile_pattern(r"(?<![A-Za-z0-9 ])[a-h]\s*(?:小|分|子|幅)?图(?![像谱形案])", "图"),
    compile_pattern(
        r"\b[A-H]\s*(?:and|&|or|,|/)\s*[A-H]\s+(?i:sub)?(?i:panels?|figures?|images?|pictures?|parts?)\b"
        r"|\b[Tt]he\s+[A-H]\s+(?:panel|picture|sub-?figure)s?\b",
        "panel|figure|image|picture|part",
    ),
    compile_pattern(r"(?<![A-Za-z0-9])[A-H]\s*图像(?!模式)(?=中|显示|所示|里)", "图像"),
    compile_pattern(r"图(?:中|片|像)?(?:的)?\s*[(]?[A-Ha-h][)]?\s*(?:部分|区域|区|幅|处|侧)", "图"),
    compile_pattern(r"(?<![A-Za-z0-9])[A-Ha-h]\s*(?:部分|区|幅|侧)(?:的)?(?:图|影像|画面)", "图|影像|画面"),
    compile_pattern(
        r"(?<![心脑肌地])(?:子图|分图|小图|图像|图片"
        rf"|图)\s*[(]?\s*[A-Ha-h]\s*[)]?(?![A-Za-z0-9型超])\s*(?:{_SHOWS}|$)",
        "图",
    ),
    compile_pattern(r"(?:^|[,。;:\s])[(][A-Ha-h][)]\s*(?:图|示|显示|所示|为|中)", "("),
    compile_pattern(
        r"(?i:\b(?:sub-?)?(?:panel|figure|fig\.?|image|picture|photo|part|scan"
        r"|frame)s?)\s*\(?[A-H]\)?(?![A-Za-z]|-[a-z])(?!\s*(?:mode|line)s?\b)"
        r"(?!\s+of\s+(?!the\s+(?:figure|image|picture)))",
        "panel|fig|image|picture|photo|part|scan|frame",
    ),
    compile_pattern(
        r"(?i:\b(?:sub-?)(?:panel|figure|image))s?\s*\(?[A-Ha-h]\)?\b"
        r"|\b(?i:panels?)\s+\(?[a-h]\)?(?![A-Za-z])",
        "panel|subfig|sub-fig|subim|sub-im",
    ),
    compile_pattern(r"(?:^|[.;:]\s+)\([A-Ha-h]\)\s+\S", "("),
    compile_pattern(r"\b[Ii]n\s+\(?[A-H]\)?,\s|\b[Ii]n\s+\([A-Ha-h]\)|\bshown\s+in\s+\(?[A-H]\)?(?=[\s,.;)])", "in "),
    compile_pattern(r"\bpanel\s+(?:labell?ed\s+)?[\"'“‘(][A-Ha-h][\"'”’)]", "panel"),
)

# `the left panel` of a split screen can be understood when the source speaks of it too.
SCREEN_HALF: tuple[Pattern, ...] = (
    compile_pattern(
        r"(?i)\b(?:left|right|upper|lower|top|bottom|middle|cent(?:er|re|ral))(?:[- ]?(?:most"
        r"|hand))?\s+(?:panel|photo|picture|subfigure|figure)s?\b",
        "panel|photo|picture|figure",
    ),
    compile_pattern(r"(?<![一-龥])[左右](?:侧|边|半)?(?:幅|分|子|小)?图(?!像)", "图"),
)
SCREEN_HALF_SOURCES: tuple[Pattern, ...] = (
    compile_pattern(
        r"(?i)\b(?:panel|split|dual|side by side|left image|right image|left:|right:|\(left|\(right)",
        "panel|split|dual|side|left|right",
    ),
    compile_pattern(r"[左右](?:侧|边|半)?(?:幅|分|子|小)?图|双幅|分屏|双屏", "图|双|屏"),
)

OTHER_IMAGE: tuple[Pattern, ...] = (
    compile_pattern(
        r"(?:前|上|下|后|另)(?:面|边|述)?(?:的)?(?:那)?(?:一|几|两|二|三)?(?:张|幅|副"
        rf"|组)(?:的)?{_ZH_PICTURE}",
        "图|照片",
    ),
    compile_pattern(r"另(?:外)?(?:的)?(?:一|两|几)?(?:张|幅|副)(?:的)?[\u4e00-\u9fff]{0,6}?(?:图|照片)(?!谱)", "另"),
    compile_pattern(
        r"(?i)\b(?:companion|accompanying|adjoining|facing|neighbou?ring)\s+(?:\w+\s+)?"
        r"(?:sonogram|scan|frame|clip|cine|loop|view|image|picture)\b(?! (?:direction|plane|head))"
        r"|\b(?:images?|figures?|pictures?|photos?|sonograms?|scans?|frames?|clips?|panels?)\s+(?:that|which)\s+"
        r"(?:(?:immediately |directly )?(?:follow(?:s|ed)?|preced(?:es?|ed))|c[oa]mes? (?:next|before|after))"
        r"(?=\s*(?:[.,;:)]|$)|\s+(?:shows?|showed|is|are|was|were|has|have|depicts?|demonstrates?|displays?|gives?)\b)",
        "sonogram|scan|frame|clip|cine|loop|view|image|picture|figure|photo|panel",
        "companion|accompanying|adjoining|facing|neighb|follow|preced|come|came",
    ),
    compile_pattern(
        r"(?:和|与|跟|同|较|比|如|像)(?:前|上|下|后|另)(?:面|边)?(?:那|的)?(?:一|几)?(?:张(?!力)"
        r"|幅(?!度))",
        "张|幅",
    ),
    compile_pattern(r"(?<![一-龥])(?:前|上|下|后)(?:一)?(?:张(?!掖|力)|幅(?!度))(?=图|[,,相的])", "张|幅"),
    compile_pattern(
        r"(?<![以之如线左右])(?:上|下|前|后)(?:一)?图(?=[所显中为里相与和,。;)])|(?:如|见|参见|参照|参考|对照|对比"
        r"|与|和|同|跟|较|比)(?:上|下|前|后)(?:面|边|一)?图(?!像(?:处理|质量))",
        "图",
    ),
    compile_pattern(
        r"上述(?:的)?[\u4e00-\u9fff]{0,4}?(?:图像|图片|超声图|声像图)"
        r"(?!处理|质量|采集|技术|模态|学|表现|特征|特点|所见|征象|改变)"
        r"|(?:之前|先前|前述|前面|前文|后续|后面|其他|其它|另外|其余|别的|相邻|同组|同页"
        r"|配套)(?:的)?(?:[一二两三几])?(?:那|这)?(?:张|幅"
        r"|些)?(?:[\u4e00-\u9fff]{0,6}?)(?:的)?(?:图像|图片|超声图|图例|插图|声像图|那张图"
        r"|这些图)(?!处理|质量|采集|技术|模态|学)",
        "图",
    ),
    compile_pattern(
        r"(?:和|与|跟)(?:之前|先前|其他|其它|前面|上面|前者)(?:的)?(?:[\u4e00-\u9fff]{0,8})(?:图|影像"
        r"|照片)[^,。]{0,4}(?:相同|不同|一样"
        r"|相关|相比|比较|有什么|区别|对比)",
        "图|影像|照片",
    ),
    compile_pattern(
        r"第\s*(?:[一二三四五六七八九十]|\d+)\s*(?:张|幅|副|个)(?:超声)?(?:声像)?(?:图像|图片|照片|图)"
        r"|(?:两|二|三|四|这几|这些|几|各|前后)(?:张"
        r"|幅|副)(?:超声)?(?:声像)?(?:图像|图片|照片|图)",
        "图|照片",
    ),
    compile_pattern(r"(?:同一页|本页|这一页|该页|此页)(?:的|上的)?(?:其他|其它|另|图|所有|各)", "页"),
    compile_pattern(
        r"(?i)\b(?:previous|preceding|prior|earlier|next|following|other|another|second|third|fourth|fifth"
        r"|last|above|below|adjacent|neighbou?ring|companion|remaining|former|latter"
        r"|subsequent|different)\s+(?:ultrasound\s+|sonographic\s+|doppler\s+"
        rf"|us\s+)?{_EN_PICTURE}\b(?!\s*(?:quality|processing|plane|acquisition|section))",
        "image|figure|picture|photo|illustration|panel",
        "previous|preceding|prior|earlier|next|following|other|second|third|fourth|fifth|last|above|below|adjacent"
        "|neighb|companion|remaining|former|latter|subsequent|different",
    ),
    compile_pattern(
        r"(?i)\b(?:the\s+)?first\s+(?:of\s+(?:the|these|two)\s+)?(?:ultrasound\s+"
        rf"|sonographic\s+)?{_EN_PICTURE}\b|\b(?:both|these|those|two|three"
        r"|all(?: of)? the)\s+(?:ultrasound\s+|sonographic\s+)?(?:images|figures|pictures|photos"
        r"|panels)\b",
        "image|figure|picture|photo|panel",
        "first|both|these|those|two|three|all ",
    ),
    compile_pattern(
        r"(?i)\b(?:images?|figures?|pictures?|photos?)\s+(?:above|below|on (?:this|the) (?:same |next "
        r"|previous |facing )?page|elsewhere)\b",
        "image|figure|picture|photo",
        "above|below|page|elsewhere",
    ),
    compile_pattern(
        r"(?i)\b(?:image|figure|picture|panel)\s+(?:we\s+(?:just\s+)?(?:saw|discussed)|seen\s+(?:before"
        r"|earlier)|discussed\s+(?:above|earlier|before))",
        "image|figure|picture|panel",
        "we saw|we just|we discussed|seen|discussed",
    ),
    compile_pattern(
        r"(?i)\b(?:shown|depicted|pictured|illustrated)\s+(?:above|below|previously|earlier)(?=[.,;)]"
        r"|$)",
        "above|below|previously|earlier",
    ),
    compile_pattern(
        r"哪(?:一|几)?(?:张|幅|副)(?:图|超声|声像|照片|显示|中)|(?:这|该|本)组(?:的)?(?:图像|图片|声像图|照片|图(?!像?(?:处理|谱)))",
        "哪|组",
    ),
    compile_pattern(
        r"(?i)\b(?:in|to|with|from|than|on|as|since|after) the "
        r"(?:previous|preceding|prior|earlier|next|following|last|other|adjacent) "
        r"(?:(?:ultrasound|doppler|us) )?(?:scan|sonogram|view|frame|clip|cine|loop)s?\b",
        "scan|sonogram|view|frame|clip|cine|loop",
        "previous|preceding|prior|earlier|next|following|last|other|adjacent",
    ),
    compile_pattern(r"(?i)\bon (?:this|the same|the next|the previous|the facing|the opposite) page\b", "page"),
)

ANNOTATION: tuple[Pattern, ...] = (
    compile_pattern(
        r"(?i)\b(?:arrow(?:head)?s?|asterisks?|stars?"
        r"|(?:the|two|both|white|yellow|small|with|by) crosses"
        r"|(?<!tumor )(?<!tumour )(?<!serum )(?<!soft )markers?(?! (?:of|for)\b))\b",
        "arrow|asterisk|star|cross|marker",
    ),
    compile_pattern(r"箭头|箭号|星号|三角(?:号|标)|虚线圈|圆圈标", "箭|星号|三角|圈"),
)
# Whoever measured has set calipers.
CALIPERS: tuple[Pattern, ...] = (
    compile_pattern(r"(?i)\b(?:calipers?|callipers?|cursors?)\b", "caliper|calliper|cursor"),
    compile_pattern(r"游标", "游标"),
)
ANNOTATION_SIGNS = ("→", "↑", "↓", "←", "▲", "△", "*", "☆", "★", "+", "dist", "calip", "箭", "星", "三角", "标", "游标")

# Task qa has no picture, so pointing at one cannot be understood. General talk of images stays allowed.
TEXT_ONLY_POINTING: tuple[Pattern, ...] = (
    compile_pattern(
        r"(?<![地蓝])图中|(?:这|本|该|此)(?:张|幅|副|个|一)?(?:超声)?(?:声像)?(?:图像|图片|图(?!形"
        r"|谱))|图像(?:所示|显示的)|图片(?:中|里|上"
        r"|所示)|如图|图示|图所示|[上下]图(?=[所显中为])|所示(?:的)?(?:图|切面|病灶|结构)|箭头所",
        "图|箭头|所示",
    ),
    compile_pattern(
        r"(?i)\b(?:this|these|that)\s+(?:\w+[- ]){0,3}(?:images?|sonograms?|figures?|pictures?|scan"
        r"|echocardiogram|clip|video|frame|view shown)\b|\b(?:in|on|from)\s+the\s+(?:\w+[- ]){0,2}(?:image"
        r"|figure|picture|sonogram|photo)\b(?!\s*(?:plane|quality|when|if|processing))"
        r"|\bthe\s+(?:\w+\s){0,2}(?:image|figure|picture|sonogram)\s+(?:shows?|shown|depicts?"
        r"|demonstrates?|displayed|above|below|provided)\b|\b(?:shown|depicted|seen|displayed"
        r"|pictured) here\b|\b(?:white|red|yellow|black|long|short|open|solid|large|small)\s+arrow"
        r"|\bthe arrows?\b",
        "image|sonogram|figure|picture|scan|echocardiogram|clip|video|frame|photo|here|arrow|view",
    ),
)
