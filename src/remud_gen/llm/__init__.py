"""Model clients: name -> class, imported on use by the registry."""

TABLE: dict[str, str] = {
    "openai": "remud_gen.llm.openai:OpenAIClient",
    "extractive": "remud_gen.llm.extractive:ExtractiveClient",
    "replay": "remud_gen.llm.replay:ReplayClient",
}
