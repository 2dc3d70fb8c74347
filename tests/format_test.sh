#!/usr/bin/env bash
# Every C++ file has the layout of .clang-format. To mend: git ls-files '*.h' '*.cc' | xargs clang-format-16 -i
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
git ls-files --cached --others --exclude-standard '*.h' '*.cc' | xargs clang-format-16 --dry-run --Werror
