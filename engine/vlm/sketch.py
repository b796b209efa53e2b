"""An image as a line of text: enough to tell two pages apart, too little to read.

The same page written by another release of an image library has other bytes, and much the same sketch.
"""

from __future__ import annotations

import base64
import io

from engine.vlm.image import Image

SIDE = 16
ALIKE = 1
"""Grey levels (of 255) by which no part of the grid may differ. On five bundled pages another encoder (JPEG 60 or PNG
for JPEG 90, noise of two levels) changed none by more; turned by 0.3 degrees 2 to 10, a twentieth lighter 2 to 12,
three lines wiped out 5 to 22. One other digit may change none."""


def sketch(image: Image) -> str:
    """``image/png 850x1100 f0f1…``: format, size in pixels, and a byte of grey for each part of a 16 by 16 grid."""
    from PIL import Image as Picture

    with Picture.open(io.BytesIO(base64.b64decode(image.data))) as picture:
        grey = picture.convert("L").resize((SIDE, SIDE), Picture.Resampling.BOX)
        return f"{image.mime_type} {picture.width}x{picture.height} {grey.tobytes().hex()}"


def alike(one: str, other: str) -> bool:
    """Whether two sketches may be of the same picture: same format and size, no part lighter or darker."""
    *told, grey = one.split(" ")
    *said, shade = other.split(" ")
    if told != said or len(grey) != len(shade):
        return False
    pairs = zip(bytes.fromhex(grey), bytes.fromhex(shade), strict=True)
    return all(abs(a - b) <= ALIKE for a, b in pairs)
