"""Abbreviations that are commonly written into ultrasound pictures, with what they usually stand for.

Only a fallback: the same letters mean other things elsewhere (PV is the portal vein, a pulmonary vein or the pulmonary
valve), so a figure's own key always comes first and ambiguous ones list no meaning at all.
"""

from __future__ import annotations

from remud_gen.records import Language

_TABLE = """
LK|left kidney|左肾
RK|right kidney|右肾
KID|kidney|肾
AO|aorta|主动脉
IVC|inferior vena cava|下腔静脉
SVC|superior vena cava|上腔静脉
SMA|superior mesenteric artery|肠系膜上动脉
SMV|superior mesenteric vein|肠系膜上静脉
GB|gallbladder|胆囊
CBD|common bile duct|胆总管
CHD|common hepatic duct|肝总管
PD|pancreatic duct|胰管
LIV|liver|肝
RHV|right hepatic vein|肝右静脉
MHV|middle hepatic vein|肝中静脉
LHV|left hepatic vein|肝左静脉
HV|hepatic vein|肝静脉
PANC|pancreas|胰腺
SPL|spleen|脾
SPV|splenic vein|脾静脉
UB|urinary bladder|膀胱
BL|bladder|膀胱
UT|uterus|子宫
EM|endometrium|子宫内膜
CX|cervix|宫颈
LO|left ovary|左卵巢
RO|right ovary|右卵巢
LOV|left ovary|左卵巢
ROV|right ovary|右卵巢
PL|placenta|胎盘
FH|fetal head|胎头
GS|gestational sac|妊娠囊
YS|yolk sac|卵黄囊
UA|umbilical artery|脐动脉
UV|umbilical vein|脐静脉
MCA|middle cerebral artery|大脑中动脉
DV|ductus venosus|静脉导管
LV|left ventricle|左心室
RV|right ventricle|右心室
LA|left atrium|左心房
RA|right atrium|右心房
RVOT|right ventricular outflow tract|右室流出道
LVOT|left ventricular outflow tract|左室流出道
IVS|interventricular septum|室间隔
IAS|interatrial septum|房间隔
MV|mitral valve|二尖瓣
TV|tricuspid valve|三尖瓣
AV|aortic valve|主动脉瓣
MPA|main pulmonary artery|主肺动脉
DAO|descending aorta|降主动脉
AAO|ascending aorta|升主动脉
PE|pericardial effusion|心包积液
CCA|common carotid artery|颈总动脉
ICA|internal carotid artery|颈内动脉
ECA|external carotid artery|颈外动脉
IJV|internal jugular vein|颈内静脉
TR|trachea|气管
TH|thyroid|甲状腺
ISTH|isthmus|峡部
CFA|common femoral artery|股总动脉
CFV|common femoral vein|股总静脉
SFA|superficial femoral artery|股浅动脉
POPA|popliteal artery|腘动脉
POPV|popliteal vein|腘静脉
GSV|great saphenous vein|大隐静脉
PROS|prostate|前列腺
TES|testis|睾丸
EPI|epididymis|附睾
"""
_AMBIGUOUS = frozenset({"PV", "PA", "FA", "FV", "BD", "SV", "VA", "L", "S", "C", "P", "K", "M", "N", "T", "U", "B"})
_MEANINGS: dict[str, dict[Language, str]] = {
    label: {"en": english, "zh": chinese}
    for label, english, chinese in (row.split("|") for row in _TABLE.split("\n") if row)
}
ORIENTATION: dict[str, dict[Language, str]] = {
    "LT": {"en": "left", "zh": "左"}, "LEFT": {"en": "left", "zh": "左"}, "左": {"en": "left", "zh": "左"},
    "左侧": {"en": "left", "zh": "左"}, "RT": {"en": "right", "zh": "右"}, "RIGHT": {"en": "right", "zh": "右"},
    "右": {"en": "right", "zh": "右"}, "右侧": {"en": "right", "zh": "右"},
    "LONG": {"en": "longitudinal", "zh": "纵切"}, "LONGITUDINAL": {"en": "longitudinal", "zh": "纵切"},
    "SAG": {"en": "sagittal", "zh": "矢状切"}, "TRV": {"en": "transverse", "zh": "横切"},
    "TRANS": {"en": "transverse", "zh": "横切"}, "TRANSVERSE": {"en": "transverse", "zh": "横切"},
    "纵切": {"en": "longitudinal", "zh": "纵切"}, "横切": {"en": "transverse", "zh": "横切"},
    "头侧": {"en": "towards the head", "zh": "头侧"}, "足侧": {"en": "towards the feet", "zh": "足侧"},
}  # fmt: skip


def is_known_label(text: str) -> bool:
    """Whether these letters are a usual label, with one meaning or several."""
    return text.upper() in _MEANINGS or text.upper() in _AMBIGUOUS


def look_up(label: str, language: Language) -> str | None:
    """The usual meaning; None where there is none or more than one."""
    found = _MEANINGS.get(label.upper())
    return found[language] if found is not None else None
