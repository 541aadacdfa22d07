#!/bin/bash
# The engine dies by SIGKILL in the middle of a slew, then the clock service
# does: the base frequency is back at once, and the clock never jumps.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
vm_begin
install_skewguard
expect_right 60
expect_kernel_calm

# Runs in the guest, which is quick enough to see a slew; the clock is a little
# off when the engine starts.  Prints for how long the slew outlived VICTIM.
KILL='tick() { adjtimex --print | awk "\$1 == \"tick:\" { print \$2 }"; }
up() { cut -d" " -f1 /proc/uptime; }
systemctl start skewguard
for ((i = 0; i < 300; i++)); do
    [ "$(tick)" = 10000 ] || break
    sleep 0.05
done
[ $i -lt 300 ] || { echo "no slew"; exit 1; }
kill -KILL "$(systemctl show -P MainPID VICTIM)"
begin=$(up)
until [ "$(tick)" = 10000 ]; do sleep 0.05; done
echo "$begin $(up)"'

for victim in skewguard skewguard-clockd; do
    guest_must 'systemctl stop skewguard'
    clock_is -0.6
    guest_must "${KILL//VICTIM/$victim}"
    took=$(awk '{ printf "%.2f", $2 - $1 }' "$DIR/guest.out")
    holds "$took < 5" || vm_fail "the slew went on for $took s"
    seen+="$victim: base frequency back after $took s; "
    : >"$DIR/watched"
    watch_clock 12
    expect_no_step
    expect_right 60
    expect_kernel_calm
done
expect_accepted
row 'engine, then clock service killed in a slew: base frequency back, no step' \
    "${seen}no jump, right to $(ms "$LAST_OFFSET")"
