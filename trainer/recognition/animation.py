"""Chooses the frame of an animation that is read."""

from __future__ import annotations

from PIL import Image

_MIN_CONTRAST = 24  # of 255, between the darkest and the lightest of a frame that is not blank


def last_drawn_frame(image: Image.Image, frames: int) -> Image.Image:
    """The last of the first `frames` frames of an animation that is not blank.

    Drawings grow as they are recorded, so that the last frame shows most; a blank one at the start
    or the end shows nothing. If all are blank, it is the first. A damaged frame ends the animation.
    Raises what Pillow raises if the first frame is damaged.
    """
    image.load()
    drawn = image.copy()
    for number in range(1, frames):
        try:
            image.seek(number)
            image.load()
        except Exception:  # decoders raise all kinds of exceptions on malformed input
            break
        if _has_contrast(image):
            drawn = image.copy()
    return drawn


def _has_contrast(image: Image.Image) -> bool:
    plain = image if image.mode in {"L", "RGB", "RGBA"} else image.convert("RGBA")
    extrema = plain.getextrema()
    bands = [extrema] if plain.mode == "L" else extrema
    return any(high - low >= _MIN_CONTRAST for low, high in bands)  # type: ignore[misc,operator]
