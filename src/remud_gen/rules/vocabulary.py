"""The ultrasound vocabulary: terms in English and Chinese (vocabulary.tsv), and which of them exclude each other.

One row of the file is one meaning: kind, group, `*` for an organ that has a left and a right, and the forms in both
languages, the one to show first. Terms of one group are alike in type, so that they can stand beside each other as the
options of a question.
"""

from __future__ import annotations

from importlib.resources import files

TABLE = files("remud_gen.rules").joinpath("vocabulary.tsv")

# Terms of one group that may both be true of one image, by their first English forms.
OVERLAPS = (
    "hepatic vein/right hepatic vein",
    "hepatic vein/middle hepatic vein",
    "hepatic vein/left hepatic vein",
    "longitudinal/coronal",
    "color Doppler/pulsed-wave Doppler",
    "color Doppler/B-mode",
    "power Doppler/B-mode",
    "pulsed-wave Doppler/B-mode",
    "pulsed-wave Doppler/continuous-wave Doppler",
    "strain imaging/tissue Doppler",
    "tissue Doppler/color Doppler",
    "tissue Doppler/pulsed-wave Doppler",
    "strain imaging/B-mode",
    "lung/pleura",
    "contrast-enhanced ultrasound/B-mode",
    "elastography/B-mode",
    "polycystic kidney disease/renal cyst",
    "acute pancreatitis/pancreatic pseudocyst",
    "acute cholecystitis/gallstones disease",
    "breast/axilla",
    "urinary bladder/urethra",
    "liver cirrhosis/hepatocellular carcinoma",
    "uterus/vagina",
    "3D ultrasound/B-mode",
    "continuous-wave Doppler/color Doppler",
    "skin/subcutaneous fat",
    "muscle/fascia",
    "intestine/small bowel",
    "intestine/colon",
    "intestine/duodenum",
    "intestine/terminal ileum",
    "small bowel/terminal ileum",
    "small bowel/duodenum",
    "fetal head/fetal face",
    "fetal face/fetal mouth",
    "fetus/umbilical cord",
    "breast/nipple",
)

# Forms that may name any other term of their group.
GENERIC = frozenset(("lesion", "mass"))

# Words whose exchange turns a true statement about an image into a false one; the longer form must come first where
# one contains the other (不均匀 before 均匀).
OPPOSITES = {
    "en": """left/right; increased/decreased; increase/decrease; enlarged/shrunken; thickened/thinned;
thickening/thinning; hyperechoic/hypoechoic; hyperechogenic/hypoechogenic; anechoic/hyperechoic; intact/disrupted;
dilated/narrowed; dilatation/narrowing; dilation/narrowing; proximal/distal; anterior/posterior; superior/inferior;
medial/lateral; homogeneous/heterogeneous; well-defined/ill-defined; solid/cystic; large/small; longitudinal/transverse;
systolic/diastolic; irregular/regular; upper/lower; intrahepatic/extrahepatic; single/multiple; thick/thin;
hypervascular/avascular; hyperintense/hypointense""",
    "zh": """左/右; 增大/缩小; 增厚/变薄; 扩张/狭窄; 增强/减低; 增高/减低; 升高/降低; 强回声/低回声;
高回声/低回声; 无回声/高回声; 不均匀/均匀; 欠均匀/均匀; 边界清晰/边界不清; 边界清楚/边界不清;
不规则/规则; 完整/中断; 前壁/后壁; 丰富/稀少; 单发/多发; 囊性/实性; 收缩期/舒张期; 上段/下段;
上极/下极; 内侧/外侧; 增快/减慢; 近端/远端; 纵切面/横切面; 巨大/微小""",
}
# Words of OPPOSITES that tell where, how many or how large: a statement about a kind of lesion may hold with either of
# them, so that exchanging one makes a statement about one image false, but not a general one.
PLACES = frozenset((
    "left", "right", "proximal", "distal", "anterior", "posterior", "superior", "inferior", "medial",
    "lateral", "upper", "lower", "large", "small", "single", "multiple", "solid", "cystic", "regular",
    "irregular", "longitudinal", "transverse", "intrahepatic", "extrahepatic", "thick", "thin", "intact",
    "disrupted", "左", "右", "前壁", "后壁", "单发", "多发", "囊性", "实性", "上段", "下段", "上极", "下极",
    "内侧", "外侧", "近端", "远端", "纵切面", "横切面", "巨大", "微小", "规则", "不规则", "完整", "中断",
))  # fmt: skip

# Alternatives of which exactly one is said: four of them make a question with four parallel options.
ALTERNATIVES = {
    "en": ("hyperechoic/hypoechoic/anechoic/isoechoic",),
    "zh": ("高回声/低回声/无回声/等回声",),
}
