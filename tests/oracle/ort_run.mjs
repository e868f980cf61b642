// Runs a model on ONNX Runtime's CPU provider.
//
// Usage: node ort_run.mjs MODEL IN_DIR OUT_DIR [MODEL IN_DIR OUT_DIR ...]
// Reads IN_DIR/NAME.npy for each graph input (a missing one is left out: it has an initializer or
// is optional), writes OUT_DIR/NAME.npy for each output; "/" in a name becomes "_". Failures are
// one line on stderr and, after the other models, exit code 1; a missing onnxruntime-node exits with 77 (skipped).
import fs from "node:fs";
import path from "node:path";

// numpy's type codes, ONNX Runtime's names and the arrays that hold the elements.
const TYPES = [
  ["<f4", "float32", Float32Array], ["<f8", "float64", Float64Array],
  ["<f2", "float16", Uint16Array],
  ["|i1", "int8", Int8Array], ["|u1", "uint8", Uint8Array], ["|b1", "bool", Uint8Array],
  ["<i2", "int16", Int16Array], ["<u2", "uint16", Uint16Array],
  ["<i4", "int32", Int32Array], ["<u4", "uint32", Uint32Array],
  ["<i8", "int64", BigInt64Array], ["<u8", "uint64", BigUint64Array],
];

function shapeOf(text) {
  return text.split(",").map((s) => s.trim()).filter((s) => s).map(Number);
}

// Texts of `width` code points each, filled up with zeros.
function readTexts(bytes, width, dims, ort) {
  const texts = [];
  for (let i = 0; i < dims.reduce((a, b) => a * b, 1); i++) {
    const points = [];
    for (let k = 0; k < width; k++) {
      points.push(bytes.readUInt32LE(4 * (i * width + k)));
    }
    while (points.at(-1) === 0) {
      points.pop();
    }
    texts.push(String.fromCodePoint(...points));
  }
  return new ort.Tensor("string", texts, dims);
}

function textBytes(texts) {
  const points = texts.map((text) => [...text].map((c) => c.codePointAt(0)));
  const width = Math.max(1, ...points.map((p) => p.length));
  const bytes = Buffer.alloc(4 * width * texts.length);
  points.forEach((p, i) => p.forEach((c, k) => bytes.writeUInt32LE(c, 4 * (i * width + k))));
  return [`<U${width}`, bytes];
}

function readNpy(file, ort) {
  const bytes = fs.readFileSync(file);
  if (bytes.toString("latin1", 0, 6) !== "\x93NUMPY") {
    throw new Error(`${file}: not a .npy file`);
  }
  const start = bytes[6] === 1 ? 10 : 12;
  const end = start + (bytes[6] === 1 ? bytes.readUInt16LE(8) : bytes.readUInt32LE(8));
  const header = bytes.toString("latin1", start, end);
  const code = /'descr':\s*'([^']+)'/.exec(header)?.[1];
  const shape = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1];
  if (/^<U\d+$/.test(code ?? "") && shape !== undefined) {
    return readTexts(bytes.subarray(end), Number(code.slice(2)), shapeOf(shape), ort);
  }
  const type = TYPES.find((row) => row[0] === code);
  if (!type || shape === undefined || /'fortran_order':\s*True/.test(header)) {
    throw new Error(`${file}: cannot read ${header.trim()}`);
  }
  const dims = shapeOf(shape);
  const count = dims.reduce((a, b) => a * b, 1);
  const size = count * type[2].BYTES_PER_ELEMENT;
  if (bytes.length - end < size) {
    throw new Error(`${file}: ${bytes.length - end} bytes of data, want ${size}`);
  }
  const copy = new Uint8Array(bytes.subarray(end, end + size)); // aligned, unlike the file
  return new ort.Tensor(type[1], new type[2](copy.buffer, 0, count), dims);
}

function writeNpy(file, tensor) {
  const type = TYPES.find((row) => row[1] === tensor.type);
  if (!type && tensor.type !== "string") {
    throw new Error(`${file}: cannot write ${tensor.type}`);
  }
  const data = tensor.data;
  const [code, body] = type
    ? [type[0], Buffer.from(data.buffer, data.byteOffset, data.byteLength)] : textBytes(data);
  const dims = tensor.dims.length === 1 ? `${tensor.dims[0]},` : tensor.dims.join(", ");
  const header = `{'descr': '${code}', 'fortran_order': False, 'shape': (${dims}), }`;
  const length = Math.ceil((10 + header.length + 1) / 64) * 64 - 10;
  const head = Buffer.alloc(10 + length, " ");
  head.write("\x93NUMPY\x01\x00", 0, "latin1");
  head.writeUInt16LE(length, 8);
  head.write(header, 10, "latin1");
  head.write("\n", 9 + length, "latin1");
  fs.writeFileSync(file, Buffer.concat([head, body]));
}

function fileOf(folder, name) {
  return path.join(folder, `${name.replaceAll("/", "_")}.npy`);
}

async function runModel(ort, model, inputs, outputs) {
  const session = await ort.InferenceSession.create(model, {
    executionProviders: ["cpu"], graphOptimizationLevel: "disabled", intraOpNumThreads: 1,
    interOpNumThreads: 1, logSeverityLevel: 4,
  });
  const feeds = {};
  for (const name of session.inputNames) {
    const file = fileOf(inputs, name);
    if (fs.existsSync(file)) {
      feeds[name] = readNpy(file, ort);
    }
  }
  const results = await session.run(feeds);
  fs.mkdirSync(outputs, { recursive: true });
  for (const name of session.outputNames) {
    writeNpy(fileOf(outputs, name), results[name]);
  }
}

function failed(what, error) {
  process.stderr.write(`${what}${String(error.message ?? error).replaceAll("\n", " ")}\n`);
  process.exitCode = 1;
}

async function main(args) {
  if (!args.length || args.length % 3) {
    throw new Error("usage: node ort_run.mjs MODEL IN_DIR OUT_DIR [MODEL IN_DIR OUT_DIR ...]");
  }
  const ort = await import("onnxruntime-node").catch((error) => {
    process.stderr.write(`onnxruntime-node: ${error.code ?? error.message}\n`);
    process.exit(77);
  });
  for (let k = 0; k < args.length; k += 3) {
    await runModel(ort, ...args.slice(k, k + 3)).catch((error) => failed(`${args[k]}: `, error));
  }
}

main(process.argv.slice(2)).catch((error) => failed("", error));
