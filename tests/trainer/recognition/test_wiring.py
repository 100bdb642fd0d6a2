"""How the values of a stage come about, as it is read from the graph that answers."""

import itertools
import time
import tracemalloc

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from trainer.recognition.bundle import PRETRAINED, read_bundle
from trainer.recognition.onnx_file import InvalidGraph, read_graph
from trainer.recognition.recognizer import Recognizer
from trainer.recognition.wiring import Window
from trainer.recognition.wiring_proof import proven
from trainer.recognition.wiring_trace import wirings

KINDS = {
    "lenet5": ["sum", "largest", "sum", "largest", "sum", "sum"],
    "cnn": ["sum", "same", "sum", "same", "sum"],
    "inkling": ["sum", "sum", "area", "sum", "area", "sum"],
    "mlp-deep": ["sum"] * 5,
    "rnn": ["rows"],
}


@pytest.mark.parametrize("name", KINDS)
def test_the_values_of_each_stage_are_made_of_those_before(name, seven):
    recognizer = Recognizer(read_bundle(PRETRAINED / name))
    pixels = recognizer.read(seven).prepared.pixels[None]
    stages = {stage: values for stage, (values,) in recognizer.stages(pixels).items()}
    wired = recognizer.wirings
    assert [wired[stage].kind for stage in stages] == KINDS[name]
    for stage, values in stages.items():
        wiring = wired[stage]
        if wiring.kind in {"area", "rows"}:
            continue
        given = wiring.given(stages[wiring.source] if wiring.source else pixels)
        made = [wiring.made(index, given).squeeze() for index in range(len(values))]
        step = np.diff(np.unique(values)).min() if wiring.rounded else 0  # of 8 bits
        assert np.abs(made - values).max() <= step / 2 + 1e-5, stage


def test_what_a_residual_block_reads_is_a_window_of_five_cells():
    wired = Recognizer(read_bundle(PRETRAINED / "inkling")).wirings
    assert wired["3 Residual"].source == "2 ReLU"
    assert wired["3 Residual"].window == Window(5, 5, 1, 1, 2, 2, 2, 2)


def model(*nodes: onnx.NodeProto, **constants: np.ndarray) -> bytes:
    """A graph from `x` to `logits`, with the stage `y`."""
    values = [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in ("logits", "y")]
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 1, 28, 28])],
        values,
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph).SerializeToString()


KERNEL = np.ones((4, 2, 3, 3), np.float32)


@pytest.mark.parametrize(
    ("nodes", "kind"),
    [
        ([("Conv", ["x", "kernel"], "a", {}), ("Relu", ["a"], "y", {})], "sum"),
        ([("Conv", ["x", "kernel"], "a", {"group": 2}), ("Relu", ["a"], "y", {})], None),
        ([("Conv", ["x", "kernel"], "a", {"dilations": [2, 2]}), ("Relu", ["a"], "y", {})], None),
        ([("Conv", ["x", "kernel"], "a", {"pads": [6000] * 4}), ("Relu", ["a"], "y", {})], None),
        ([("Conv", ["x", "kernel"], "a", {}), ("Sigmoid", ["a"], "y", {})], None),
        ([("Conv", ["x", "unknown"], "a", {}), ("Relu", ["a"], "y", {})], None),
        ([("AveragePool", ["x"], "a", {"kernel_shape": [2, 2]}), ("Relu", ["a"], "y", {})], None),
        ([("MaxPool", ["x"], "a", {"kernel_shape": [2, 2]}), ("Relu", ["a"], "y", {})], "largest"),
        (
            [
                ("Conv", ["x", "kernel"], "a", {}),
                ("Conv", ["a", "kernel"], "b", {}),
                ("Relu", ["b"], "y", {}),
            ],
            "area",
        ),
    ],
)
def test_nothing_is_said_of_layers_that_are_not_known(nodes, kind):
    made = [helper.make_node(name, read, [output], **more) for name, read, output, more in nodes]
    wired = wirings(read_graph(model(*made, kernel=KERNEL)))
    assert (wired["y"].kind if wired else None) == kind


SQUARES = np.ones((2, 4, 3, 3), np.float32)
ONE = np.ones((1, 1, 3, 3), np.float32)


@pytest.mark.parametrize(
    ("nodes", "constants", "is_borne_out"),
    [
        ([("Reshape", ["x", "c"], {}), ("Conv", ["k"], {})], ([-1, 4, 14, 14], SQUARES), False),
        ([("Reshape", ["x", "c"], {}), ("Conv", ["k"], {})], ([-1, 1, 14, 56], ONE), False),
        ([("Mul", ["x", "c"], {}), ("Cast", [], {"to": 7}), ("Cast", [], {"to": 1}),
          ("Conv", ["k"], {})], (np.float32(0.3), ONE), False),
        ([("Mul", ["x", "c"], {}), ("Conv", ["k"], {})], (np.float32(0.3), ONE), True),
        ([("Mul", ["x", "c"], {}), ("MaxPool", [], {"kernel_shape": [3, 3], "pads": [1] * 4})],
         (np.float32(-1), ONE), True),
        ([("Div", ["x", "c"], {}), ("Relu", [], {})], (np.float32(0), ONE), False),
        ([("Flatten", ["x"], {}), ("Gemm", ["k", "c"], {})],
         (np.ones((1, 4), np.float32), np.ones((784, 4), np.float32)), True),
        ([("Flatten", ["x"], {}), ("Gemm", ["k", "c"], {})],
         (np.float32(3), np.ones((784, 4), np.float32)), True),
    ],
)  # fmt: skip
def test_what_is_found_is_kept_if_the_model_bears_it_out(nodes, constants, is_borne_out):
    names = [f"v{i}" for i in range(len(nodes) - 1)] + ["y"]
    made = [
        helper.make_node(kind, ([names[i - 1]] if i else []) + read, [names[i]], **more)
        for i, (kind, read, more) in enumerate(nodes)
    ]
    logits = helper.make_node("Identity", ["x"], ["logits"])
    content = model(logits, *made, c=np.asarray(constants[0]), k=constants[1])
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])

    def stages(pixels: np.ndarray) -> dict[str, np.ndarray]:
        return {"y": session.run(["y"], {"x": pixels[:, None].astype(np.float32)})[0]}

    found = wirings(read_graph(content))
    assert found
    assert bool(proven(found, stages)) is is_borne_out


def test_a_graph_of_many_ways_takes_little_memory_and_a_long_one_is_left_alone():
    names = [f"r{i}" for i in range(21)]
    adding = [helper.make_node("Add", [a, a], [b]) for a, b in itertools.pairwise([*names, "y"])]
    doubled = read_graph(model(helper.make_node("RNN", ["x", "kernel"], ["r0"]), *adding))
    chain = [helper.make_node("Relu", [f"{i}"], [f"{i + 1}"]) for i in range(3000)]
    first, last = helper.make_node("Relu", ["x"], ["0"]), helper.make_node("Relu", ["3000"], ["y"])
    long = read_graph(model(first, *chain, last))
    tracemalloc.start()
    try:
        assert wirings(doubled)["y"].kind == "rows"
        assert not wirings(long)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_what_only_has_the_name_of_a_known_operation_is_not_known():
    own = helper.make_node("Relu", ["x"], ["y"], domain="own")
    assert not wirings(read_graph(model(own)))
    same = helper.make_node("Relu", ["x"], ["y"], domain="ai.onnx")
    assert wirings(read_graph(model(same)))["y"].kind == "same"


def test_a_constant_of_many_dimensions_is_left_out_before_they_are_multiplied():
    graph = onnx.GraphProto()
    graph.initializer.add(name="many", data_type=1, dims=[127] * 150_000)
    started = time.process_time()
    assert not read_graph(onnx.ModelProto(graph=graph).SerializeToString()).constants
    assert time.process_time() - started < 1.5  # multiplied, they take 3 s


@pytest.mark.parametrize("many", ["nodes", "numbers"])
def test_a_file_of_too_many_parts_is_refused(many):
    graph = onnx.GraphProto()
    if many == "nodes":
        graph.node.extend(onnx.NodeProto(op_type="Relu") for _ in range(120_000))
    else:
        graph.initializer.add(name="many", data_type=7, dims=[300_000], int64_data=[1] * 300_000)
    with pytest.raises(InvalidGraph, match="too many parts"):
        read_graph(onnx.ModelProto(graph=graph).SerializeToString())


NAMES = st.text(max_size=5)
TENSORS = st.sampled_from([np.float32, np.float16, np.int8, np.uint8, np.int32, np.int64])


@given(st.lists(st.tuples(NAMES, st.lists(NAMES, max_size=3), st.integers(-3, 2**40)), max_size=4),
       TENSORS, st.booleans())  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_a_graph_is_read_as_it_was_written(nodes, kind, is_raw):
    values = np.arange(-3, 3).astype(kind).reshape(2, 3)
    constant = numpy_helper.from_array(values, "constant")
    if not is_raw:
        flat = values.ravel().tolist()
        constant = helper.make_tensor("constant", constant.data_type, (2, 3), flat)
    made = [
        helper.make_node(
            name, read, ["out"], whole=number, several=[number, -1], text="é", real=0.5
        )
        for name, read, number in nodes
    ]
    graph = helper.make_graph(made, "g", [], [], [constant])
    found = read_graph(helper.make_model(graph).SerializeToString())
    assert [(node.type, node.inputs) for node in found.nodes] == [each[:2] for each in nodes]
    for node, (*_, number) in zip(found.nodes, nodes, strict=True):
        several = {"whole": number, "several": [number, -1]}
        assert node.attributes == several | {"text": "é", "real": 0.5}
    assert found.constants["constant"].dtype == kind
    assert (found.constants["constant"] == values).all()


SMALL = model(helper.make_node("Conv", ["x", "kernel"], ["y"], pads=[0] * 4), kernel=KERNEL)


@given(st.lists(st.tuples(st.integers(0, len(SMALL) - 1), st.integers(0, 255)), max_size=4),
       st.integers(0, len(SMALL)))  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_a_damaged_graph_is_refused_or_read(changes, length):
    content = bytearray(SMALL)
    for place, byte in changes:
        content[place] = byte
    try:
        graph = read_graph(bytes(content[:length]))
    except InvalidGraph:
        return
    wirings(graph)
