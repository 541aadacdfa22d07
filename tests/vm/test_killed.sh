#!/bin/bash
# The engine dies by SIGKILL in the middle of a slew, then the clock service
# does: the base frequency is back at once, and the clock never jumps.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
vm_begin
install_skewguard
expect_right 60
expect_kernel_calm

# slew_begins: a clock that is a little off when the engine starts.
slew_begins() {
    guest_must 'systemctl stop skewguard'
    clock_is -0.6
    guest_must 'systemctl start skewguard'
    within 20 slewing || vm_fail "no slew: $(kernel_clock)"
}
slewing() { ! base_in_force; }

for victim in skewguard skewguard-clockd; do
    slew_begins
    : >"$DIR/watched"
    guest_must "systemctl kill -s KILL --kill-who=main $victim"
    within 5 base_in_force || vm_fail "$victim killed: $(kernel_clock)"
    watch_clock 15
    expect_no_step
    expect_right 60
    expect_kernel_calm
done
expect_accepted
row 'engine, then clock service killed in a slew: base frequency back, no step' \
    "tick 10000 and $BASE_PPM ppm within 5 s, no jump among \
$(wc -l <"$DIR/watched") readings, right again after $TOOK_S s"
