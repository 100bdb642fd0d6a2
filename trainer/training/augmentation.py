"""How strongly training images are augmented. Importing this module does not import torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass

_GEOMETRIC = {"rotation", "scale", "shear", "shift"}
_WEAK = 0.3  # strength of weak augmentation, relative to full


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Ranges of the random changes, which are drawn separately for each image."""

    rotation: float = 15.0  # degrees, either direction
    scale: float = 0.15  # relative, either direction, drawn for each axis
    shear: float = 0.25  # horizontal shift per unit of height, either direction
    shift: float = 1.5  # pixels, either direction
    elastic: float = 0.8  # standard deviation of the elastic displacement, pixels
    thickness: float = 0.4  # probability that strokes are dilated or eroded
    fade: float = 0.3  # maximum relative loss of intensity
    contrast: float = 0.4  # maximum absolute logarithm of gamma
    blur: float = 0.3  # probability of blurring
    dropout: float = 0.15  # probability that a disc of the image is blanked
    patch: float = 2.5  # maximum radius of that disc, pixels

    def weak(self) -> Augmentation:
        """The same geometric changes; everything else at 0.3 of its strength or probability.

        Geometric changes stay, since people do rotate and slant their digits: the model must not
        lose its invariance to them in the last epochs.
        """
        return Augmentation(
            **{
                name: value if name in _GEOMETRIC else _WEAK * value
                for name, value in asdict(self).items()
            }
        )
