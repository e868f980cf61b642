// Records what ONNX Runtime's CPU provider computes, in backend test folders.
//
// Usage: node ort_record.mjs DIR...
// Runs DIR/model.onnx on DIR/inputs.json, {NAME: {type, dims, data}} (null is NaN), and writes
// DIR/test_data_set_0/output_I.pb. A model that it refuses gets no outputs and a line on stderr; a
// missing onnxruntime-node exits with 77 (skipped).
import fs from "node:fs";
import path from "node:path";

const ARRAYS = { float32: Float32Array, float64: Float64Array, int32: Int32Array, int64: BigInt64Array };
const NUMBERS = { float32: 1, int32: 6, int64: 7, string: 8, float64: 11 }; // of TensorProto.DataType

function varint(x) {
  const bytes = [];
  for (; x >= 128; x = Math.floor(x / 128)) bytes.push((x % 128) | 128);
  return Buffer.from([...bytes, x]);
}

function field(number, bytes) {
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

function tensorProto(tensor) {
  const parts = tensor.dims.map((d) => Buffer.concat([varint(8), varint(Number(d))]));
  parts.push(varint(16), varint(NUMBERS[tensor.type]));
  if (tensor.type === "string") {
    for (const text of tensor.data) parts.push(field(6, Buffer.from(text)));
  } else {
    parts.push(field(9, Buffer.from(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength)));
  }
  return Buffer.concat(parts);
}

function inputTensor(ort, { type, dims, data }) {
  const of = type === "int64" ? (x) => BigInt(x) : (x) => x ?? NaN;
  return new ort.Tensor(type, ARRAYS[type].from(data.map(of)), dims);
}

async function record(ort, folder) {
  const session = await ort.InferenceSession.create(path.join(folder, "model.onnx"), {
    executionProviders: ["cpu"], graphOptimizationLevel: "disabled", intraOpNumThreads: 1,
    interOpNumThreads: 1, logSeverityLevel: 4,
  });
  const inputs = JSON.parse(fs.readFileSync(path.join(folder, "inputs.json")));
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([name, input]) => [name, inputTensor(ort, input)]));
  const results = await session.run(feeds);
  session.outputNames.forEach((name, i) => {
    fs.writeFileSync(path.join(folder, "test_data_set_0", `output_${i}.pb`), tensorProto(results[name]));
  });
}

const ort = await import("onnxruntime-node").catch((error) => {
  process.stderr.write(`onnxruntime-node: ${error.code ?? error.message}\n`);
  process.exit(77);
});
for (const folder of process.argv.slice(2)) {
  await record(ort.default ?? ort, folder).catch((error) => {
    process.stderr.write(`${folder}: ${String(error.message ?? error).replaceAll("\n", " ")}\n`);
  });
}
