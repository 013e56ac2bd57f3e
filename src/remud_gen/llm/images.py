"""Pictures as a model receives them: a data URL, scaled down to what the model can use."""

from __future__ import annotations

import base64
import io
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from remud_gen.errors import RecordError

JPEG_QUALITY = 92
MEDIA_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png"}


def encode_image(path: Path, max_side_px: int) -> str:
    """A picture file as a data URL; its own bytes where they are small enough, else a smaller JPEG.

    Raises:
        RecordError: IMAGE_UNREADABLE.
    """
    try:
        data = path.read_bytes()
        with Image.open(io.BytesIO(data)) as image:
            media_type = MEDIA_TYPES.get(image.format or "")
            if media_type is None or max(image.size) > max_side_px:
                media_type, data = "image/jpeg", _shrink(image, max_side_px)
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, ValueError) as error:
        hint = "run `remud extract --verify` to make it again"
        raise RecordError("IMAGE_UNREADABLE", f"{path.name} cannot be read as a picture: {error}", hint) from None
    return f"data:{media_type};base64,{base64.b64encode(data).decode('ascii')}"


def _shrink(image: Image.Image, max_side_px: int) -> bytes:
    image.draft("RGB", (max_side_px, max_side_px))  # a JPEG decodes several times faster at a power-of-two fraction
    shrunk = image if image.mode == "L" else image.convert("RGB")
    shrunk.thumbnail((max_side_px, max_side_px), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    shrunk.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()
