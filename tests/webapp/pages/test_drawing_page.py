"""What comes with the drawing page: examples, names of the models, a picture for links to it."""

import io
import json
import re

from PIL import Image

from tests.browser.examples import examples
from tests.conftest import ROOT
from trainer.recognition.bundle import PRETRAINED


def test_the_examples_are_those_that_the_command_makes(client):
    assert json.loads((ROOT / "webapp/pages/examples.json").read_text()) == examples()
    page = client.get("/").text
    assert re.findall(r'data-example="([^"]+)"', page) == list(examples())
    (photo,) = re.findall(r'data-photo="([^"]+)"', page)
    assert Image.open(io.BytesIO(client.get(photo).data)).format == "JPEG"


def test_each_shipped_model_has_a_name_and_a_sentence_for_people(client):
    page = client.get("/").text
    options = re.findall(r'<option value="([^"]+)"[^>]* data-about="([^"]+)">([^<]+)<', page)
    assert {value for value, _, _ in options} == {path.name for path in PRETRAINED.iterdir()}
    assert all(about.endswith(".") for _, about, _ in options)
    assert len({name for _, _, name in options}) == len(options)


def test_a_link_to_a_page_has_a_title_and_a_picture(client):
    page = client.get("/models/cnn").text
    assert '<meta property="og:title" content="Small CNN · Inkling">' in page
    (url,) = re.findall(r'<meta property="og:image" content="(http://localhost/[^"]+)">', page)
    assert Image.open(io.BytesIO(client.get(url).data)).size == (1200, 630)


def test_pages_lose_the_indentation_of_templates_and_keep_that_of_what_they_show(app):
    template = app.jinja_env.from_string("<p>\n    {{ text }}\n\t</p>  <b>")
    assert template.render(text="a\n  b") == "<p>\na\n  b\n</p>  <b>"
