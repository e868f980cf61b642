# install.sh - sourced by tools/check and tools/quickstart: Debian packages and the npm oracle.

# Install the Debian packages that are not there yet.
install_packages() {
  local missing=() p sudo=
  for p in "$@"; do
    dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  [ "$(id -u)" -eq 0 ] || sudo=sudo
  printf 'installing: %s\n' "${missing[*]}"
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" \
    >/dev/null
}

# onnxruntime-node, the oracle of some tests, under build/oracle. Without a registry those tests say
# that they were skipped.
install_oracle() {
  local dir=$PWD/build/oracle
  OFZ_NODE_MODULES=$dir/node_modules
  [ -d "$OFZ_NODE_MODULES/onnxruntime-node" ] && return 0
  command -v npm >/dev/null || install_packages nodejs npm || return 0
  mkdir -p "$dir"
  cp tests/oracle/package.json tests/oracle/.npmrc "$dir/"
  (cd "$dir" && npm install --silent --no-audit --no-fund --no-package-lock) ||
    echo 'npm: onnxruntime-node could not be installed; tests that need it will be skipped'
}

# ONNX's backend tests: a folder of the caller's, archives beside the checkout, or Debian's package.
find_conformance() {
  : "${OFZ_SHARED:=}"
  : "${OFZ_CONFORMANCE:=}"
  [ -z "$OFZ_SHARED" ] && [ -d ../shared/conformance ] && OFZ_SHARED=$(cd ../shared && pwd)
  if [ -z "$OFZ_CONFORMANCE" ] && [ -f "$OFZ_SHARED/conformance/node.tar.xz" ]; then
    OFZ_CONFORMANCE=$PWD/build/conformance
    if [ ! -d "$OFZ_CONFORMANCE" ]; then
      mkdir -p "$OFZ_CONFORMANCE.part"
      for a in "$OFZ_SHARED"/conformance/*.tar.xz; do tar -xJf "$a" -C "$OFZ_CONFORMANCE.part"; done
      mv "$OFZ_CONFORMANCE.part" "$OFZ_CONFORMANCE"
    fi
  fi
  if [ -z "$OFZ_CONFORMANCE" ]; then # the suite of ONNX 1.12, as Debian ships it
    install_packages libonnx-testdata
    OFZ_CONFORMANCE=/usr/share/libonnx-testdata/data
  fi
  return 0
}
