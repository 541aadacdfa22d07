#!/bin/bash
# A mail program reads in our mails what we meant.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
command -v python3 >/dev/null || skip "no python3"

DIR=$(mktemp -d "${TMPDIR:-/tmp}/skewguard-test.XXXXXX")
trap 'rm -rf "$DIR"' EXIT
python3 "$here/mail_parsed.py" "$BUILD/tests/interop/compose" "$DIR"
