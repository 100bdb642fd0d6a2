"""The confidence of numbers is measured on others than those to which it is fitted."""

from types import SimpleNamespace

import numpy as np

from trainer.evaluation import number_calibration
from trainer.evaluation.number_calibration import KINDS, NumbersRead, calibrate_numbers
from trainer.recognition.segmentation.confidence import NAMES


def test_no_number_that_measures_is_one_to_which_the_confidence_is_fitted(monkeypatch, tmp_path):
    drawn = []

    def read_kind(_recognizer, kind, _digits, _marks, count, seed):
        drawn.append({(seed, kind, index) for index in range(count)})
        rng = np.random.default_rng(len(drawn))
        yes = rng.random(count) < 0.5
        return NumbersRead(rng.random((count, len(NAMES))), rng.random(count), yes, yes)

    monkeypatch.setattr(number_calibration, "read_kind", read_kind)
    monkeypatch.setattr(number_calibration, "read_split", lambda *_: [])
    given = []
    for seed in (0, 1):
        calibrate_numbers(
            SimpleNamespace(weigh_numbers=given.append),
            tmp_path,
            count=20,
            seed=seed,
            command="",
            report=lambda _: None,
        )
    assert len(drawn) == 2 * 2 * len(KINDS)
    assert sum(map(len, drawn)) == len(set().union(*drawn)) == 2 * len(KINDS) * (20 + 10)
    assert len(given) == 2
