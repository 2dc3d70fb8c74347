#!/usr/bin/env bash
# The protos keep the rules of protos/buf.yaml, and nothing that was there before is named, numbered or typed otherwise.
# Exit status 77, which ctest counts as skipped, where buf is not there, or there is nothing to compare with.
#
# Usage: tests/buf_test.sh    CRITAC_BREAKING_AGAINST=COMMIT: compares with that one (tests/README.md, "Protos").
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../protos"
buf=../tests/node_modules/.bin/buf
# Without a release: as many changes back, so that each is compared with those before it where a push brings up to so
# many.
commits_back=100

skip() {
  echo "skipped: $1"
  exit 77
}

# The commit that the protos are compared with: of the release before, or some changes back on the line of main, or the
# oldest that a shallow clone has. Nothing where HEAD is alone.
before() {
  git describe --tags --abbrev=0 --match 'v[0-9]*' HEAD^ 2>/dev/null ||
    git rev-list --first-parent --max-count="$commits_back" HEAD^ 2>/dev/null | tail -n 1
}

[[ -x $buf ]] || skip "buf is not installed; tests/run installs it where npm is present"
"$buf" lint
echo "buf lint: no finding"

against=${CRITAC_BREAKING_AGAINST:-}
if [[ -z $against ]]; then
  git rev-parse --verify --quiet HEAD:./buf.yaml >/dev/null 2>&1 ||
    skip "buf lint found nothing; buf breaking has no history to compare with"
  against=$(before) || true
  [[ -n $against ]] || skip "buf lint found nothing; buf breaking has no commit before this one to compare with"
fi
commit=$(git rev-parse --verify --quiet "$against^{commit}") || {
  echo "CRITAC_BREAKING_AGAINST: $against is no commit of this clone; give a tag, a branch or a commit that it has" >&2
  exit 1
}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# From the folder that this is in: its protos alone.
git archive "$commit" . | tar -x -C "$folder"
"$buf" breaking --against "$folder" || {
  echo "buf breaking: what $against has is not as it was; tests/README.md, \"Protos\", says what may change" >&2
  exit 1
}
echo "buf breaking: all that $against has is there as it was"
