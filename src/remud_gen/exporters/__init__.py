"""Exporters: name -> class, imported on use by the registry."""

TABLE: dict[str, str] = {
    "axolotl": "remud_gen.exporters.axolotl:AxolotlExporter",
    "llamafactory": "remud_gen.exporters.llamafactory:LlamaFactoryExporter",
    "raw": "remud_gen.exporters.raw:RawExporter",
    "swift": "remud_gen.exporters.swift:SwiftExporter",
    "unsloth": "remud_gen.exporters.unsloth:UnslothExporter",
}
