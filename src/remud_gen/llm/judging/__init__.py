"""Probes of finished records by a model: name -> class, imported on use by the registry."""

TABLE: dict[str, str] = {
    "blind": "remud_gen.llm.judging.blind:BlindProbe",
    "options_only": "remud_gen.llm.judging.options_only:OptionsOnlyProbe",
    "swapped_image": "remud_gen.llm.judging.swapped_image:SwappedImageProbe",
    "reanswer": "remud_gen.llm.judging.reanswer:ReanswerProbe",
    "mismatch": "remud_gen.llm.judging.mismatch:MismatchProbe",
    "judge": "remud_gen.llm.judging.judge:JudgeProbe",
}
