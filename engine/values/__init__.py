"""Values in text: numbers, dates and identifiers, found with their character spans.

Pure functions on strings: nothing here knows of pages, boxes or document types. OCR's habits (split tokens,
letters for digits, a comma for a point) are part of the grammar; what was mended says so by ``repaired``.
"""
