"""Pictures of what was read off a page and how it was paired, for people to look at."""
