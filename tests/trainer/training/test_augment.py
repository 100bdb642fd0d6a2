"""Augmentation of images: geometry, range, and that each image is changed on its own."""

from dataclasses import asdict, replace

import pytest
import torch

from trainer.training.augment import augment
from trainer.training.augmentation import Augmentation

NONE = Augmentation(**dict.fromkeys(asdict(Augmentation()), 0.0))
COUNT = 200


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


def bars() -> torch.Tensor:
    """The same upright bar in each image, a little above the middle: float32 [n, 1, 28, 28]."""
    images = torch.zeros(COUNT, 1, 28, 28)
    images[:, :, 6:20, 13:15] = 1
    return images


def centers(images: torch.Tensor) -> torch.Tensor:
    """Center of the ink of each image, in pixels: float32 [n, 2], x and y."""
    along = torch.arange(28.0)
    ink = images.sum(dim=(1, 2, 3))
    x = (images.sum(dim=(1, 2)) * along).sum(dim=1) / ink
    y = (images.sum(dim=(1, 3)) * along).sum(dim=1) / ink
    return torch.stack([x, y], 1)


def angles(images: torch.Tensor) -> torch.Tensor:
    """Angle of the ink's main axis to the vertical, in degrees: float32 [n]."""
    found = []
    for image in images[:, 0]:
        y, x = image.nonzero(as_tuple=True)
        weights = image[y, x]
        points = torch.stack([x, y], 1).float()
        points = points - (points * weights[:, None]).sum(0) / weights.sum()
        covariance = (points * weights[:, None]).T @ points
        main = torch.linalg.eigh(covariance)[1][:, -1]
        found.append(torch.rad2deg(torch.atan(main[0] / main[1])))
    return torch.stack(found)


def extents(images: torch.Tensor) -> torch.Tensor:
    """Standard deviation of the ink along x and y: float32 [n, 2]."""
    along, ink = torch.arange(28.0), images.sum(dim=(1, 2, 3))
    middle = centers(images)
    profiles = images.sum(dim=(1, 2)), images.sum(dim=(1, 3))
    return torch.stack(
        [
            ((profile * (along - middle[:, [axis]]) ** 2).sum(1) / ink).sqrt()
            for axis, profile in enumerate(profiles)
        ],
        1,
    )


def test_with_every_strength_at_zero_images_stay_as_they_are():
    assert torch.allclose(augment(bars(), NONE), bars(), atol=1e-5)


def test_images_are_shifted_by_up_to_so_many_pixels_along_both_axes():
    moved = centers(augment(bars(), replace(NONE, shift=3.0))) - centers(bars())
    assert moved.abs().max() < 3.05
    assert (moved.max(dim=0).values > 2.5).all()
    assert (moved.min(dim=0).values < -2.5).all()
    assert torch.corrcoef(moved.T)[0, 1].abs() < 0.25  # x and y are drawn apart


def test_images_are_rotated_by_up_to_so_many_degrees_in_either_direction():
    turned = angles(augment(bars(), replace(NONE, rotation=20.0)))
    assert turned.abs().max() < 21
    assert turned.max() > 17
    assert turned.min() < -17


def test_images_are_slanted_by_the_shear_which_keeps_horizontal_lines_horizontal():
    slanted = augment(bars(), replace(NONE, shear=0.5))
    largest = torch.rad2deg(torch.atan(torch.tensor(0.5)))
    assert largest - 4 < angles(slanted).max() < largest + 1
    assert torch.allclose(extents(slanted)[:, 1], extents(bars())[:, 1], atol=0.05)


def test_width_and_height_are_scaled_apart():
    change = extents(augment(bars(), replace(NONE, scale=0.3)))[:, 1] / extents(bars())[:, 1]
    assert 0.7 < change.min() < 0.85  # a factor of 1 / 1.3 at least
    assert 1.25 < change.max() < 1.5  # and of 1 / 0.7 at most


def test_elastic_displacements_have_the_given_size_and_differ_within_an_image():
    ramp = (torch.arange(28.0) / 27).expand(COUNT, 1, 28, 28)
    moved = 27 * (augment(ramp, replace(NONE, elastic=1.0)) - ramp)[:, 0, 6:22, 6:22]
    assert 0.5 < moved.std() < 1.2  # pixels; less than 1 between the points that are drawn
    assert moved.std(dim=(1, 2)).median() > 0.3


@pytest.mark.parametrize("name", ["thickness", "blur", "dropout"])
def test_a_probability_of_one_half_changes_about_half_of_the_images(name):
    changed = (augment(bars(), replace(NONE, **{name: 0.5}, patch=9.0)) - bars()).abs() > 1e-4
    share = changed.any(dim=3).any(dim=2).any(dim=1).float().mean()
    assert 0.25 < share < 0.6


def test_thickness_dilates_some_strokes_and_erodes_others_without_losing_any():
    ink = augment(bars(), replace(NONE, thickness=1.0)).sum(dim=(1, 2, 3)) / bars()[0].sum()
    assert ink.max() > 1.5
    assert ink.min() < 0.9
    assert ink.min() > 0.3


def test_fading_and_contrast_change_the_intensity_and_leave_paper_blank():
    faded = augment(bars(), replace(NONE, fade=0.3)).amax(dim=(1, 2, 3))
    assert 0.7 <= faded.min() < 0.75
    gray = bars() * 0.5
    values = augment(gray, replace(NONE, contrast=0.4)).amax(dim=(1, 2, 3))
    assert values.min() < 0.5 < values.max()
    assert (augment(torch.zeros(9, 1, 28, 28), Augmentation()) == 0).all()


@pytest.mark.parametrize("settings", [Augmentation(), Augmentation().weak()])
def test_values_stay_in_0_to_1_and_are_finite_at_any_intensity(settings):
    for images in (bars(), torch.rand(COUNT, 1, 28, 28), torch.ones(COUNT, 1, 28, 28)):
        changed = augment(images, settings)
        assert changed.shape == images.shape
        assert changed.dtype == torch.float32
        assert changed.isfinite().all()
        assert 0 <= changed.min() <= changed.max() <= 1


def test_each_image_is_changed_on_its_own():
    changed = augment(bars(), Augmentation())
    assert len({image.numpy().tobytes() for image in changed}) == COUNT


def test_one_seed_gives_one_result():
    first = augment(bars(), Augmentation())
    torch.manual_seed(0)
    assert torch.equal(augment(bars(), Augmentation()), first)
