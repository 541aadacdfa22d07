#!/bin/bash
# A fresh host without a hardware clock: it believes that this is 1970.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
vm_begin
# The kernel takes no time before its own start.
guest_must 'date -s "1970-01-01 06:00"'
expect_refused
install_skewguard
expect_right 60
expect_accepted
expect_kernel_calm
row '1970: forward any distance' \
    "refused before, accepted after; right to $(ms "$LAST_OFFSET")"
