"""Exporters: name -> class, imported on use by the registry."""

TABLE: dict[str, str] = {}
