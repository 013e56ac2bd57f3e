"""What scanners print around a picture, as patterns: measured values, settings, dates, people, places."""

from __future__ import annotations

import re

from remud_gen.rules.late import compile_late
from remud_gen.rules.measurements import LABELS

# Digits as OCR may give them. One that holds a letter is never read as a number, only known to be one.
NUMBER = r"(?<![A-Za-z0-9.])[-+]?(?:\d[\dOolI|]*(?:\s?[.,]\s?[\dOolI|]+)?|[OolI|][.,]\d[\dOolI|]*)"
CLEAN_NUMBER = compile_late(r"[-+]?\d+(?:\.\d+)?")
UNIT = (
    r"(?:mm/s|cm/s(?:ec)?|m/s(?:ec)?2?|mm[²2]|cm[²2]|mm[³3]|cm[³3]|ml/min|l/min|ml|cc|mm\s?Hg|kPa|mm|cm|bpm|BPM|"
    r"%|°|deg|"
    r"ms(?:ec)?|kHz|MHz|Hz|dB|kg|g|厘米/秒|米/秒|平方厘米|立方厘米|毫升|厘米|毫米|次/分|度|s(?![a-z]))(?![A-Za-z0-9])"
)
MORE_NAMES = (
    "Diam|DIST|Dia|Circ(?:umference)?|Angle|Ang|VolFlow|TVol|Ellipse|LVPWD|LVIDD|IVSD|RVIDd|LVOT Diam|AoRoot|"
    "GA|EDD|AUA|EDC|GSD|HR|FHR|Time|Slope|PHT|DecT|DT|AccT|ET|AVA|MVA|CI|CO|Vs|Vd|VTI|EDV|ESV|SWV|Vs|Ratio|GS|角度|"
    "左室射血分数|射血分数|阻力指数|搏动指数|孕周|胎心率"
)
NAME = rf"(?:{LABELS}|{MORE_NAMES}|[LDWH]\d?|A\d|V\d?|P\d|[EA]['’]?|S|D)"
UNITLESS_NAMES = r"(?:RI|PI|S/D|E/A|E/[eE]['’]|PI/RI|Ratio|阻力指数|搏动指数)"
CALIPER = compile_late(
    rf"(?P<mark>[+×✕✚⊹]\s*\d?\s*(?=[A-Za-z\d.\u4e00-\u9fff-])|(?<!\S)\d{{1,2}}\s+(?:[+×✕]\s*)?(?=[A-Za-z]|"
    rf"(?<=[+×✕] )[\d.]))?\s*"
    rf"(?:(?<![A-Za-z])(?P<name>(?i:{NAME}))(?:\s?\d{{1,2}}(?=\s*[:：=\s])|"
    rf"\s?\([^()]{{1,12}}\))?\s*[:：=~]?\s*(?P<minus>-)?\s*)?"
    rf"(?P<number>{NUMBER})\s*(?P<unit>{UNIT})"
)
UNITLESS = compile_late(rf"(?<![A-Za-z])(?P<name>{UNITLESS_NAMES})\s*[:：=]?\s*(?P<number>{NUMBER})(?![A-Za-z%])")
GESTATION = compile_late(
    r"(?:(?<![A-Za-z])(?P<name>[A-Z]{2,4}|孕周)\s*[:：=]?\s*)?(?P<weeks>\d{1,2})\s?(?:w|"
    r"周)\s?(?:(?P<days>[0-6])\s?(?:d|天))?(?![A-Za-z])"
)
CALIPER_NAME = compile_late(rf"\s*(?:[+×✕✚⊹xX]|\d)?\s*(?P<name>{LABELS}|{MORE_NAMES})\s*\d?\s*[:：=]?\s*")

DEPTH = compile_late(
    rf"(?<![A-Za-z])(?:(?P<name>Depth|DEPTH|Dep|D|深度)\s*[:：=]?\s*)?(?P<number>{NUMBER})\s*(?P<unit>cm|"
    rf"厘米)(?![A-Za-z0-9/²³])"
)
FREQUENCY = compile_late(
    rf"(?<![A-Za-z])(?:(?P<name>FR|Frq|Freq|FPS|PRF|WF|Fr|F|频率|"
    rf"帧频)\s*[:：.]?\s*)?(?P<number>{NUMBER})\s*(?P<unit>[MmkK]?Hz|HZ|fps)(?![A-Za-z])"
)
PROBE = compile_late(
    r"(?<![A-Za-z0-9-])(?:[A-Z]{1,3}\d{1,2}-\d{1,2}[A-Za-z]{0,5}(?:-[A-Z])?|\d{1,2}[A-Z]{1,3}(?:-[A-Z]{1,2})|"
    r"[A-Z]{1,2}\d-\d-[A-Z]|"
    r"[A-Z]{1,2}\d{1,2}-\d{1,2})(?![A-Za-z0-9-])"
)
SETTING = compile_late(
    r"(?<![A-Za-z])(?:(?:MI|TI[SBC]?|TIs|TIb|TIc|Gain|GAIN|Gn|GN|G|DR|Dyn(?:amic)?\s?R(?:ng|ange)?|AO|AP|PWR|"
    r"Power|Pwr|Map|MAP|Persist|"
    r"Pers|FA|CHI|XRES|SRI(?:\s?I{1,3})?|Enh|Filt|WF|SV|Focus|Foc|WL|WW|Im|Se|TEE T|Pat\.?\s?T|Rej|Zoom|Sm|P|CP|C|M|"
    r"S/P|LAO|RAO|CRA|CAU|Comp|Col|Line Density|增益|动态范围|声功率|机械指数|"
    r"热指数)\s*[:：=.]?\s*[-+]?\d[\dOol|./\s]*(?:dB|%|"
    r"mm|°C|℃|\[D\])?(?![A-Za-z\d])|"
    r"(?:\[)?[l1I]m:\s*\d+/\d+)"
)
SETTING_WORD = compile_late(
    r"(?:2D|3D|4D|PW|CW|CF|CFM|CDFI|CPA|PDI|TDI|TEE|TOE|TTE|H?Gen|H?Pen|H?Res|HRes|Har|THI|Frq Gen|Adult Echo|"
    r"Cardiac|Abd(?:omen)?|"
    r"General|Small Parts|MSK|Vasc|OB|GYN|SRI\s?I{0,3}\s?\d*|XRES|CHI|Freeze|TOE ext|Gen|Low|Med|High|CEUS|"
    r"Contrast|Elasto\w*|SWE|"
    r"\d{1,2}(?:/\d{1,2}){1,3}|M\d|OM\d|T[1I]S?\s?\d\.\d)",
    re.IGNORECASE,
)
SWEEP = compile_late(r"\d{2,3}\s?mm/s(?:ec)?")
DECIBEL = compile_late(rf"{NUMBER}\s*dB(?![A-Za-z])")
TEMPERATURE = compile_late(rf"(?:[A-Za-z. ]*[:：]\s*)?{NUMBER}\s*(?:°C|℃)")
MONTH = r"(?:JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)[A-Z]*"
DATE = compile_late(
    r"(?<!\d)(?:(?:19|20)\d{2}\s?[-/.年]\s?(?:0?[1-9]|1[0-2])\s?[-/.月]\s?(?:[12]\d|3[01]|0?[1-9])日?|"
    r"(?:0?[1-9]|[12]\d|3[01])[-/.](?:0?[1-9]|[12]\d|3[01])[-/.](?:(?:19|20)\d{2}|\d{2})|"
    rf"(?:0?[1-9]|[12]\d|3[01])[- ]?{MONTH}[- ,]{{0,2}}(?:19|20)?\d{{2}}|{MONTH}[- ]\d{{1,2}},?\s(?:19|20)\d{{2}}|"
    r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))(?!\d)",
    re.IGNORECASE,
)
TIME = compile_late(r"(?<![\d:])(?:[01]?\d|2[0-3])[:：][0-5]\d(?:[:：][0-5]\d)?(?:\s?[AaPp]\.?[Mm]\.?)?(?![\d:])")
PATIENT = compile_late(
    r"姓\s?名|性\s?别|年\s?龄|病历号|住院号|门诊号|登记号|检查号|床号|患者|\b(?:patient|pt)\s*(?:name|id|no)|\bDOB\b|\bMRN\b|"
    r"\b(?:ID|Name|Age|Sex|Acc(?:ession)?(?:\s?#|\s?No)?|Patient|Pat\s?ID|Birth\w*)\s*[:：#]|[A-Za-z]+\^[A-Za-z]+|"
    r"\b\d{1,3}\s?(?:Y|yrs?|岁|yo)\s?/?\s?(?:[MF男女]\b|$)|[男女]\s?/?\s?\d{1,3}\s?岁",
    re.IGNORECASE,
)
NAME_PAIR = compile_late(r"[A-Z][A-Za-z'-]+,\s?[A-Z][A-Za-z'-]+(?:\s[A-Z]\.?)?")
INSTITUTION = compile_late(
    r"\bhosp\w*|\bclini(?:c|que|ca|co)\b|\bklini\w*|\buniv\w*|\binstitut\w*|\bmed(?:ical|\.)?\s?(?:cent\w*|ctr\b|college)|"
    r"\binfirmary|\bpoli(?:clini|tecni)\w*|"
    r"\bhealth\s?(?:care|system|cent\w*)|\bdiagnostic cent\w*|\bradiology\b|"
    r"医院|诊所|卫生院|医学院|保健院|医疗中心|超声科|体检中心|门诊部",
    re.IGNORECASE,
)
SCALE = compile_late(r"[\[(]?(?:[-+|]?\d{1,4}(?:\.\d{1,2})?)(?:\s+[-+]?\d{1,4}(?:\.\d{1,2})?){0,6}[\])]?")
SCALE_UNIT = compile_late(r"[\[(]?\s*(?:cm|mm|m/s|cm/s|c?m/s(?:ec)?|kPa|s|ms|dB|kHz|Hz|bpm)\s*[\])]?", re.IGNORECASE)
ORIENTATION_LETTER = compile_late(r"[RLPVAHFMGS]")
LABEL = compile_late(
    r"[A-Za-z][A-Za-z0-9'/-]*(?:[ .-]{1,2}[A-Za-z0-9][A-Za-z0-9'/-]*){0,4}|[\u4e00-\u9fff]{1,10}(?:\d{0,2})"
)
