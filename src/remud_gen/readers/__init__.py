"""Readers: name -> class, imported on use by the registry."""

TABLE: dict[str, str] = {
    "dicom": "remud_gen.readers.dicom:DicomReader",
    "pdf": "remud_gen.readers.pdf:PdfReader",
    "image": "remud_gen.readers.image:ImageReader",
    "question_bank": "remud_gen.readers.question_bank:QuestionBankReader",
    "docx": "remud_gen.readers.docx:DocxReader",
    "epub": "remud_gen.readers.epub:EpubReader",
    "html": "remud_gen.readers.html:HtmlReader",
    "markdown": "remud_gen.readers.markdown:MarkdownReader",
    "text": "remud_gen.readers.text:TextReader",  # takes what nobody else wants
}
