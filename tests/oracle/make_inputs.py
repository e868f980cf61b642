#!/usr/bin/python3
"""Write one seeded NAME.npy per graph input of MODEL into DIR; unknown dimensions become BATCH.

usage: make_inputs.py MODEL DIR [BATCH] [SEED]
"""
import sys

import numpy as np
import onnx


def main():
    model, folder = onnx.load(sys.argv[1], load_external_data=False), sys.argv[2]
    batch = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    rng = np.random.default_rng(int(sys.argv[4]) if len(sys.argv) > 4 else 0)
    constants = {t.name for t in model.graph.initializer}
    for value in model.graph.input:
        if value.name in constants:
            continue
        tensor = value.type.tensor_type
        shape = [d.dim_value if d.HasField("dim_value") and d.dim_value > 0 else batch for d in tensor.shape.dim]
        dtype = onnx.mapping.TENSOR_TYPE_TO_NP_TYPE[tensor.elem_type]
        if np.issubdtype(dtype, np.floating):
            array = rng.standard_normal(shape).astype(dtype)
        else:  # token ids, masks
            array = rng.integers(0, 2, shape).astype(dtype)
        np.save(f"{folder}/{value.name.replace('/', '_')}.npy", array)
        print(f"--input\n{value.name}={folder}/{value.name.replace('/', '_')}.npy")


if __name__ == "__main__":
    main()
