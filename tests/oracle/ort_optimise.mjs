// Lets ONNX Runtime optimise models and write what it made of them.
//
// Usage: node ort_optimise.mjs MODEL OUT [MODEL OUT ...]
// With the extended optimisations, which are those that do not depend on the machine. Failures are
// one line on stderr and, after the other models, exit code 1; a missing onnxruntime-node exits
// with 77 (skipped).
async function main(args) {
  if (!args.length || args.length % 2) {
    throw new Error("usage: node ort_optimise.mjs MODEL OUT [MODEL OUT ...]");
  }
  const ort = await import("onnxruntime-node").catch((error) => {
    process.stderr.write(`onnxruntime-node: ${error.code ?? error.message}\n`);
    process.exit(77);
  });
  for (let k = 0; k < args.length; k += 2) {
    await ort.InferenceSession.create(args[k], {
      executionProviders: ["cpu"], graphOptimizationLevel: "extended", intraOpNumThreads: 1,
      interOpNumThreads: 1, logSeverityLevel: 4, optimizedModelFilePath: args[k + 1],
    });
  }
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`${String(error.message ?? error).replaceAll("\n", " ")}\n`);
  process.exitCode = 1;
});
