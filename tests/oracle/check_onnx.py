#!/usr/bin/python3
"""Passes models through onnx.checker of Debian's python3-onnx.

Usage: check_onnx.py MODEL...     exit 0 all valid, 1 with a line each if not, 77 without onnx
"""
import sys

try:
    import onnx
except ImportError as error:
    print(error, file=sys.stderr)
    sys.exit(77)


def fault(path):
    """The checker's first complaint, or nothing."""
    try:
        onnx.checker.check_model(path)
    except Exception as error:  # the checker, the parser and the file system each raise their own
        return str(error).strip().split("\n", 1)[0] or type(error).__name__
    return ""


def main(paths):
    faults = [(path, fault(path)) for path in paths]
    for path, found in faults:
        if found:
            print(f"{path}: {found}", file=sys.stderr)
    return 1 if any(found for _, found in faults) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
