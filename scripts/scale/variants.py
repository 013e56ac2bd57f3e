"""Many pairs out of one: every variant has words, a picture and ids of its own."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
from PIL import Image

from remud_gen.protocols import ImageStore
from remud_gen.records import ImageRef, ImageTextPair, make_id
from remud_gen.rules.images import hash_perceptually

ORGANS = (
    "kidney", "liver", "spleen", "pancreas", "gallbladder", "thyroid", "parotid gland", "breast", "ovary", "testis",
    "bladder", "prostate", "uterus", "aorta", "carotid artery", "femoral vein", "appendix", "stomach", "shoulder",
    "knee joint", "hip joint", "Achilles tendon", "lymph node", "adrenal gland",
)  # fmt: skip
SIDES = ("left", "right", "midline")
PLANES = ("longitudinal", "transverse", "oblique", "coronal", "subcostal", "intercostal")
ECHOES = ("anechoic", "hypoechoic", "isoechoic", "hyperechoic", "mixed echogenic", "heterogeneous")
FINDINGS = (
    "simple cyst", "septated cyst", "solid nodule", "calcified focus", "fluid collection", "abscess", "haematoma",
    "thickened wall", "dilated duct", "stone", "polyp", "lobulated mass", "spiculated mass", "thrombus", "aneurysm",
    "effusion", "partial tear", "inflamed bursa", "infarct", "scar",
)  # fmt: skip
PLACES = ("upper pole", "lower pole", "anterior margin", "posterior margin", "hilum", "medial third", "lateral third")
SIGNS = (
    "posterior enhancement", "a clean acoustic shadow", "a thin regular wall", "peripheral vascularity",
    "no internal flow", "comet tail artefacts", "a hypoechoic halo", "indistinct margins", "mobile internal echoes",
    "surrounding oedema", "punctate calcifications", "a fluid level",
)  # fmt: skip


def iterate_variants(
    pattern: ImageTextPair, count: int, images: ImageStore, picture_px: int
) -> Iterator[ImageTextPair]:
    """`count` pairs of the pattern's document and page, the same at every call."""
    for number in range(count):
        identity = make_id(pattern.id, "variant", number)
        draw = random.Random(identity)
        caption, mention = _describe(draw)
        words = {"cap": caption, "head1": f"{number + 1}. {draw.choice(FINDINGS).capitalize()}", "ctx1": mention}
        context = [
            evidence.model_copy(update={"text": words.get(evidence.id, evidence.text)}) for evidence in pattern.context
        ]
        yield pattern.model_copy(
            update={
                "id": identity,
                "figure_id": make_id(identity, "figure"),
                "image": _draw_picture(identity, images, picture_px),
                "caption": caption,
                "panel_caption": caption,
                "context": tuple(context),
            }
        )


def _describe(draw: random.Random) -> tuple[str, str]:
    organ, side, finding, place = (draw.choice(words) for words in (ORGANS, SIDES, FINDINGS, PLACES))
    plane, echo, other = draw.choice(PLANES), draw.choice(ECHOES), draw.choice(ORGANS)
    first, second = draw.sample(SIGNS, 2)
    long_mm, short_mm, depth_mm = draw.randint(12, 98), draw.randint(3, 60), draw.randint(5, 90)
    caption = (
        f"{plane.capitalize()} view of the {side} {organ} with a {echo} {finding} measuring {long_mm} x {short_mm} mm "
        f"at the {place}, with {first}."
    )
    mention = (
        f"A {finding} of the {organ} is typically {echo} and shows {second}. At a depth of {depth_mm} mm it is told "
        f"from a lesion of the {other} by {first}, and growth above {long_mm + 5} mm calls for follow-up."
    )
    return caption, mention


def _draw_picture(seed: str, images: ImageStore, picture_px: int) -> ImageRef:
    shades = np.random.default_rng(int(seed, 16)).integers(0, 200, (12, 16), dtype=np.uint8)
    size = (picture_px, picture_px * 3 // 4)
    picture = Image.fromarray(shades).resize(size, Image.Resampling.BILINEAR).convert("RGB")
    return images.save(picture, phash=hash_perceptually(picture))
