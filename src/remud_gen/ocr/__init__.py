"""OCR engines: name -> class, imported on use by the registry."""

TABLE: dict[str, str] = {
    "rapidocr": "remud_gen.ocr.rapidocr:RapidOcrEngine",
    "tesseract": "remud_gen.ocr.tesseract:TesseractEngine",
}
