#!/bin/bash
# A small error is slewed away and not stepped.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
vm_begin
clock_is_near -0.4
install_watched 30
expect_no_step
expect_right 60
expect_kernel_calm
row 'an error of 0.4 s is slewed away' \
    "no jump among $(wc -l <"$DIR/watched") readings, right to $(ms "$LAST_OFFSET")"
