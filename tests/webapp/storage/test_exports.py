"""The file of corrections: written by the web app, read by the trainer."""

from trainer.data.datasets.corrections import Corrected, read
from trainer.recognition.image import as_png
from webapp.storage.exports import write_corrections
from webapp.storage.tables import Drawing


def drawing(picture: bytes, label: str, held_back: bool, strokes=None) -> Drawing:
    return Drawing(label=label, picture=picture, strokes=strokes, held_back=held_back)


def test_the_trainer_reads_the_corrections_that_the_web_app_writes(seven, tmp_path):
    png = as_png(seven)
    strokes = [[[1.0, 2.0, 0.5], [3.0, 4.0]]]
    drawings = [drawing(png, "7", False, strokes), drawing(png, "not_a_digit", True)]
    assert write_corrections(tmp_path / "c", iter(drawings))
    assert read(tmp_path / "c") == [
        Corrected(label="7", picture=png, strokes=strokes, held_back=False),
        Corrected(label="not_a_digit", picture=png, strokes=None, held_back=True),
    ]


def test_held_back_drawings_are_written_but_not_trained_on(seven, tmp_path):
    assert not write_corrections(tmp_path / "c", [drawing(as_png(seven), "7", True)])
    assert len(read(tmp_path / "c")) == 1


def test_without_drawings_no_file_is_written(tmp_path):
    assert not write_corrections(tmp_path / "c", [])
    assert not (tmp_path / "c").exists()
