import pytest

from trainer.errors import TrainerError
from trainer.models.architectures import ARCHITECTURES
from trainer.registry import Registry


def test_a_new_file_in_the_package_is_enough(tmp_path, monkeypatch):
    package = tmp_path / "shapes"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from trainer.registry import Registry\nSHAPES = Registry('shape', __name__)\n"
    )
    (package / "square.py").write_text(
        "from shapes import SHAPES\n@SHAPES.register('square')\ndef square(): return 4\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    from shapes import SHAPES  # type: ignore[import-not-found]

    assert list(SHAPES) == ["square"]
    assert SHAPES["square"]() == 4
    with pytest.raises(TrainerError, match="there is no shape 'squire'; did you mean 'square'"):
        SHAPES["squire"]


def test_a_name_cannot_be_registered_twice():
    registry: Registry[object] = Registry("thing", "trainer.models.architectures")
    registry.register("one")(object())
    with pytest.raises(ValueError, match="registered twice"):
        registry.register("one")(object())


def test_our_architecture_is_small():
    parameters = sum(p.numel() for p in ARCHITECTURES["inkling"]().parameters())
    assert parameters <= 400_000
