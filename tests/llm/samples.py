"""Pairs, passages and pictures for the tests of model calls."""

from PIL import Image

from remud_gen.records import ImageRef, ImageTextPair, Passage, Source

SOURCE = Source(document_sha256="a" * 64, file="book.pdf", page_number=3, page_size=(600, 800), bbox=(10, 10, 200, 200))
IMAGE = ImageRef(path="images/00/missing.png", sha256="0" * 64, width_px=640, height_px=480)


def make_pair(number=0, **changes):
    fields = {
        "id": f"pair{number:04}",
        "document_id": "book",
        "source": SOURCE,
        "figure_id": f"figure{number:04}",
        "figure_bbox": (10, 10, 200, 200),
        "image": IMAGE,
        "panel_caption": f"Cyst number {number} in the lower pole of the left kidney, 3.{number} cm wide.",
    }
    return ImageTextPair(**{**fields, **changes})


def make_passage(number=0, **changes):
    fields = {
        "id": f"passage{number:04}",
        "document_id": "book",
        "source": SOURCE,
        "heading_path": ("Kidney", "Stones"),
        "text": f"Stones above {number} mm cast a clean posterior shadow at 5 MHz.",
    }
    return Passage(**{**fields, **changes})


def save_picture(store, number=0, size=(96, 64)):
    shade = Image.linear_gradient("L").resize(size).point([(value + number) % 256 for value in range(256)])
    return store.save(shade, is_photographic=False)
