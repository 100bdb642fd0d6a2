"""The commands of `python -m trainer` that concern runs and their bundles."""

import json
import shutil
import signal
import subprocess
import sys
import time

import msgspec
import numpy as np
import onnxruntime
import pytest
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.trainer.conftest import trainer
from trainer.export import LARGEST_DIFFERENCE, LARGEST_LOSS, export
from trainer.models.pixels import scale_pixels
from trainer.recognition.bundle import PRETRAINED, read_bundle
from trainer.report.training_report import write_report
from trainer.training.recipes import presets
from trainer.training.run import TrainingRun

FAST = ["--batch-size", "16", "--epochs", "4", "--learning-rate", "2e-3", "--device", "cpu"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory, some_digits):
    """A run of four epochs on a few digits, its bundle, and what was printed."""
    folder = tmp_path_factory.mktemp("trained")
    data = f"folder:{some_digits}"
    result = trainer(
        "train", "--data", data, *FAST, "--folder", folder / "run", "--json", cwd=folder
    )
    assert result.returncode == 0, result.stderr
    return folder / "run", result


def test_json_prints_one_line_for_each_epoch_and_one_for_the_bundle(trained):
    _, result = trained
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["epoch"] for line in lines[:4]] == [1, 2, 3, 4]
    assert set(lines[0]) >= {"loss", "accuracy", "validation_accuracy", "pictures_per_second"}
    assert lines[4]["card"]["architecture"] == "inkling"


def test_the_bar_shows_loss_accuracy_speed_and_time_left(trained):
    _, result = trained
    assert "loss=" in result.stderr
    assert "accuracy=" in result.stderr
    assert "pictures/s" in result.stderr
    assert "epoch 1/4" in result.stderr


def test_a_run_has_a_report_with_figures_on_one_page(trained):
    run, _ = trained
    names = {file.stem for file in (run / "report").glob("*.png")}
    assert names == {
        *("curves", "samples", "predictions", "wrong", "confusion", "reliability", "filters")
    }
    for name in names:
        assert Image.open(run / "report" / f"{name}.png").width > 200
    page = (run / "report.html").read_text()
    assert page.count("data:image/png;base64,") == len(names)
    assert 'src="http' not in page
    assert "href=" not in page


def test_tensorboard_finds_the_metrics(trained):
    run, _ = trained
    events = EventAccumulator(str(run / "tensorboard")).Reload()
    shown = [scalar.value for scalar in events.Scalars("accuracy/validation")]
    assert shown == pytest.approx([each.validation_accuracy for each in TrainingRun(run).metrics()])


def test_the_card_of_a_bundle_says_how_it_was_made(trained, some_digits):
    run, _ = trained
    card = read_bundle(run / "bundle").card
    assert card.command.startswith(f"python -m trainer train --data folder:{some_digits}")
    assert card.seed == 0
    assert card.recipe["epochs"] == 4
    assert [part.source for part in card.data] == [f"folder:{some_digits}"]
    assert card.evaluations[0].data == f"folder:{some_digits}"
    assert card.evaluations[0].accuracy > 0.6
    assert [epoch.epoch for epoch in card.history] == [1, 2, 3, 4]
    wrong = card.evaluations[0].wrong
    assert wrong
    assert [each.confidence for each in wrong] == sorted(
        [w.confidence for w in wrong], reverse=True
    )
    for each in wrong:
        assert f"/test/{each.truth}/" in each.where
        assert each.truth != each.answer
        assert each.seen.startswith("data:image/png;base64,")
    assert 0 < card.rejection_threshold < 1
    assert card.temperature > 0
    assert card.onnx_difference <= LARGEST_DIFFERENCE


def test_onnx_takes_any_number_of_pictures_and_agrees_with_torch(trained):
    run, _ = trained
    session = onnxruntime.InferenceSession(read_bundle(run / "bundle").model)
    model = TrainingRun(run).model()
    for count in (1, 3, 17):
        pictures = np.random.default_rng(count).integers(
            256, size=(count, 1, 28, 28), dtype=np.uint8
        )
        ours = session.run(["logits"], {"pictures": pictures})[0]
        with torch.inference_mode():
            theirs = model(scale_pixels(torch.from_numpy(pictures))).numpy()
        assert np.abs(ours - theirs).max() < 1e-3


def test_exporting_again_gives_the_same_graph_without_paths_of_the_machine(trained, tmp_path):
    run, _ = trained
    again = export(TrainingRun(run), tmp_path / "again").model
    assert again == read_bundle(run / "bundle").model
    assert b"site-packages" not in again
    assert b"trainer/" not in again


def test_a_bundle_is_not_written_when_onnx_disagrees(trained, monkeypatch, tmp_path):
    run, _ = trained
    monkeypatch.setattr("trainer.export.LARGEST_DIFFERENCE", -1.0)
    graph = read_bundle(run / "bundle").model
    monkeypatch.setattr("trainer.export.to_onnx", lambda _: graph)  # which takes seconds
    with pytest.raises(Exception, match="no bundle was written"):
        export(TrainingRun(run), tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


def test_the_same_seed_gives_the_same_weights(trained, tmp_path, some_digits, without_export):
    run, _ = trained
    data = f"folder:{some_digits}"
    result = trainer("train", "--data", data, *FAST, "--folder", tmp_path / "again", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    weights = "best.safetensors"
    assert (tmp_path / "again" / weights).read_bytes() == (run / weights).read_bytes()


def test_export_writes_the_bundle_of_a_run_again(trained, tmp_path):
    run, _ = trained
    result = trainer("export", run, "--which", "last", "--output", tmp_path / "b", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert " test: " in result.stdout
    assert read_bundle(tmp_path / "b").card.command == read_bundle(run / "bundle").card.command


def test_evaluate_prints_a_table_and_the_confusion_matrix(trained, tmp_path, some_digits):
    run, _ = trained
    data = f"folder:{some_digits}"
    text = trainer("evaluate", run / "bundle", "--data", data, cwd=tmp_path)
    assert text.returncode == 0, text.stderr
    assert f"{data} test: " in text.stdout
    assert "truth ↓ prediction →" in text.stdout
    as_json = trainer("evaluate", run / "bundle", "--data", data, "--json", cwd=tmp_path)
    report = json.loads(as_json.stdout)
    assert sum(map(sum, report["confusion"])) == report["pictures"] == 200
    assert len(report["per_class"]) == 10


def test_predict_skips_unreadable_files_and_names_them(tmp_path, seven, encode):
    (tmp_path / "seven.png").write_bytes(encode(seven))
    (tmp_path / "blank.png").write_bytes(encode(Image.new("L", (9, 9), 255)))
    (tmp_path / "text.png").write_text("hello")
    files = ["seven.png", "blank.png", "text.png", "nowhere.png"]
    result = trainer("predict", *files, "--json", cwd=tmp_path)
    assert result.returncode == 1
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert answers[0]["digit"] == 7
    assert sum(answers[0]["probabilities"]) == pytest.approx(1, abs=1e-4)
    assert [bool(answer.get("error")) for answer in answers] == [False, True, True, True]
    text = trainer("predict", "seven.png", cwd=tmp_path)
    assert text.returncode == 0
    assert text.stdout.startswith("seven.png: 7")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["train", "--architecture", "inklin"], "did you mean 'inkling'?"),
        (["train", "--preset", "lenet"], "there is no preset 'lenet'; did you mean 'lenet5'?"),
        (["train", "--preset", "mlp", "--cell", "gru"], "takes no option 'cell'"),
        (["train", "--resume", "nowhere"], "nowhere is not a run"),
        (["train", "--data", "mnits"], "did you mean 'mnist'?"),
        (["train", "--data", "synthetic", "--device", "warp"], "--device warp"),
        (["train", "--epochs", "0"], "--epochs"),
        (["train", "--validate", "synthetic:9"], "--validate takes no size"),
        (["evaluate", "nowhere"], "nowhere"),
        (["export", "nowhere"], "nowhere is not a run"),
        (["train", "--data", "strokes"], "INKLING_DATA"),
    ],
)
def test_an_invalid_argument_is_refused_with_its_reason(tmp_path, arguments, reason):
    result = trainer(*arguments, cwd=tmp_path, INKLING_DATA=str(tmp_path / "empty"))
    assert result.returncode in {1, 2}
    assert reason in result.stderr


def test_a_config_file_gives_options_and_the_command_line_overrides_it(
    tmp_path, some_digits, without_export
):
    config = tmp_path / "recipe.toml"
    config.write_text(f'data = ["folder:{some_digits}"]\nepochs = 1\nbatch-size = 64\nseed = 3\n')
    result = trainer(
        "train", "--config", config, "--seed", "5", "--folder", "run", "--json", cwd=tmp_path
    )
    assert result.returncode == 0, result.stderr
    plan = json.loads((tmp_path / "run" / "run.json").read_text())
    assert plan["recipe"]["epochs"] == 1
    assert plan["recipe"]["batch_size"] == 64
    assert plan["recipe"]["seed"] == 5
    assert plan["data"][0]["source"] == f"folder:{some_digits}"


@pytest.mark.parametrize(
    ("text", "reason"),
    [("epochs =", "Invalid"), ("epoch = 3", "no option 'epoch'"), ('epochs = "many"', "epochs")],
)
def test_an_invalid_file_of_options_is_refused(tmp_path, text, reason):
    (tmp_path / "recipe.toml").write_text(text)
    result = trainer("train", "--config", "recipe.toml", cwd=tmp_path)
    assert result.returncode != 0
    assert reason in result.stderr


NEED_A_BUNDLE = {"refine", "inkling-finetune"}


@pytest.mark.parametrize("name", sorted(set(presets()) - NEED_A_BUNDLE))
def test_every_recipe_is_a_preset_that_the_command_takes(tmp_path, name):
    result = trainer("train", "--preset", name, "--data", "nowhere", cwd=tmp_path)
    assert "there is no data set 'nowhere'" in result.stderr


def test_options_override_a_config_file_which_overrides_a_preset(
    tmp_path, some_digits, without_export
):
    (tmp_path / "mine.toml").write_text(f'data = ["folder:{some_digits}"]\nepochs = 1\nseed = 4\n')
    result = trainer(
        *("train", "--config", "mine.toml", "--preset", "cnn", "--dropout", "0.1"),
        *("--seed", "5", "--folder", "run"),
        cwd=tmp_path,
    )
    assert result.returncode == 0, result.stderr
    plan = TrainingRun(tmp_path / "run").plan()
    assert [part.source for part in plan.data] == [f"folder:{some_digits}"]
    assert plan.recipe.options == {"dropout": 0.1}
    assert (plan.recipe.architecture, plan.recipe.loss) == ("cnn", "nll")
    assert (plan.recipe.epochs, plan.recipe.seed, plan.recipe.normalize) == (1, 5, True)


def test_training_on_non_digits_needs_an_architecture_with_a_class_for_them(tmp_path, some_digits):
    data = f"folder:{some_digits}"
    result = trainer(
        *("train", "--architecture", "lenet5", "--data", data, "--data"),
        *("scribbles:50", "--validate", data, "--epochs", "1", "--training-parts-only"),
        cwd=tmp_path,
    )
    assert result.returncode == 1
    assert "no class for what is not a digit" in result.stderr


def test_a_run_is_never_overwritten(trained, tmp_path):
    run, _ = trained
    before = (run / "best.safetensors").read_bytes()
    result = trainer("train", "--data", "synthetic:100", *FAST, "--folder", run, cwd=tmp_path)
    assert result.returncode == 1
    assert "holds a run already" in result.stderr
    assert (run / "best.safetensors").read_bytes() == before


def test_ctrl_c_stops_cleanly_and_the_run_can_be_resumed(tmp_path, some_digits):
    data = f"folder:{some_digits}"
    train = ("train", "--preset", "mlp", "--data", data, "--json")
    command = [sys.executable, "-m", "trainer", *train]
    process = subprocess.Popen(
        [*command, *("--schedule", "constant", "--epochs", "100000", "--folder", "run")],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Where the tests run in a shell's background, children would ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    try:
        assert json.loads(process.stdout.readline())["epoch"] == 1
        assert json.loads(process.stdout.readline())["epoch"] == 2
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "the last checkpoint is in run (python -m trainer train --resume run)" in errors
    assert "Traceback" not in errors
    run = TrainingRun(tmp_path / "run")
    kept = len(run.metrics())
    refused = trainer("train", "--resume", "run", "--seed", "3", cwd=tmp_path)
    assert "--seed is fixed by the run" in refused.stderr
    refused = trainer("train", "--resume", "run", "--preset", "cnn", cwd=tmp_path)
    assert "--preset is fixed by the run" in refused.stderr
    gone_on = trainer("train", "--resume", "run", "--epochs", kept + 1, cwd=tmp_path)
    assert gone_on.returncode == 0, gone_on.stderr
    assert [each.epoch for each in run.metrics()] == list(range(1, kept + 2))
    assert read_bundle(tmp_path / "run" / "bundle").card.recipe["epochs"] == kept + 1


def test_a_run_is_not_resumed_with_other_data_or_another_schedule(trained, tmp_path):
    run, _ = trained
    copy = shutil.copytree(run, tmp_path / "run")
    longer = trainer("train", "--resume", copy, "--epochs", "9", cwd=tmp_path)
    assert "the schedule was laid out for 4 epochs" in longer.stderr
    plan = json.loads((copy / "run.json").read_text())
    plan["data"][0]["sha256"] = "0" * 64
    (copy / "run.json").write_text(json.dumps(plan))
    changed = trainer("train", "--resume", copy, cwd=tmp_path)
    assert f"{plan['data'][0]['source']} has changed since this run was started" in changed.stderr


def test_half_precision_and_int8_halve_the_bundle_at_the_same_accuracy(tmp_path, some_digits):
    sizes, cards = [], []
    for options in (("--no-half",), ("--half", "--int8")):
        result = trainer(
            *("train", "--preset", "mlp-deep", "--data", f"folder:{some_digits}", "--epochs", "3"),
            *(*options, "--folder", options[0]),
            cwd=tmp_path,
        )
        assert result.returncode == 0, result.stderr
        bundle = tmp_path / options[0] / "bundle"
        sizes.append(sum(file.stat().st_size for file in bundle.iterdir()))
        cards.append(read_bundle(bundle).card)
    assert sizes[1] < 0.55 * sizes[0]
    assert sizes[1] < 4_000_000
    whole, half = (card.evaluations[0].accuracy for card in cards)
    assert abs(whole - half) < 0.01
    assert cards[0].int8_loss is None
    assert cards[1].int8_loss == pytest.approx(0, abs=LARGEST_LOSS)


def test_runs_are_listed_and_compared(trained, tmp_path, some_digits, without_export):
    run, _ = trained
    data = f"folder:{some_digits}"
    other = trainer(
        *("train", "--preset", "rnn", "--data", data, "--epochs", "1", "--hidden", "16"),
        cwd=tmp_path,
    )
    assert other.returncode == 0, other.stderr
    listed = trainer("runs", cwd=tmp_path)
    assert listed.returncode == 0, listed.stderr
    assert "rnn" in listed.stdout
    assert "1/1" in listed.stdout
    (second,) = (tmp_path / "home" / "runs").iterdir()
    compared = trainer("runs", run, second, cwd=tmp_path)
    assert "4/4" in compared.stdout
    assert "optimizer" in compared.stdout
    assert "adamw" in compared.stdout
    assert "seed" not in compared.stdout
    rows = json.loads(trainer("runs", run, second, "--json", cwd=tmp_path).stdout)
    assert [row["hidden"] for row in rows if "hidden" in row] == ["16"]
    empty = trainer("runs", cwd=tmp_path, INKLING_HOME=str(tmp_path / "nowhere"))
    assert "python -m trainer train makes one" in empty.stderr


def test_damaged_weights_are_refused(trained, tmp_path):
    run, _ = trained
    copy = shutil.copytree(run, tmp_path / "run")
    (copy / "best.safetensors").write_bytes(b"broken")
    result = trainer("export", copy, cwd=tmp_path)
    assert result.returncode == 1
    assert "does not fit its run" in result.stderr


@pytest.mark.parametrize("arguments", [["train"], ["export", "run"]])
def test_without_torch_the_error_says_what_to_install(tmp_path, arguments):
    code = (
        "import importlib.util, sys; find = importlib.util.find_spec;"
        "importlib.util.find_spec = lambda n, *a: None if n == 'torch' else find(n, *a);"
        "sys.modules['torch'] = None;"
        f"sys.argv[1:] = {arguments!r};"
        "from trainer.cli import main; main()"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert "pip install 'inkling[train]'" in result.stderr
    assert "Traceback" not in result.stderr


def test_predict_and_evaluate_never_import_torch():
    code = (
        "import sys; from trainer.cli import main; import trainer.evaluation.metrics;"
        "assert 'torch' not in sys.modules, 'torch was imported'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert (PRETRAINED / "inkling").is_dir()


def test_the_card_and_the_report_name_the_epoch_that_was_exported(trained, tmp_path, monkeypatch):
    run = TrainingRun(shutil.copytree(trained[0], tmp_path / "run"))
    graph = read_bundle(run.folder / "bundle").model
    monkeypatch.setattr("trainer.export.to_onnx", lambda _: graph)  # which takes seconds
    lines = [msgspec.to_builtins(each) for each in run.metrics()]
    for line in lines:  # a run that was best early
        line["best"] = line["epoch"] < 3
    (run.folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    monkeypatch.setattr("trainer.export.LARGEST_DIFFERENCE", 1.0)  # the graph is another epoch's
    for which, epoch in (("best", 2), ("last", 4)):
        bundle = export(run, tmp_path / which, which)
        assert bundle.card.exported_epoch == epoch
        write_report(run, bundle)
        page = (run.folder / "report.html").read_text()
        assert page.count("(exported)") == 1
        assert f"those after epoch {epoch}." in page


def test_a_report_takes_the_first_validation_set_that_has_digits(tmp_path, some_digits):
    """Here the first has only test pictures that are not digits, and both have one name."""
    first, second = tmp_path / "a" / "folder", tmp_path / "b" / "folder"
    shutil.copytree(some_digits, first)
    shutil.copytree(some_digits / "test", second / "train")
    shutil.copytree(some_digits / "validation", second / "validation")
    shutil.copytree(some_digits / "validation", second / "test")
    test = first / "test"
    shutil.move(test, first / "all")
    shutil.copytree(first / "all" / "3", test / "not_a_digit")
    result = trainer(
        *("train", "--preset", "mlp", "--epochs", "1", "--training-parts-only", "--folder", "run"),
        *("--data", f"folder:{first}", "--data", f"folder:{second}"),
        cwd=tmp_path,
    )
    assert result.returncode == 0, result.stderr
    page = (tmp_path / "run" / "report.html").read_text()
    assert f"on the 100 pictures of the\nfolder:{second} test set" in page
