#!/usr/bin/env bash
# The main job, a map and a conformance check with the `optlab` of an environment: scripts/try.sh .venv/bin
# Nothing may be printed on stderr, warnings of libraries included.
set -euo pipefail
optlab=$1/optlab
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

try() {
    echo "optlab $*"
    "$optlab" "$@" >"$out/stdout" 2>"$out/stderr" || { cat "$out/stdout" "$out/stderr"; exit 1; }
    [ ! -s "$out/stderr" ] || { cat "$out/stderr"; exit 1; }
}

try run experiments/sgd_vs_adam.toml --out "$out" --quiet
try run experiments/sgd_vs_adam.toml --out "$out" --quiet # from the results of the first run
try plot "$out/sgd_vs_adam" --format svg
try basins himmelblau --optimizer "gd lr=0.01" --resolution 64 --steps 100 --out "$out" --quiet
try check adam
try schema
try explain adam clip_norm cosine -o "$out/adam.png"
pictures=$(find "$out" -name '*.png' | wc -l)
[ "$pictures" -ge 16 ] || { echo "there are only $pictures pictures"; exit 1; }
