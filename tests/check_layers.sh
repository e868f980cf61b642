#!/usr/bin/env bash
# check_layers.sh [ROOT]: no file includes a room above its own, the fences stand, and file
# names are unique. Prints what it found and fails.
set -euo pipefail
cd "${1:-$(dirname "$0")/..}"

ours=(src)
if [ -d tools ]; then ours+=(tools); fi
rooms=(base tensor ir model kernel ops pass exec data train api)
bad=0

report()
{
    echo "$1" >&2
    bad=1
}

level_of()
{
    local i

    for i in "${!rooms[@]}"; do
        if [ "${rooms[$i]}" = "$1" ]; then
            echo "$i"
            return
        fi
    done
    echo -1
}

while IFS=: read -r file header; do
    room=${file#src/}
    from=$(level_of "${room%%/*}")
    to=$(level_of "${header%%/*}")
    [ "$from" -ge 0 ] || report "$file: not in a room"
    if [ "$to" -gt "$from" ]; then report "$file: includes $header, from a room above"; fi
    case $header in
    */*) [ -f "src/$header" ] || report "$file: includes $header: no such file" ;;
    esac
done < <(grep -rEo '^#include "[^"]+"' src --include='*.[ch]' | sed 's/:#include "/:/; s/"$//')

fence() # PATTERN ALLOWED-PREFIX
{
    local found

    found=$(grep -rlE "^#include [<\"]$1" "${ours[@]}" --include='*.[ch]' | grep -v "^$2" || true)
    if [ -n "$found" ]; then report "$(echo "$found" | sed "s|\$|: includes $1, which only $2 may|")"; fi
}

fence 'onnx\.pb-c\.h' src/model/
fence '(oneapi/)?dnnl' src/kernel/
fence '(utf8proc|pcre2)' src/base/
fence '(jpeglib|png|tiffio|webp/|openjpeg)' src/kernel/
for dir in tools tests/api examples; do
    [ -d "$dir" ] || continue
    found=$(grep -rnE '^#include "[^"]*/' "$dir" --include='*.[ch]' || true)
    if [ -n "$found" ]; then report "includes more than onnxfreeze.h: $found"; fi
done

twice=$(find "${ours[@]}" -name '*.[ch]' | sed 's|.*/||' | sort | uniq -d)
if [ -n "$twice" ]; then report "file names that are not unique: $twice"; fi
exit $bad
