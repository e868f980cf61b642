#!/usr/bin/env bash
# packaging.sh - what is installed works for someone who has only that: header, pkg-config, CMake package,
# shared and static library; the example personalises a model; only ofz_* is exported.
set -euo pipefail
build=$(dirname "$ONNXFREEZE")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
if nm -D "$build/libonnxfreeze.so" | grep -q __asan; then
  echo 'skipped: packaging: this build has sanitizers, which a user of the library would have to add'
  exit 77
fi

cmake --install "$build" --prefix "$scratch/usr" >/dev/null
lib=$(dirname "$(find "$scratch/usr" -name onnxfreeze.pc)")/..
export PKG_CONFIG_PATH=$lib/pkgconfig LD_LIBRARY_PATH=$lib
header=$scratch/usr/include/onnxfreeze.h

cc -std=c99 -pedantic -Wall -Wextra -Werror -fsyntax-only "$header"
c++ -std=c++11 -pedantic -Wall -Wextra -Werror -fsyntax-only -x c++ "$header"

nm -D --defined-only "$lib/libonnxfreeze.so" | awk '$2 ~ /[TDBR]/ && $3 !~ /^ofz_/ { print "exported: " $3; bad = 1 } END { exit bad }'
[ "$(grep -c . "$SRC/examples/personalise.c")" -le 60 ]

# shellcheck disable=SC2046
cc -std=c99 -Wall -Wextra -Werror "$SRC/examples/personalise.c" -o "$scratch/personalise" \
  $(pkg-config --cflags --libs onnxfreeze)
"$scratch/personalise" "$SRC/testdata/cnn.onnx" "$SRC/testdata/digits_train.npz" "$scratch/out.onnx" | tee "$scratch/log" | tail -n 2
grep -q 'frozen tensors unchanged' "$scratch/log"
"$ONNXFREEZE" diff "$SRC/testdata/cnn.onnx" "$scratch/out.onnx" -q >/dev/null && { echo 'nothing was learned'; exit 1; }
! "$scratch/personalise" "$SRC/testdata/cnn.onnx" "$SRC/testdata/cancer.npz" "$scratch/bad.onnx" 2>"$scratch/err"
grep -q 'images' "$scratch/err"
[ ! -e "$scratch/bad.onnx" ]

mkdir "$scratch/app"
cat >"$scratch/app/CMakeLists.txt" <<'EOF'
cmake_minimum_required(VERSION 3.20)
project(app C)
find_package(onnxfreeze 0.1 REQUIRED)
foreach(kind shared static)
  add_executable(app_${kind} app.c)
  target_link_libraries(app_${kind} onnxfreeze::${kind})
endforeach()
EOF
cp "$SRC/examples/personalise.c" "$scratch/app/app.c"
cmake -G Ninja -S "$scratch/app" -B "$scratch/app/build" -DCMAKE_PREFIX_PATH="$scratch/usr" >"$scratch/log" || { cat "$scratch/log"; exit 1; }
cmake --build "$scratch/app/build" >"$scratch/log" 2>&1 || { cat "$scratch/log"; exit 1; }
for kind in shared static; do
  "$scratch/app/build/app_$kind" "$SRC/testdata/mlp.onnx" "$SRC/testdata/digits_train.npz" "$scratch/$kind.onnx" >/dev/null
done
cmp "$scratch/shared.onnx" "$scratch/static.onnx"
