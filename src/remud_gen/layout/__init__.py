"""Layout detectors: name -> class, imported on use by the registry."""

TABLE: dict[str, str] = {
    "auto": "remud_gen.layout.auto:AutoDetector",
    "embedded": "remud_gen.layout.embedded:EmbeddedDetector",
    "segmenter": "remud_gen.layout.segmenter:SegmenterDetector",
    "contour": "remud_gen.layout.contour:ContourDetector",
    "vlm": "remud_gen.layout.given:GivenDetector",
}
