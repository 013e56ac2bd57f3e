"""Exporters: name -> class, imported on use by the registry."""

TABLE: dict[str, str] = {
    "argilla": "remud_gen.exporters.argilla:ArgillaExporter",
    "axolotl": "remud_gen.exporters.axolotl:AxolotlExporter",
    "easyr1": "remud_gen.exporters.easyr1:EasyR1Exporter",
    "hf": "remud_gen.exporters.hf:HfExporter",
    "labelstudio": "remud_gen.exporters.labelstudio:LabelStudioExporter",
    "llamafactory": "remud_gen.exporters.llamafactory:LlamaFactoryExporter",
    "llava": "remud_gen.exporters.llava:LlavaExporter",
    "openai": "remud_gen.exporters.openai_chat:OpenAIExporter",
    "qwen": "remud_gen.exporters.qwen:QwenExporter",
    "raw": "remud_gen.exporters.raw:RawExporter",
    "swift": "remud_gen.exporters.swift:SwiftExporter",
    "trl": "remud_gen.exporters.trl:TrlExporter",
    "unsloth": "remud_gen.exporters.unsloth:UnslothExporter",
    "verl": "remud_gen.exporters.verl:VerlExporter",
    "webdataset": "remud_gen.exporters.webdataset:WebDatasetExporter",
}
