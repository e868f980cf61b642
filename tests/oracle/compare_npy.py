#!/usr/bin/python3
"""Compares two .npy files, or the .npy files of two folders by name.

Usage: compare_npy.py A B [RTOL [ATOL]]     B is the truth: |a - b| <= ATOL + RTOL * |b|

RTOL defaults to 1e-4, ATOL to 1e-6; integers, booleans and strings must be equal, NaN meets NaN.
Exit 0 equal, 1 different, 2 usage or unreadable, 77 without numpy.
"""
import pathlib
import sys

try:
    import numpy as np
except ImportError as error:
    print(error, file=sys.stderr)
    sys.exit(77)


def difference(a, b, rtol, atol):
    """What differs, in words, or nothing."""
    if a.dtype != b.dtype or a.shape != b.shape:
        return f"{a.dtype}{list(a.shape)}, want {b.dtype}{list(b.shape)}"
    if a.dtype.kind not in "fc":
        wrong = a != b
    else:
        wrong = ~np.isclose(a, b, rtol, atol, equal_nan=True)
    if not wrong.any():
        return ""
    at = tuple(int(i) for i in np.argwhere(wrong)[0])
    return f"{int(wrong.sum())} of {a.size} differ, first at {list(at)}: {a[at]}, want {b[at]}"


def pairs(a, b):
    if not b.is_dir():
        return [(a, b)]
    return [(a / file.name, file) for file in sorted(b.glob("*.npy"))]


def main(args):
    if not 2 <= len(args) <= 4:
        print(__doc__, file=sys.stderr)
        return 2
    tolerances = [float(v) for v in args[2:]] + [1e-4, 1e-6][len(args) - 2:]
    files = pairs(*map(pathlib.Path, args[:2]))
    if not files:
        print(f"{args[1]}: no .npy file", file=sys.stderr)
        return 2
    code = 0
    for a, b in files:
        try:
            found = difference(np.load(a), np.load(b), *tolerances)
        except (OSError, ValueError) as error:
            print(error, file=sys.stderr)
            return 2
        if found:
            print(f"{a}: {found}", file=sys.stderr)
            code = 1
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
