"""The same app with eager torch in place of ONNX Runtime, which `make bench` compares with."""

import numpy as np
import torch
from flask import Flask
from safetensors.torch import load_file

from trainer.models.pixels import scale_pixels
from trainer.recognition.array_types import Floats, Pixels
from trainer.recognition.bundle import PRETRAINED, Bundle, read_bundle
from trainer.recognition.recognizer import Recognizer
from trainer.training.model import build_model
from trainer.training.recipe import Recipe
from webapp.app import create_app as create
from webapp.inference.registry import Models
from webapp.settings import Settings


class EagerRecognizer(Recognizer):
    """A bundle's weights in torch, on one thread."""

    def __init__(self, bundle: Bundle) -> None:
        torch.set_num_threads(1)
        self.card = bundle.card
        self._model = build_model(Recipe.from_saved(bundle.card.recipe)).eval()
        self._model.load_state_dict(load_file(bundle.folder / "weights.safetensors"))

    @torch.inference_mode()
    def logits(self, pixels: Pixels) -> Floats:
        images = scale_pixels(torch.from_numpy(pixels[:, None]))
        return self._model(images).numpy().astype(np.float64)


class EagerModels(Models):
    def _load(self, name: str) -> Recognizer:
        if name != self.default:
            return super()._load(name)
        return EagerRecognizer(read_bundle(PRETRAINED / name))


def create_app() -> Flask:
    settings = Settings.from_environment()
    return create(settings, EagerModels(settings))
