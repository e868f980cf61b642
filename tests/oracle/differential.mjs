// Runs the cases of a manifest on ONNX Runtime's CPU provider and writes what it computes as the
// expected outputs of their folders.
//
// Usage: node differential.mjs ROOT PART PARTS
// Reads ROOT/manifest.json, takes every PARTS-th case from PART on, reads FOLDER/model.onnx and
// FOLDER/test_data_set_K/input_I.pb, writes output_I.pb beside them, and ROOT/ort_PART.json: what
// failed, by name, and why. A missing onnxruntime-node exits with 77 (skipped).
import fs from "node:fs";
import path from "node:path";

// ONNX's number, ONNX Runtime's name, the array that holds the elements.
const TYPES = [
  [1, "float32", Float32Array], [2, "uint8", Uint8Array], [3, "int8", Int8Array],
  [4, "uint16", Uint16Array], [5, "int16", Int16Array], [6, "int32", Int32Array],
  [7, "int64", BigInt64Array], [8, "string", null], [9, "bool", Uint8Array],
  [10, "float16", Uint16Array], [11, "float64", Float64Array], [12, "uint32", Uint32Array],
  [13, "uint64", BigUint64Array],
];

// --- protobuf, as far as TensorProto needs it -------------------------------------------------------

function varint(bytes, at) {
  let value = 0n;
  for (let shift = 0n; ; shift += 7n) {
    const b = bytes[at++];
    value |= BigInt(b & 127) << shift;
    if (b < 128) {
      return [value, at];
    }
  }
}

function readTensor(bytes, ort) {
  const dims = [], strings = [];
  let code = 0, raw = new Uint8Array(0);
  for (let at = 0, tag, value; at < bytes.length;) {
    [tag, at] = varint(bytes, at);
    [value, at] = varint(bytes, at); // of a bytes field: its length
    const field = Number(tag >> 3n);
    if ((tag & 7n) === 2n) {
      const body = bytes.subarray(at, at + Number(value));
      at += Number(value);
      if (field === 1) {
        for (let k = 0, d; k < body.length;) {
          [d, k] = varint(body, k);
          dims.push(Number(d));
        }
      } else if (field === 6) {
        strings.push(Buffer.from(body).toString("utf8"));
      } else if (field === 9) {
        raw = body;
      }
    } else if (field === 1) {
      dims.push(Number(value));
    } else if (field === 2) {
      code = Number(value);
    }
  }
  const type = TYPES.find((row) => row[0] === code);
  if (!type) {
    throw new Error(`type ${code}: onnxruntime-node has no such tensor`);
  }
  const count = dims.reduce((a, b) => a * b, 1);
  const data = type[2] ? new type[2](new Uint8Array(raw).buffer, 0, count) : strings;
  return new ort.Tensor(type[1], data, dims);
}

function putVarint(out, value) {
  for (value = BigInt(value); value > 127n; value >>= 7n) {
    out.push(Number(value & 127n) | 128);
  }
  out.push(Number(value));
}

function tensorBytes(tensor) {
  const type = TYPES.find((row) => row[1] === tensor.type);
  if (!type) {
    throw new Error(`output of type ${tensor.type}`);
  }
  const parts = [], head = [];
  for (const d of tensor.dims) {
    putVarint(head, 8);
    putVarint(head, d);
  }
  putVarint(head, 16);
  putVarint(head, type[0]);
  parts.push(Buffer.from(head));
  const field = (number, body) => {
    const tag = [];
    putVarint(tag, number * 8 + 2);
    putVarint(tag, body.length);
    parts.push(Buffer.from(tag), body);
  };
  if (type[2]) {
    const data = tensor.data;
    field(9, Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  } else {
    for (const s of tensor.data) {
      field(6, Buffer.from(s, "utf8"));
    }
  }
  return Buffer.concat(parts);
}

// --- cases ------------------------------------------------------------------------------------------

async function runCase(ort, one) {
  const session = await ort.InferenceSession.create(path.join(one.folder, one.model), {
    executionProviders: ["cpu"], graphOptimizationLevel: "disabled", intraOpNumThreads: 1,
    interOpNumThreads: 1, logSeverityLevel: 4,
  });
  try {
    for (let k = 0; k < one.sets; k++) {
      const folder = path.join(one.folder, `test_data_set_${k}`);
      const feeds = {};
      session.inputNames.forEach((name, i) => {
        feeds[name] = readTensor(fs.readFileSync(path.join(folder, `input_${i}.pb`)), ort);
      });
      const results = await session.run(feeds);
      session.outputNames.forEach((name, i) => {
        fs.writeFileSync(path.join(folder, `output_${i}.pb`), tensorBytes(results[name]));
      });
    }
  } finally {
    await session.release();
  }
}

async function main([root, part, parts]) {
  if (parts === undefined) {
    throw new Error("usage: node differential.mjs ROOT PART PARTS");
  }
  const ort = await import("onnxruntime-node").catch((error) => {
    process.stderr.write(`onnxruntime-node: ${error.code ?? error.message}\n`);
    process.exit(77);
  });
  const all = JSON.parse(fs.readFileSync(path.join(root, "manifest.json"), "utf8")).cases;
  const failed = {};
  for (let k = Number(part); k < all.length; k += Number(parts)) {
    // A crash must name its case.
    fs.writeFileSync(path.join(root, `ort_${part}.now`), all[k].name);
    try {
      await runCase(ort, all[k]);
    } catch (error) {
      failed[all[k].name] = String(error.message ?? error).replaceAll("\n", " ");
    }
  }
  fs.writeFileSync(path.join(root, `ort_${part}.json`), JSON.stringify(failed));
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`${String(error.message ?? error).replaceAll("\n", " ")}\n`);
  process.exit(1);
});
