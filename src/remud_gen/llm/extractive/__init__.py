"""Model-free client: rules read facts from the source, fixed wordings ask about them."""

from remud_gen.llm.extractive.client import DISCLAIMER, ExtractiveClient

__all__ = ["DISCLAIMER", "ExtractiveClient"]
