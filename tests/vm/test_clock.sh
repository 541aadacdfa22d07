#!/bin/bash
# The kernel driver on a real kernel's clock: our own program is all that runs
# there (clock_guest.c).
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$ROOT/tests/vm/bare.sh"
bare_begin
bare_compile init "$ROOT"/tests/vm/clock_guest*.c "$ROOT"/src/clock/*.c
bare_run skewguard.throwaway
row 'the kernel driver slews, steps, gives way and leaves nothing behind' \
    'all of it, on a kernel of its own'
