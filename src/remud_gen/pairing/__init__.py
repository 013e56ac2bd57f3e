"""Pairing rules: figures and text of a document's pages -> pairs and passages."""

TABLE: dict[str, str] = {
    "reading_order": "remud_gen.pairing.reading_order:ReadingOrderRule",
    "vlm_check": "remud_gen.pairing.vlm_check:VlmCheckRule",
}
