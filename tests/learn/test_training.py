"""Chapter 4 of the learn page: its curves follow the measurement, and are there without scripts."""

import re

import numpy as np
import pytest

from tests.bench.mistakes import NAMES
from tests.conftest import installed
from tests.learn.curves import HIGHEST_LOSS, TEMPLATE, read_mistakes, template
from tests.webapp.admin.test_admin import PASSWORD, sign_in


def test_the_curves_are_those_of_the_measurement():
    """`python -m tests.learn.curves` writes them."""
    assert TEMPLATE.read_text("utf-8") == template(read_mistakes())


@pytest.fixture(scope="module")
def curves():
    """By recipe: accuracy and loss, each as the points of training and of validation."""
    found = {}
    for name, lines in re.findall(r'<g data-recipe="([^"]+)">(.*?)</g>', TEMPLATE.read_text()):
        found.setdefault(name, []).append(
            {
                kind: np.cumsum(np.reshape(re.findall(r"-?\d+", path), (-1, 2)).astype(int), axis=0)
                for kind, path in re.findall(r'class="(\w+)" d="([^"]+)"', lines)
            }
        )
    return found


def test_a_curve_can_be_read_back_as_what_was_measured(curves):
    mistakes = read_mistakes()
    assert list(curves) == list(NAMES)
    for outcome in mistakes.outcomes:
        loss, accuracy = curves[outcome.name]
        steps, heights = accuracy["validation"].T
        assert steps.tolist() == mistakes.steps
        assert (1 - heights / 1000).tolist() == pytest.approx(
            outcome.curve.validation_accuracy, abs=6e-4
        )
        steps, heights = loss["train"].T
        assert steps.tolist() == mistakes.steps[1:]
        assert (HIGHEST_LOSS * (1 - heights / 1000)).tolist() == pytest.approx(
            outcome.curve.loss[1:], abs=2e-3
        )


def test_without_scripts_each_mistake_has_its_curves_and_what_it_claims(client):
    page = client.get("/learn").get_data(as_text=True)
    for name in NAMES:
        assert page.count(f'<g data-recipe="{name}">') == 2
        assert f'<input type="radio" name="mistake" value="{name}"' in page
        assert f'<p data-about="{name}">' in page
        assert f"[value={name}]:checked" in client.get(style_of(page)).get_data(as_text=True)
    assert "filters.webp" in page


def style_of(page: str) -> str:
    return re.search(r'href="([^"]+/learn\.css)"', page)[1]


def test_who_administers_the_site_is_led_to_a_training_of_its_own(settings):
    with installed(settings(admin_password=PASSWORD)) as app:
        client = app.test_client()
        assert "/admin/retrain" not in client.get("/learn").get_data(as_text=True)
        sign_in(client)
        assert "/admin/retrain" in client.get("/learn").get_data(as_text=True)
