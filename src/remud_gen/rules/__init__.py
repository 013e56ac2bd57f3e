"""Pure rules on text and pixels that several kinds of component need."""
