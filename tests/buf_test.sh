#!/usr/bin/env bash
# The protos keep the rules of protos/buf.yaml. Exit status 77, which ctest counts as skipped, where buf is not there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../protos"
buf=../tests/node_modules/.bin/buf
if [[ ! -x $buf ]]; then
  echo "skipped: buf is not installed; tests/run installs it where npm is present"
  exit 77
fi
"$buf" lint
echo "buf lint: no finding"
