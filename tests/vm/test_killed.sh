#!/bin/bash
# The engine dies by SIGKILL in the middle of a slew, which ends by itself; then
# the clock service does, and the base frequency is back at once.  The clock
# never jumps.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
vm_begin
install_skewguard
expect_right 60
expect_kernel_calm

# Runs in the guest, which is quick enough to see a slew; the clock is a little
# off when the engine starts.  Prints for how long the slew outlived VICTIM.
KILL='tick() { adjtimex --print | awk "\$1 == \"tick:\" { print \$2 }"; }
up() { cut -d" " -f1 /proc/uptime; }
systemctl --no-block start skewguard
end=$((SECONDS + 60))
while [ "$(tick)" = 10000 ]; do
    [ $SECONDS -lt $end ] || { echo "no slew"; exit 1; }
    sleep 0.05
done
kill -KILL "$(systemctl show -P MainPID VICTIM)"
begin=$(up)
until [ "$(tick)" = 10000 ]; do sleep 0.05; done
echo "$begin $(up)"'

# No slew is longer than ten seconds; a keeper of the clock service's outlives it.
declare -A LIMIT=([skewguard]=11 [skewguard-clockd]=5)
for victim in skewguard skewguard-clockd; do
    guest_must 'systemctl stop skewguard'
    clock_is_near -0.5
    guest_quietly "${KILL//VICTIM/$victim}" ||
        vm_fail "$victim: $(cat "$DIR/guest.out")"
    took=$(awk '{ printf "%.2f", $2 - $1 }' "$DIR/guest.out")
    holds "$took < ${LIMIT[$victim]}" || vm_fail "the slew went on for $took s"
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
