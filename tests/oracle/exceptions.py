"""exceptions.py - where the oracle is not the judge, and why."""

# What ONNX Runtime says when it cannot answer: (pattern of its text, kind).
ORT_REFUSES = [
    (r".*NOT_IMPLEMENTED|.*Could not find an implementation|.*Failed to find kernel|.*is not supported with Scatter",
     "no kernel for this type or version"),
    (r".*Type Error: Type|.*has unsupported type|.*Type error|.*data type .* is not supported", "type not allowed at this version"),
    (r".*Dilation not supported for AutoPadType", "no dilation with auto_pad"),
    (r".*lrn.h.*size_ % 2 == 1", "LRN of an even size"),
]

# "Operator-version" that ONNX Runtime lacks, and the older opset whose text is the same but for types.
OLDER = {"GlobalLpPool-22": 21, "MaxRoiPool-22": 21, "RoiAlign-22": 21}

# Cases whose difference is ONNX Runtime's: (pattern of the case's name, reason).
DEPARTS = [
    (r"Shrink-9\.f64", "ONNX Runtime computes float64 in float32"),
    (r"Gelu-20\.f64", "ONNX Runtime's constants are float32"),
    (r"ReduceLogSumExp-\d+\.i(32|64)", "ONNX Runtime rounds the exponentials of integers on the way"),
]

# Operators, or "Operator-version", that no case can compare.
NOT_COMPARED = {
    "ImageDecoder": "decoders differ in the last bit; tested by its own vectors",
    "RegexFullMatch": "text operators have a test of their own",
    "StringConcat": "text operators have a test of their own",
    "StringNormalizer": "text operators have a test of their own",
    "StringSplit": "text operators have a test of their own",
    "TfIdfVectorizer": "text operators have a test of their own",
}
