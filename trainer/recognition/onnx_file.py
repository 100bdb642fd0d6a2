"""Reads the nodes and constants of an ONNX file, without the package `onnx`, which serving lacks.

An ONNX file is a message of Protocol Buffers (onnx.proto); what is not asked here is skipped.
Reading takes time in proportion to its parts, of which there is a limit, and memory in proportion
to the file.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod

import numpy as np
from numpy.typing import NDArray

# Numbers of fields in onnx.proto.
_MODEL_GRAPH = 7
_GRAPH_NODE, _GRAPH_INITIALIZER, _GRAPH_INPUT, _GRAPH_OUTPUT = 1, 5, 11, 12
_VALUE_NAME = 1
_NODE_INPUT, _NODE_OUTPUT, _NODE_TYPE, _NODE_ATTRIBUTE, _NODE_DOMAIN = 1, 2, 4, 5, 7
_ATTRIBUTE_NAME, _ATTRIBUTE_FLOAT, _ATTRIBUTE_INT = 1, 2, 3
_ATTRIBUTE_TEXT, _ATTRIBUTE_INTS = 4, 8
_TENSOR_SHAPE, _TENSOR_TYPE, _TENSOR_NAME = 1, 2, 8
_TENSOR_RAW, _TENSOR_FLOATS, _TENSOR_INTS, _TENSOR_LONGS = 9, 4, 5, 7  # where its values stand

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # wire types
_MOST_BITS = 64  # of a varint
_MOST_PARTS = 200_000  # fields and numbers, read in 0.2 s; the shipped files have up to 1,796
_MOST_DIMENSIONS = 8  # of a constant; their product is not computed of more
_OWN_DOMAINS = ("", "ai.onnx")  # ONNX's operations; elsewhere a name may mean anything
_HALF = np.dtype(np.float16)

_TYPES = {1: "<f4", 2: "u1", 3: "i1", 6: "<i4", 7: "<i8", 10: "<f2", 11: "<f8"}
"""NumPy's types by the numbers of TensorProto.DataType."""

Attribute = float | int | str | list[int]
Field = int | memoryview


class InvalidGraph(ValueError):
    """A file that is not an ONNX graph."""


@dataclass(frozen=True, slots=True)
class Node:
    """An operation."""

    type: str
    """The operation's name; with its domain before it, if that is not ONNX's own."""
    inputs: list[str]
    outputs: list[str]
    attributes: dict[str, Attribute] = field(default_factory=dict)

    def ints(self, name: str, default: list[int]) -> list[int]:
        """An attribute that is a list of whole numbers."""
        value = self.attributes.get(name, default)
        return value if isinstance(value, list) else default


@dataclass(frozen=True, slots=True)
class Graph:
    """What is computed, in an order in which nothing is used before it is there."""

    nodes: list[Node]
    constants: dict[str, NDArray]
    """By name; those of a type that no layer has, or in a file of their own, are left out."""
    inputs: list[str]
    outputs: list[str]


def read_graph(content: bytes) -> Graph:
    """The graph in the content of an ONNX file. Raises `InvalidGraph`."""
    try:
        reader = _Reader(_MOST_PARTS)
        for number, value in reader.fields(memoryview(content)):
            if number == _MODEL_GRAPH:
                return reader.graph(_part(value))
    except (ValueError, IndexError, struct.error) as error:  # `UnicodeDecodeError` is the first
        raise InvalidGraph(f"not an ONNX file: {error}") from error
    raise InvalidGraph("not an ONNX file: it has no graph")


class _Reader:
    """Reads messages of up to so many parts together, which are fields and packed numbers."""

    def __init__(self, most: int) -> None:
        self._left = most

    def graph(self, message: memoryview) -> Graph:
        graph = Graph([], {}, [], [])
        for number, value in self.fields(message):
            if number == _GRAPH_NODE:
                graph.nodes.append(self.node(_part(value)))
            elif number == _GRAPH_INITIALIZER:
                name, tensor = self.tensor(_part(value))
                if tensor is not None:
                    graph.constants[name] = tensor
            elif number == _GRAPH_INPUT:
                graph.inputs.append(self.name(_part(value)))
            elif number == _GRAPH_OUTPUT:
                graph.outputs.append(self.name(_part(value)))
        return graph

    def node(self, message: memoryview) -> Node:
        inputs, outputs, kind, domain, attributes = [], [], "", "", {}
        for number, value in self.fields(message):
            if number == _NODE_INPUT:
                inputs.append(_text(value))
            elif number == _NODE_OUTPUT:
                outputs.append(_text(value))
            elif number == _NODE_TYPE:
                kind = _text(value)
            elif number == _NODE_DOMAIN:
                domain = _text(value)
            elif number == _NODE_ATTRIBUTE:
                name, attribute = self.attribute(_part(value))
                attributes[name] = attribute
        kind = kind if domain in _OWN_DOMAINS else f"{domain}::{kind}"
        return Node(kind, inputs, outputs, attributes)

    def attribute(self, message: memoryview) -> tuple[str, Attribute]:
        name, ints, found = "", [], None
        for number, value in self.fields(message):
            if number == _ATTRIBUTE_NAME:
                name = _text(value)
            elif number == _ATTRIBUTE_FLOAT:
                (found,) = struct.unpack("<f", _part(value))
            elif number == _ATTRIBUTE_INT:
                found = _signed(value)
            elif number == _ATTRIBUTE_TEXT:
                found = _text(value)
            elif number == _ATTRIBUTE_INTS:
                ints += self.signed_all(value)
        return name, ints if found is None else found

    def tensor(self, message: memoryview) -> tuple[str, NDArray | None]:
        name, shape, kind, raw = "", [], 0, bytearray()
        ints: list[int] = []
        for number, value in self.fields(message):
            if number == _TENSOR_NAME:
                name = _text(value)
            elif number == _TENSOR_SHAPE:
                shape += self.signed_all(value)
            elif number == _TENSOR_TYPE and isinstance(value, int):
                kind = value
            elif number in (_TENSOR_RAW, _TENSOR_FLOATS):
                raw += _part(value)
            elif number in (_TENSOR_INTS, _TENSOR_LONGS):
                ints += self.signed_all(value)
        if kind not in _TYPES or len(shape) > _MOST_DIMENSIONS:
            return name, None
        type_ = np.dtype(_TYPES[kind])
        if not ints:
            values = np.frombuffer(raw, type_)
        elif type_ == _HALF:  # whole numbers hold its bits
            values = np.array(ints).astype("<u2").view(type_)
        else:
            values = np.array(ints).astype(type_)
        return name, values.reshape(shape) if values.size == prod(shape) else None

    def name(self, message: memoryview) -> str:
        return next(
            (_text(value) for number, value in self.fields(message) if number == _VALUE_NAME), ""
        )

    def fields(self, message: memoryview) -> Iterator[tuple[int, Field]]:
        """The number and the value of each field of a message: a whole number, or bytes."""
        at = 0
        while at < len(message):
            self._spend()
            key, at = _varint(message, at)
            number, wire = key >> 3, key & 7
            if wire == _VARINT:
                value, at = _varint(message, at)
                yield number, value
                continue
            if wire == _BYTES:
                length, at = _varint(message, at)
            elif wire in (_FIXED32, _FIXED64):
                length = 4 if wire == _FIXED32 else 8
            else:
                raise ValueError(f"wire type {wire}")
            if at + length > len(message):
                raise ValueError("it is cut off")
            yield number, message[at : at + length]
            at += length

    def signed_all(self, value: Field) -> list[int]:
        """A repeated number: one of them, or all packed."""
        if isinstance(value, int):
            return [_signed(value)]
        found, at = [], 0
        while at < len(value):
            self._spend()
            number, at = _varint(value, at)
            found.append(_signed(number))
        return found

    def _spend(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise ValueError("it has too many parts")


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """A whole number of 7 bits a byte, the lowest first, and the place after it."""
    number = 0
    for shift in range(0, _MOST_BITS, 7):
        byte = message[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
    raise ValueError("a number is too long")


def _signed(value: Field) -> int:
    if not isinstance(value, int):
        raise ValueError("a number is missing")
    value &= (1 << 64) - 1
    return value - (1 << 64) if value >> 63 else value


def _part(value: Field) -> memoryview:
    if isinstance(value, int):
        raise ValueError("a part is missing")
    return value


def _text(value: Field) -> str:
    return str(_part(value), "utf-8")
