import tracemalloc
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from trainer.data.datasets.mnist import stored
from trainer.data.rendering.canvas import RenderStyle, render
from trainer.data.rendering.photo import Photo, photograph
from trainer.recognition.preprocess import EmptyDrawing, Prepared, preprocess


def center_of_mass(pixels):
    moments = cv2.moments(pixels)
    return moments["m10"] / moments["m00"], moments["m01"] / moments["m00"]


def likeness(a: Prepared, b: Prepared) -> float:
    """Mean difference of two prepared pictures, 0..255."""
    return float(np.abs(a.pixels.astype(int) - b.pixels).mean())


def test_ink_is_scaled_to_20_pixels_and_centered_by_mass_in_28_by_28(seven):
    prepared = preprocess(seven)
    assert prepared.pixels.shape == (28, 28)
    assert prepared.pixels.dtype == np.uint8
    _, _, width, height = cv2.boundingRect((prepared.pixels > 0).astype(np.uint8))
    assert max(width, height) == 20
    x, y = center_of_mass(prepared.pixels)
    assert abs(x - 14) <= 0.51
    assert abs(y - 14) <= 0.51
    assert prepared.pixels.max() == 255


def test_the_box_is_in_pixels_of_the_picture(seven):
    x, y, width, height = preprocess(seven).box
    assert (x, y) == pytest.approx((30, 25), abs=2)
    assert (x + width, y + height) == pytest.approx((105, 120), abs=2)
    small = preprocess(seven).box
    large = preprocess(cv2.resize(seven, None, fx=20, fy=20, interpolation=cv2.INTER_NEAREST)).box
    assert np.array(large) == pytest.approx(np.array(small) * 20, abs=40)


def test_dark_on_light_and_light_on_dark_give_the_same(seven):
    dark, light = preprocess(seven), preprocess(255 - seven)
    assert dark.dark_on_light
    assert not light.dark_on_light
    assert (dark.pixels == light.pixels).all()


@pytest.mark.parametrize(
    ("ink", "paper"),
    [((200, 30, 30), (250, 240, 220)), ((255, 0, 0), (0, 0, 255)), ((250, 250, 60), (20, 60, 40))],
)
def test_colored_ink_on_colored_paper_is_found(seven, ink, paper):
    share = (seven / 255)[:, :, None]
    colored = (np.array(paper) * share + np.array(ink) * (1 - share)).astype(np.uint8)
    assert likeness(preprocess(colored), preprocess(seven)) < 3


@pytest.mark.parametrize("ink", [(0, 0, 0), (255, 255, 255), (40, 80, 200)])
def test_a_transparent_canvas_is_paper_for_any_ink(seven, ink):
    rgba = np.zeros((*seven.shape, 4), np.uint8)
    rgba[:, :, :3] = ink
    rgba[:, :, 3] = 255 - seven
    assert likeness(preprocess(rgba), preprocess(seven)) < 1


def test_paper_with_transparent_corners_is_still_paper(seven):
    rgba = np.dstack([seven, seven, seven, np.full_like(seven, 255)])
    rgba[:10, :10, 3] = 0
    rgba[:10, :10, :3] = 0
    assert likeness(preprocess(rgba), preprocess(seven)) < 1


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "LA"])
def test_all_image_modes_give_the_same(seven, mode):
    if mode in {"I;16", "I"}:
        image = Image.fromarray(seven.astype(np.int32) * 257).convert("I")
        image = Image.fromarray(np.asarray(image).astype(np.uint16)) if mode == "I;16" else image
    elif mode == "LA":
        image = Image.merge("LA", [Image.fromarray(seven), Image.new("L", (140, 140), 255)])
    else:
        image = Image.fromarray(seven).convert(mode)
    assert likeness(preprocess(image), preprocess(seven)) < 4


@pytest.mark.parametrize("side", [1, 2, 28, 280, 1500])
@pytest.mark.parametrize("shade", [0, 128, 255])
def test_a_blank_picture_is_an_empty_drawing(side, shade):
    with pytest.raises(EmptyDrawing):
        preprocess(np.full((side, side), shade, np.uint8))


def test_an_entirely_transparent_picture_is_an_empty_drawing():
    with pytest.raises(EmptyDrawing):
        preprocess(Image.new("RGBA", (50, 50), (10, 200, 30, 0)))


@pytest.mark.parametrize("radius", [1, 2, 3, 5, 10, 20, 40, 90])
def test_a_dot_is_an_empty_drawing(radius):
    canvas = np.full((200, 200), 255, np.uint8)
    cv2.circle(canvas, (100, 100), radius, 0, -1, cv2.LINE_AA)
    with pytest.raises(EmptyDrawing):
        preprocess(canvas)


def test_a_digit_drawn_with_a_thick_marker_is_not_a_dot(drawings):
    style = RenderStyle(size=0.35, pen=18)
    for lines in drawings.values():
        assert preprocess(render(lines, style)).pixels.any()


def test_paper_grain_alone_is_an_empty_drawing():
    grain = np.random.default_rng(0).integers(225, 240, (200, 200)).astype(np.uint8)
    with pytest.raises(EmptyDrawing):
        preprocess(grain)


@pytest.mark.parametrize("pen", [1, 2, 4, 8, 16, 28])
def test_the_stroke_stays_visible_at_any_pen_width(pen):
    canvas = np.full((280, 280), 255, np.uint8)
    points = np.array([[70, 60], [200, 60], [130, 230]], np.int32)
    cv2.polylines(canvas, [points], False, 0, pen, cv2.LINE_AA)
    pixels = preprocess(canvas).pixels
    # A 7 in a box of 20 has about 30 pixels of pen path; a thin one must not fade away.
    assert pixels.sum() / 255 > 25


def test_position_and_size_on_the_paper_do_not_matter(seven):
    ink = seven[20:125, 25:110]
    paper = np.full((600, 800), 255, np.uint8)
    paper[450 : 450 + ink.shape[0], 30 : 30 + ink.shape[1]] = ink
    assert likeness(preprocess(paper), preprocess(seven)) < 1


def test_mnist_images_are_nearly_unchanged(mnist):
    pictures = stored(mnist, is_test=True)[0][:2000]
    differences = [np.abs(preprocess(p).pixels.astype(int) - p).mean() for p in pictures]
    assert np.mean(differences) < 0.3
    assert np.mean(np.array(differences) == 0) > 0.5


@settings(max_examples=300, deadline=None)
@given(
    hnp.arrays(
        np.uint8,
        st.one_of(
            st.tuples(st.integers(1, 60), st.integers(1, 60)),
            st.tuples(st.integers(1, 60), st.integers(1, 60), st.sampled_from([3, 4])),
        ),
    )
)
def test_any_image_gives_pixels_or_an_empty_drawing(array):
    try:
        prepared = preprocess(array)
    except EmptyDrawing:
        return
    assert prepared.pixels.shape == (28, 28)
    assert prepared.pixels.max() == 255
    x, y, width, height = prepared.box
    assert x >= 0 <= y
    assert 1 <= width <= array.shape[1] - x
    assert 1 <= height <= array.shape[0] - y


@settings(max_examples=100, deadline=None)
@given(
    points=st.lists(
        st.tuples(st.integers(20, 180), st.integers(20, 180)), min_size=2, max_size=8, unique=True
    ),
    shift=st.tuples(st.integers(-20, 19), st.integers(-20, 19)),
)
def test_moving_the_ink_changes_nothing(points, shift):
    def draw(dx, dy):
        canvas = np.zeros((200, 200), np.uint8)
        moved = np.array([(x + dx, y + dy) for x, y in points], np.int32)
        cv2.polylines(canvas, [moved], False, 255, 5)
        return preprocess(canvas)

    assume(np.ptp(np.array(points), axis=0).max() > 30)
    here, there = draw(0, 0), draw(*shift)
    inside = all(5 <= x + shift[0] < 195 and 5 <= y + shift[1] < 195 for x, y in points)
    if inside:
        assert (here.pixels == there.pixels).all()


def photographed(strokes, **photo) -> np.ndarray:
    return render(strokes, RenderStyle(pen=7, photo=Photo(**photo)))


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Share of the ink of either that both have, one pixel of slack allowed: 0..1."""
    near = np.ones((3, 3), np.uint8)
    first, second = ((pixels > 100).astype(np.uint8) for pixels in (a, b))
    missed = (first & ~cv2.dilate(second, near) & 1).sum() + (
        second & ~cv2.dilate(first, near) & 1
    ).sum()
    return 1 - missed / (first.sum() + second.sum())


@pytest.mark.parametrize(
    "photo",
    [
        {},
        {"light": 0.6},
        {"shadow": 0.5, "seed": 3},
        {"texture": 0.03, "noise": 0.03},
        {"blur": 1.5},
        {"perspective": 0.05},
        {"rules": "lines"},
        {"rules": "squares", "rule_distance": 0.1},
        {"jpeg": 25},
        {"paper": (0.3, 0.32, 0.3), "ink": (0.05, 0.05, 0.05)},
        {"ink": (0.2, 0.25, 0.7)},
    ],
    ids=lambda photo: "-".join(photo) or "plain",
)
def test_ink_is_found_on_a_photo(drawings, photo):
    shares = []
    for lines in drawings.values():
        clean = preprocess(render(lines, RenderStyle(pen=7))).pixels
        shares.append(overlap(preprocess(photographed(lines, **photo)).pixels, clean))
    assert np.median(shares) > 0.93
    assert min(shares) > 0.6


QUIET = {"noise": 0.002, "texture": 0.003, "light": 0.05, "blur": 0.4, "jpeg": 92}


@pytest.mark.parametrize("rules", ["lines", "squares"])
def test_faint_rules_on_smooth_paper_are_removed(drawings, rules):
    shares = []
    for label, lines in drawings.items():
        photo = Photo(rules=rules, rule_strength=0.15, seed=label, **QUIET)
        taken = preprocess(render(lines, RenderStyle(photo=photo))).pixels
        shares.append(overlap(taken, preprocess(render(lines, RenderStyle())).pixels))
    assert min(shares) > 0.8


@pytest.mark.slow
def test_nearly_all_digits_are_found_on_photos(drawings):
    lost = 0
    for seed in range(300):
        style = RenderStyle.random(np.random.default_rng(seed), photos=1)
        lines = drawings[seed % 10]
        clean = preprocess(render(lines, RenderStyle(pen=max(3, style.pen / style.size)))).pixels
        upright = replace(style, turn=0, slant=0, stretch=1, skips=0, coarse=1, pressure=0)
        try:
            lost += overlap(preprocess(render(lines, upright)).pixels, clean) < 0.5
        except EmptyDrawing:
            lost += 1
    assert lost <= 4


def test_a_photo_of_thousands_of_specks_takes_bounded_time_and_memory():
    rng = np.random.default_rng(0)
    crumbs = np.full((900, 900), 230, np.uint8)
    for x, y in np.argwhere(np.ones((100, 100))) * 8 + 50 + rng.integers(0, 4, (10_000, 2)):
        crumbs[y : y + 3, x : x + 3] = 30
    cv2.ellipse(crumbs, (450, 450), (200, 300), 0, 0, 360, 20, 12)
    noisy = crumbs - rng.integers(0, 8, crumbs.shape, np.uint8)
    tracemalloc.start()
    try:
        preprocess(noisy)
    except EmptyDrawing:
        pass
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 300e6  # bytes


def test_a_shadow_at_the_edge_of_a_photo_is_not_ink(drawings):
    for label, lines in drawings.items():
        taken = render(lines, RenderStyle(size=0.5, photo=Photo(seed=label))).copy()
        taken[:6] //= 3  # the edge of the desk
        clean = preprocess(render(lines, RenderStyle(size=0.5))).pixels
        assert overlap(preprocess(taken).pixels, clean) > 0.7


def test_a_photo_of_paper_alone_is_an_empty_drawing():
    for seed in range(5):
        photo = Photo(seed=seed, light=0.4, noise=0.02, texture=0.02, rules="none")
        with pytest.raises(EmptyDrawing):
            preprocess(photograph(np.zeros((300, 300), np.uint8), photo))


def test_chalk_on_a_photographed_board_is_found(drawings):
    board = {"paper": (0.15, 0.2, 0.17), "ink": (0.85, 0.85, 0.8), "light": 0.4}
    for lines in drawings.values():
        prepared = preprocess(photographed(lines, **board))
        assert not prepared.dark_on_light
        assert overlap(prepared.pixels, preprocess(render(lines, RenderStyle(pen=7))).pixels) > 0.85


def test_a_speck_far_away_changes_nothing(seven):
    paper = np.full((400, 400), 255, np.uint8)
    paper[100:240, 100:240] = seven
    speckled = paper.copy()
    cv2.circle(speckled, (380, 20), 3, 0, -1)
    assert preprocess(speckled).box == preprocess(paper).box
    assert likeness(preprocess(speckled), preprocess(paper)) < 0.5


@pytest.mark.parametrize("edge", ["left", "right", "top", "bottom"])
def test_a_digit_that_touches_the_edge_is_whole(seven, edge):
    ink = seven[24:121, 29:106]
    paper = np.full((200, 200), 255, np.uint8)
    rows = {"top": slice(0, 97), "bottom": slice(103, 200)}.get(edge, slice(50, 147))
    columns = {"left": slice(0, 77), "right": slice(123, 200)}.get(edge, slice(60, 137))
    paper[rows, columns] = ink
    assert likeness(preprocess(paper), preprocess(seven)) < 2


def test_gaps_in_the_ink_do_not_move_the_digit(drawings):
    shares = []
    for lines in drawings.values():
        whole, dry = (
            preprocess(render(lines, RenderStyle(pen=12, skips=skips))) for skips in (0.0, 0.12)
        )
        shares.append(overlap(whole.pixels, dry.pixels))
    assert np.median(shares) > 0.9
    assert min(shares) > 0.7


def test_a_tiny_digit_in_a_corner_is_scaled_like_any_other(drawings):
    for lines in drawings.values():
        tiny = preprocess(render(lines, RenderStyle(size=0.1, pen=2, place=(1, 0))))
        assert overlap(tiny.pixels, preprocess(render(lines, RenderStyle(size=0.6))).pixels) > 0.7
        assert max(tiny.box[2:]) < 40


def test_the_box_is_in_pixels_of_the_sent_image_when_decoded_at_reduced_size(seven):
    assert preprocess(seven, scale=3).box == tuple(3 * side for side in preprocess(seven).box)
