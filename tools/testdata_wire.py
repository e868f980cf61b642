"""Writes protobuf wire bytes by hand, so that a file can be wrong or odd in exactly one place.

A message is the bytes of its fields one after the other; every function here returns bytes.
"""
import struct

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5

FLOAT, UINT8, INT8, INT32, INT64, STRING, BOOL, DOUBLE, INT4 = 1, 2, 3, 6, 7, 8, 9, 11, 22
EXTERNAL = 1
TYPE_FLOAT, TYPE_INT, TYPE_STRING, TYPE_TENSOR, TYPE_GRAPH, TYPE_FLOATS, TYPE_INTS = range(1, 8)


def varint(value, width=1):
    """width: least number of bytes; more than needed gives a form that is not minimal."""
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F or len(out) + 1 < width:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def key(field, wire):
    return varint(field << 3 | wire)


def num(field, value):
    return key(field, VARINT) + varint(value)


def blob(field, value):
    """A length-delimited field: bytes, text or a message."""
    value = value.encode() if isinstance(value, str) else value
    return key(field, BYTES) + varint(len(value)) + value


def flt(field, value):
    return key(field, FIXED32) + struct.pack("<f", value)


def nums(field, values):
    """A repeated integer, one key each."""
    return b"".join(num(field, v) for v in values)


def blobs(field, values):
    return b"".join(blob(field, v) for v in values)


def packed(field, values):
    return blob(field, b"".join(varint(v) for v in values))


def floats_raw(*values):
    return struct.pack(f"<{len(values)}f", *values)


def ints_raw(*values):
    return struct.pack(f"<{len(values)}q", *values)


def pair(name, value):
    """StringStringEntryProto."""
    return blob(1, name) + blob(2, value)


def tensor(name, dims, dtype, *data):
    """TensorProto; data: further fields, ready made."""
    return nums(1, dims) + num(2, dtype) + blob(8, name) + b"".join(data)


def raw(value):
    """The raw_data field of a tensor."""
    return blob(9, value)


def external(*pairs):
    """The external_data and data_location fields of a tensor."""
    return blobs(13, [pair(k, v) for k, v in pairs]) + num(14, EXTERNAL)


def value_info(name, dtype=FLOAT, dims=(2, 2)):
    """A text dimension is symbolic."""
    shape = b"".join(blob(1, blob(2, d) if isinstance(d, str) else num(1, d)) for d in dims)
    return blob(1, name) + blob(2, blob(1, num(1, dtype) + blob(2, shape)))


def attr_int(name, value):
    return blob(1, name) + num(3, value) + num(20, TYPE_INT)


def attr_float(name, value):
    return blob(1, name) + flt(2, value) + num(20, TYPE_FLOAT)


def attr_ints(name, values):
    return blob(1, name) + nums(8, values) + num(20, TYPE_INTS)


def attr_string(name, value):
    return blob(1, name) + blob(4, value) + num(20, TYPE_STRING)


def attr_tensor(name, value):
    return blob(1, name) + blob(5, value) + num(20, TYPE_TENSOR)


def attr_graph(name, value):
    return blob(1, name) + blob(6, value) + num(20, TYPE_GRAPH)


def node(op, inputs, outputs, *attributes, name="", domain=""):
    return (blobs(1, inputs) + blobs(2, outputs) + (blob(3, name) if name else b"") +
            blob(4, op) + blobs(5, attributes) + (blob(7, domain) if domain else b""))


def graph(nodes=(), initializers=(), inputs=(), outputs=(), name="g", more=b""):
    named = blob(2, name) if name is not None else b""
    return (blobs(1, nodes) + named + blobs(5, initializers) + blobs(11, inputs) +
            blobs(12, outputs) + more)


def opset(version, domain=""):
    return blob(1, domain) + num(2, version)


def model(body, opsets=(opset(13),), ir=8, more=b""):
    """ModelProto around the bytes of a graph."""
    return num(1, ir) + blob(2, "onnxfreeze-testdata") + blob(7, body) + blobs(8, opsets) + more


def function(name, *nodes, domain="local"):
    """FunctionProto domain/name: x -> y."""
    return (blob(1, name) + blob(4, "x") + blob(5, "y") + blobs(7, nodes) + blob(9, opset(13)) +
            blob(9, opset(1, domain)) + blob(10, domain))
