#!/usr/bin/python3
"""Write models with functions of their own into FOLDER, one NAME.onnx each, and print their paths.

usage: function_models.py FOLDER

Every model has float inputs with known shapes and float outputs, so that any runtime can be asked.
"""
import sys

import numpy as np
from onnx import AttributeProto, TensorProto, helper, numpy_helper

F, B = TensorProto.FLOAT, TensorProto.BOOL
RNG = np.random.default_rng(7)
OWN = helper.make_opsetid("local", 1)


def weight(name, *shape):
    return numpy_helper.from_array(RNG.standard_normal(shape).astype(np.float32) / 2, name)


def info(name, *shape):
    return helper.make_tensor_value_info(name, F, shape)


def ref(name, source, kind=AttributeProto.FLOAT):
    attribute = AttributeProto()
    attribute.name, attribute.ref_attr_name, attribute.type = name, source, kind
    return attribute


def node(op, inputs, outputs, *refs, domain="", **attributes):
    made = helper.make_node(op, inputs.split(","), outputs.split(","), domain=domain, **attributes)
    made.attribute.extend(refs)
    return made


def call(name, inputs, outputs, *refs, overload=None, **attributes):
    made = node(name, inputs, outputs, *refs, domain="local", **attributes)
    if overload:  # NodeProto.overload, which this version of the onnx package does not know
        made.MergeFromString(b"\x42" + bytes([len(overload)]) + overload.encode())
    return made


def function(name, inputs, outputs, nodes, attributes=(), opset=15, defaults=(), overload=None):
    made = helper.make_function("local", name, inputs.split(","), outputs.split(","), nodes,
                                [helper.make_opsetid("", opset), OWN], list(attributes))
    for key, value in defaults:  # FunctionProto.attribute_proto
        text = helper.make_attribute(key, value).SerializeToString()
        made.MergeFromString(b"\x5a" + bytes([len(text)]) + text)
    if overload:
        made.MergeFromString(b"\x6a" + bytes([len(overload)]) + overload.encode())
    return made


def model(nodes, functions, outputs, weights=(), opset=15, ir=8, inputs=None):
    graph = helper.make_graph(nodes, "g", inputs or [info("x", 3, 4)],
                              [info(name, *shape) for name, shape in outputs], list(weights))
    return helper.make_model(graph, functions=functions, ir_version=ir,
                             opset_imports=[helper.make_opsetid("", opset), OWN])


def dense(attributes=("alpha",), **more):
    return function("Dense", "x,w,b", "y",
                    [node("MatMul", "x,w", "p"), node("Add", "p,b", "q"),
                     node("LeakyRelu", "q", "y", ref("alpha", "alpha"))], attributes, **more)


def cases():
    w = [weight("w", 4, 4), weight("b", 4), weight("v", 4, 4), weight("c", 4)]
    yield "attribute", model([call("Dense", "x,w,b", "y", alpha=0.3)], [dense()], [("y", (3, 4))], w[:2])
    yield "attribute_left_out", model([call("Dense", "x,w,b", "y")], [dense()], [("y", (3, 4))], w[:2])
    yield "attribute_default", model(
        [call("Dense", "x,w,b", "h"), call("Dense", "h,v,c", "y", alpha=0.7)],
        [dense((), defaults=[("alpha", 0.25)])], [("y", (3, 4))], w, ir=9)
    nested = function("Two", "x,w,b,v,c", "y",
                      [call("Dense", "x,w,b", "h", ref("alpha", "slope")),
                       call("Dense", "h,v,c", "y", alpha=0.9)], ["slope"])
    yield "nested", model([call("Two", "x,w,b,v,c", "m", slope=0.1), call("Two", "m,v,c,w,b", "y", slope=0.5)],
                          [dense(), nested], [("y", (3, 4)), ("m", (3, 4))], w)
    yield "same_names", model(
        [node("Relu", "x", "p"), call("Dense", "p,w,b", "q", alpha=0.3), call("Dense", "q,w,b", "h", alpha=0.2),
         node("Add", "h,p", "y")], [dense()], [("y", (3, 4)), ("q", (3, 4))], w[:2])
    constant = function("Shifted", "x", "y", [helper.make_node("Constant", [], ["k"]), node("Add", "x,k", "y")], ["by"])
    constant.node[0].attribute.append(ref("value_float", "by"))
    yield "constant", model([call("Shifted", "x", "y", by=1.5)], [constant], [("y", (3, 4))])
    pair = function("Pair", "x", "same,neg,again",
                    [node("Neg", "x", "neg"), node("Identity", "x", "same"), node("Abs", "neg", "again")])
    yield "outputs", model([call("Pair", "x", "a,b,"), node("Mul", "a,b", "m"), call("Pair", "m", ",,y")],
                           [pair], [("y", (3, 4)), ("b", (3, 4))])
    clip = function("Limit", "x,low,high", "y", [node("Clip", "x,low,high", "y")])
    yield "omitted_input", model(
        [call("Limit", "x,,high", "a"), call("Limit", "a,low", "y")], [clip], [("y", (3, 4))],
        [numpy_helper.from_array(np.float32(0.4), "high"), numpy_helper.from_array(np.float32(-0.6), "low")])
    then = helper.make_graph([call("Dense", "x,w,b", "t", alpha=0.3)], "then", [], [info("t", 3, 4)])
    other = helper.make_graph([call("Dense", "x,v,c", "e", alpha=0.3)], "else", [], [info("e", 3, 4)])
    yield "in_branch", model(
        [node("ReduceSum", "x", "s", keepdims=0), node("Less", "s,zero", "k"),
         node("If", "k", "y", then_branch=then, else_branch=other)], [dense()], [("y", (3, 4))],
        w + [numpy_helper.from_array(np.float32(0), "zero")])
    inner_then = helper.make_graph([node("MatMul", "x,w", "t")], "then", [], [info("t", 3, 4)])
    inner_else = helper.make_graph([call("Dense", "x,w,b", "e", alpha=0.3)], "else", [], [info("e", 3, 4)])
    choose = function("Choose", "x,w,b,k", "y",
                      [node("If", "k", "y", then_branch=inner_then, else_branch=inner_else)])
    yield "branch_in_body", model(
        [node("ReduceSum", "x", "s", keepdims=0), node("Less", "s,zero", "k"), node("Not", "k", "n"),
         call("Choose", "x,w,b,k", "h"), call("Choose", "h,v,c,n", "y")], [dense(), choose], [("y", (3, 4))],
        w + [numpy_helper.from_array(np.float32(0), "zero")])
    body = helper.make_graph(
        [node("Identity", "go", "go_on"), call("Dense", "state,w,b", "next", alpha=0.3)], "body",
        [helper.make_tensor_value_info("i", TensorProto.INT64, []), helper.make_tensor_value_info("go", B, []),
         info("state", 3, 4)],
        [helper.make_tensor_value_info("go_on", B, []), info("next", 3, 4)])
    loop = function("Repeat", "x,w,b,n,yes", "y", [node("Loop", "n,yes,x", "y", body=body)])
    yield "loop_in_body", model([call("Repeat", "x,w,b,n,yes", "y")], [dense(), loop], [("y", (3, 4))],
                                w[:2] + [numpy_helper.from_array(np.int64(3), "n"), numpy_helper.from_array(np.bool_(True), "yes")])
    soft = function("Soft", "x", "y", [node("Softmax", "x", "y")], opset=13)
    yield "older_opset", model([node("Softmax", "x", "a"), call("Soft", "x", "b"), node("Add", "a,b", "y")], [soft],
                               [("y", (2, 3, 4))], inputs=[info("x", 2, 3, 4)])
    one, two = (function("Act", "x", "y", [node(op, "x", "y")], overload=o) for op, o in (("Relu", "r"), ("Tanh", "t")))
    yield "overload", model([call("Act", "x", "h", overload="t"), call("Act", "h", "y", overload="r")], [one, two],
                            [("y", (3, 4))], ir=10)


def main():
    for name, made in cases():
        path = f"{sys.argv[1]}/{name}.onnx"
        with open(path, "wb") as file:
            file.write(made.SerializeToString())
        print(path)


if __name__ == "__main__":
    main()
