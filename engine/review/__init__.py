"""A local page on which people go through what needs review."""
