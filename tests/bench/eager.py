"""The same app with eager torch in place of ONNX Runtime: what `make bench` compares with."""

import msgspec
import numpy as np
import torch
from flask import Flask
from safetensors.torch import load_file

from trainer.recognition.array_types import Floats, Pixels
from trainer.recognition.bundle import PRETRAINED, Bundle, read_bundle
from trainer.recognition.recognizer import Recognizer
from trainer.training.recipe import Recipe, build
from webapp.app import create_app as create
from webapp.inference.registry import Models
from webapp.settings import Settings


class EagerRecogniser(Recognizer):
    """A bundle's weights in torch, on one thread."""

    def __init__(self, bundle: Bundle) -> None:
        torch.set_num_threads(1)
        self.card = bundle.card
        self._model = build(msgspec.convert(bundle.card.recipe, Recipe)).eval()
        self._model.load_state_dict(load_file(bundle.folder / "weights.safetensors"))

    @torch.inference_mode()
    def logits(self, pixels: Pixels) -> Floats:
        return (
            self._model(torch.from_numpy(pixels[:, None]).float() / 255).numpy().astype(np.float64)
        )


class EagerModels(Models):
    def _load(self, name: str) -> Recognizer:
        if name != self.default:
            return super()._load(name)
        return EagerRecogniser(read_bundle(PRETRAINED / name))


def create_app() -> Flask:
    settings = Settings.from_environment()
    return create(settings, EagerModels(settings))
