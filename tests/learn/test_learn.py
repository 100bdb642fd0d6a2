"""The learn page: its texts follow their sources, and what they claim holds for drawings."""

import itertools
import re
import struct

import msgspec
import numpy as np
import pytest
from PIL import Image

from tests.learn import still
from tests.learn.__main__ import wanted
from tests.learn.measure import read_measurements, wilson
from tests.learn.text import DOCS, LANGUAGES, chapters, page
from trainer.recognition.array_types import Pixels
from trainer.recognition.bundle import PRETRAINED, read_bundle
from trainer.recognition.preprocess import preprocess
from trainer.recognition.recognizer import Recognizer
from trainer.recognition.strokes import Strokes, draw_on_sheet, fit_to_canvas
from webapp.pages.learn_still import still as shown

SHEET, PEN = 1000, 42


def small_in_a_corner(strokes: Strokes) -> dict[str, object]:
    """The request about a drawing that is small, at the lower right of the sheet."""
    lines = fit_to_canvas(strokes, SHEET, size=0.25, pen=PEN, position=(0.9, 0.85))
    return {"strokes": [line.round(1).tolist() for line in lines], "pen": PEN}


def test_texts_and_templates_are_what_the_command_writes():
    """`python -m tests.learn` writes them."""
    assert [path.name for path, content in wanted() if path.read_text("utf-8") != content] == []


def test_each_chapter_is_there_in_each_language_with_the_same_figures_and_parts():
    found = {
        language: [
            re.findall(r"<!-- (?:figure|part): [^>]+ -->", path.read_text("utf-8"))
            for path in chapters(language)
        ]
        for language in LANGUAGES
    }
    assert [list(map(sorted, each)) for each in found.values()] == [
        list(map(sorted, found["en"]))
    ] * len(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_where_the_page_has_a_part_a_forge_has_a_note_that_the_page_lacks(language):
    rendered = page(language)
    for path in chapters(language):
        text = path.read_text("utf-8")
        notes = re.findall(r"<!-- part: \w+ -->\n\n\*(.+)\*\n\n<!-- end of part -->", text)
        assert len(notes) == text.count("<!-- part: ") > 0, path.name
        for note in notes:
            assert "/learn" in note
            assert note.partition("`")[2].partition("`")[2] not in rendered


def test_no_share_in_a_text_is_typed_by_hand():
    """But for what a text marks as an example, 99.86 %, which is said to be wrong, a share of the
    sheet, and that of an interval."""
    allowed = {"99.86", "60", "95"}
    for path in DOCS.glob("*.md"):
        text = re.sub(r"<!-- (?:figure: |example -->).*?<!-- end -->", "", path.read_text("utf-8"))
        assert set(re.findall(r"([\d.]+) ?%", text)) <= allowed, path.name


def test_the_shares_of_the_models_are_those_of_their_cards():
    for name, found in read_measurements().strokes.items():
        card = read_bundle(PRETRAINED / name).card
        (measured,) = [each for each in card.evaluations if each.data == "strokes"]
        assert found.value == pytest.approx(measured.accuracy, abs=1e-6), name


def test_the_still_is_what_the_shipped_models_say():
    """`python -m tests.learn --still` writes it. Other processors may differ in the last digits."""
    made, kept = still.made(), shown()
    assert made.strokes == kept.strokes
    for name in ("thresholds", "reliability", "kernels"):
        assert getattr(made, name) == getattr(kept, name)
    assert made.answers == [
        msgspec.structs.replace(
            each,
            confidence=pytest.approx(each.confidence, abs=0.02),
            digit_score=pytest.approx(each.digit_score, abs=0.02),
        )
        for each in kept.answers
    ]
    for way in ("scaled", "centered"):
        new, old = getattr(made.ways, way), getattr(kept.ways, way)
        assert new.probabilities == pytest.approx(old.probabilities, abs=0.02)
    assert kept.ways.scaled.digit != kept.ways.centered.digit == 4  # the story of chapter 2


def test_the_windows_make_the_maps_of_lenet5():
    pixels = np.array(shown().ways.centered.pixels, np.uint8).reshape(28, 28)
    (maps, *_) = Recognizer(read_bundle(PRETRAINED / "lenet5")).stages(pixels[None]).values()
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(pixels / 255, 2), (5, 5))
    for kernel, given in zip(shown().kernels, maps[0], strict=True):
        sums = (windows * np.reshape(kernel.weights, (5, 5))).sum((2, 3)) + kernel.bias
        assert np.maximum(sums, 0) == pytest.approx(given, abs=0.02)


def test_a_small_drawing_off_the_center_is_wrong_the_tutorials_way_and_right_by_mnists(
    client, drawings
):
    turned = 0
    for digit, strokes in drawings.items():
        ways = client.post("/learn/ways", json=small_in_a_corner(strokes)).get_json()
        turned += ways["scaled"]["digit"] != digit == ways["centered"]["digit"]
    assert turned >= 8


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_listing_of_mnists_recipe_does_what_inkling_does(language, drawings, tmp_path):
    chapter = next(path for path in chapters(language) if path.name.startswith("2"))
    _tutorials, recipe = re.findall(r"```python\n(.*?)```", chapter.read_text("utf-8"), re.DOTALL)
    for digit, strokes in drawings.items():
        lines = fit_to_canvas(strokes, SHEET, size=0.4, pen=PEN, position=(0.2, 0.9))
        sheet: Pixels = 255 - draw_on_sheet(lines, 280, SHEET, PEN)
        Image.fromarray(sheet).save(tmp_path / "mine.png")
        names = {"np": np, "Image": Image}
        exec(recipe.replace("mine.png", str(tmp_path / "mine.png")), names)
        ours = preprocess(sheet).pixels.astype(int)
        differences = [  # size and center may be rounded to the next pixel
            np.abs(np.roll(names["picture"].astype(int), shift, (0, 1)) - ours).sum()
            for shift in itertools.product((-1, 0, 1), repeat=2)
        ]
        assert min(differences) < 0.3 * ours.sum(), digit


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_listing_of_the_files_reads_them(language, mnist):
    text = next(path for path in chapters(language) if path.name.startswith("1")).read_text("utf-8")
    folder = f"{mnist}/mnist/MNIST/raw/t10k"
    names = {"np": np, "struct": struct}
    for listing in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(listing.replace('"train', f'"{folder}'), names)
    assert names["pictures"].shape == (10_000, 28, 28)
    assert names["labels"][:4].tolist() == [7, 2, 1, 0]


def test_without_scripts_the_page_tells_the_whole_story(client):
    page = client.get("/learn").get_data(as_text=True)
    ways = shown().ways
    for picture in (ways.scaled.seen, ways.centered.seen, ways.maps):
        assert picture in page
    assert f"LeNet-5 reads {ways.scaled.digit}, with" in page
    assert f"LeNet-5 reads {ways.centered.digit}, with" in page
    for path in chapters("en"):
        title = path.read_text("utf-8").splitlines()[0].removeprefix("# ")
        assert f">{title}</h2>" in page


def test_the_bars_of_the_rows_are_those_of_the_model_that_reads_rows(client, monkeypatch):
    was = shown()
    read = [[0.1, 0.8, *[0.0] * 7, 0.1]] * 28
    now = msgspec.structs.replace(was, rows=msgspec.structs.replace(was.rows, probabilities=read))
    monkeypatch.setattr("webapp.pages.learn.still", lambda: now)
    page = client.get("/learn").get_data(as_text=True)
    bars = page[page.index('id="rows-bars"') :].split("</svg>")[0]
    assert re.findall(r'class="best">.*?>(\d)</text>', bars) == ["1"]


@pytest.mark.parametrize("path", ["/learn/ways", "/learn/rows"])
@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"strokes": []}, 422, "empty_drawing"),
        ({"strokes": [[]]}, 422, "empty_drawing"),
        ({"strokes": [[[0, 2e6]]]}, 400, "invalid_request"),
        ({"strokes": [[[0, 0]]] * 1001}, 400, "invalid_request"),
        ({"pen": 0}, 400, "invalid_request"),
        ({"ink": [0, 0, 256]}, 400, "invalid_request"),
        ({"model": "all"}, 400, "invalid_request"),
    ],
)
def test_what_a_part_asks_is_bounded(client, path, change, status, code):
    body = {"strokes": [[[0, 0], [500, 900]]], "pen": 40}
    assert client.post(path, json=body).status_code == 200
    response = client.post(path, json=body | change)
    assert (response.status_code, response.get_json()["code"]) == (status, code)


def test_the_most_strokes_cost_no_more_than_other_drawings_may(client):
    rng = np.random.default_rng(0)
    strokes = (rng.random((1000, 20, 2)) * 1e6 - 5e5).round().tolist()
    response = client.post("/learn/ways", json={"strokes": strokes, "pen": 1e6})
    assert response.status_code == 200
    assert len(response.get_json()["scaled"]["pixels"]) == 784


def test_what_the_parts_ask_counts_against_the_rate_limit(tmp_path):
    from webapp.app import create_app
    from webapp.settings import Settings

    client = create_app(Settings(home=str(tmp_path), rate_limit=1)).test_client()
    body = {"strokes": [[[0, 0], [500, 900]]], "pen": 40}
    statuses = [client.post("/learn/rows", json=body).status_code for _ in range(60)]
    assert 429 in statuses
    assert statuses.index(429) < 10


def test_an_interval_contains_its_share_and_shrinks_with_the_number_of_tries():
    few, many = wilson(95, 100), wilson(9_500, 10_000)
    assert few.low < few.value == 0.95 < few.high <= 1
    assert many.high - many.low < (few.high - few.low) / 5
    assert wilson(10, 10).low > 0.6
