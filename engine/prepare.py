"""A page of a document becomes upright pixels: grey or RGB, any colour mode, aspect ratio kept.

What the file says about its page is applied (EXIF, /Rotate, a fax's oblong pixels); what it does not say,
which way up the page was laid on the glass, is found out by :mod:`engine.upright`.
"""

from __future__ import annotations

import struct
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from engine import pdf
from engine.config import Config
from engine.errors import BadInput, BadPage
from engine.page import PageImage, Pixels
from engine.receive import DECODE_ERRORS, Document, open_image


def prepare(document: Document, page: int, config: Config) -> PageImage:
    """Page ``page`` (from 1) as the file says it stands; grey where it has no colour. Raises BadPage.

    Of an animation (GIF, WebP) only the first frame is read: the others change it and are no pages.
    """
    if document.kind == "pdf":
        pixels, dpi = pdf.page_pixels(document.path, page, config)
    else:
        pixels, dpi = _image_pixels(document, page)
    return PageImage(page, without_colour(pixels), dpi)


def without_colour(pixels: Pixels) -> Pixels:
    """``pixels`` as grey (H, W) if nothing on the page is coloured, unchanged otherwise.

    Coloured is a spot of about a millimetre whose channels lie more than 24 of 255 apart: the noise of a
    JPEG averages out at that size and a pen stroke does not. A yellowed sheet stays RGB.
    """
    if pixels.ndim == 2:
        return pixels
    height, width = pixels.shape[:2]
    shrink = min(1.0, 400 / max(height, width))
    size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    spread = small.max(axis=2).astype(int) - small.min(axis=2)
    if np.count_nonzero(spread > 24) > 2:
        return pixels
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


# ---------------------------------------------------------------------------------------------- image files


def _image_pixels(document: Document, page: int) -> tuple[Pixels, float | None]:
    try:
        with open_image(document.path, document.format) as image:
            if document.format == "TIFF":
                image.seek(page - 1)
            image.load()
            dpi = _dpi(image)
            return _pixels(_turned_by_exif(image), dpi)
    except BadInput as error:
        raise BadPage(str(error)) from error
    except DECODE_ERRORS as error:
        raise BadPage(
            f"page {page} of {document.path} is truncated or broken ({error}): scan or download it again."
        ) from error


def _pixels(image: Image.Image, dpi: tuple[float, float] | None) -> tuple[Pixels, float | None]:
    """Grey or RGB with square pixels, and the dpi where it is plausible.

    Fax pages have 204 x 98 dots an inch: the coarser side is stretched to the finer one.
    """
    pixels = np.asarray(_grey_or_rgb(image), dtype=np.uint8)
    height, width = pixels.shape[:2]
    if dpi is None:
        return pixels, None
    across, down = dpi
    if 1.02 < max(across, down) / min(across, down) < 2.6:
        finer = max(across, down)
        size = (round(width * finer / across), round(height * finer / down))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
    return pixels, _plausible(max(across, down), max(pixels.shape[:2]))


def _plausible(dpi: float, longest: int) -> float | None:
    """The dpi an image file states, unless its page would be above 20 inches long or under one.

    Cameras and editors write 72 or 96 without having measured anything: 72 for 4000 pixels is 55 inches.
    """
    return dpi if 72 <= dpi <= 1200 and 1 <= longest / dpi <= 20 else None


def _dpi(image: Image.Image) -> tuple[float, float] | None:
    """Horizontal and vertical dpi of the stored rows and columns as the file states them."""
    stated = image.info.get("dpi")
    try:
        across, down = (float(value) for value in stated or ())
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    if not (1 < across < 1e5 and 1 < down < 1e5):  # NaN fails too
        return None
    return (down, across) if _exif_orientation(image) >= 5 else (across, down)


def _exif_orientation(image: Image.Image) -> int:
    """1 to 8 of EXIF, 1 where there is none or the EXIF block is broken."""
    try:
        value = image.getexif().get(0x0112, 1)
    except (SyntaxError, ValueError, TypeError, KeyError, EOFError, OSError, struct.error):
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _turned_by_exif(image: Image.Image) -> Image.Image:
    turn = _TURNS.get(_exif_orientation(image))
    return image if turn is None else image.transpose(turn)


# --------------------------------------------------------------------------------------------- colour modes


def _grey_or_rgb(image: Image.Image) -> Image.Image:
    """Any mode of Pillow as L or RGB; what is transparent becomes white, as paper is."""
    if image.mode in ("L", "RGB") and "transparency" not in image.info:
        return image
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        paper = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(paper, layer).convert("RGB")
    if image.mode == "1":
        return image.convert("L")
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_scaled_to_bytes(np.asarray(image)))
    if image.mode == "LAB":
        return _lab_to_rgb(image)
    return image.convert("RGB")  # P, CMYK (Pillow has undone Adobe's inversion), YCbCr, HSV, RGBX


def _scaled_to_bytes(values: NDArray[Any]) -> Pixels:
    """Grey of 16 or 32 bits as 8: by the smallest of the usual full scales (1, 255, 4095, 65535) that holds
    every value, as nothing in the file tells which one was meant."""
    numbers = np.nan_to_num(values.astype(np.float64), nan=np.inf, posinf=np.inf, neginf=0)
    finite = numbers[np.isfinite(numbers)]
    top = float(finite.max(initial=0))
    scales = (1.0, 255.0, 4095.0, 65535.0) if values.dtype.kind == "f" else (255.0, 4095.0, 65535.0)
    scale = next((scale for scale in scales if top <= scale), top)
    return np.asarray(np.clip(numbers / scale * 255, 0, 255).round(), dtype=np.uint8)


def _lab_to_rgb(image: Image.Image) -> Image.Image:
    """CIE L*a*b* through its profile: Pillow's own ``convert`` has no such way."""
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    assert converted is not None  # noqa: S101 - only inPlace gives None
    return converted
