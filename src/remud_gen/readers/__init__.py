"""Readers: name -> class, imported on use by the registry."""

TABLE: dict[str, str] = {
    "pdf": "remud_gen.readers.pdf:PdfReader",
    "image": "remud_gen.readers.image:ImageReader",
}
