# shellcheck shell=bash
# The guest: what it is told, and its kernel's clock.  lib.sh sources it.

guest_send() { echo "$*" >"$GUEST/agent.in"; }

# guest SCRIPT: as root in there; 124 if it does not answer.
guest() {
    local status output
    guest_send run "$(base64 -w 0 <<<"$1")"
    read -r -t 310 -u "$AGENT" status output || return 124
    base64 -d <<<"$output"
    return "$status"
}
guest_quietly() { guest "$1" >"$DIR/guest.out"; }

# guest_must SCRIPT: the same, and it has to succeed.
guest_must() {
    guest_quietly "$1" || fail "in the guest: $1: $(cat "$DIR/guest.out")"
}

# guest_exchange: offset and round trip of one question, in seconds.
guest_exchange() {
    local begin end answer
    begin=$EPOCHREALTIME
    guest_send clock
    read -r -t 60 -u "$AGENT" answer || return
    end=$EPOCHREALTIME
    awk -v a="$begin" -v b="$end" -v g="$answer" 'BEGIN {
        # not as one number: a double holds no microseconds of 1e9 and a half
        split(a, x, "."); split(b, y, "."); split(g, z, ".")
        trip = y[1] - x[1] + (y[2] - x[2]) / 1e6
        printf "%.6f %.6f\n", z[1] - x[1] + (z[2] - x[2]) / 1e6 - trip / 2, trip
    }'
}

# guest_offset: from the quickest of nine exchanges.
guest_offset() {
    local i
    for ((i = 0; i < 9; i++)); do
        guest_exchange || return
    done | sort -g -k 2 | awk 'NR == 1 { print $1 }'
}

# guest_within OFFSET SECONDS: whether it is so near to it.
guest_within() {
    LAST_OFFSET=$(guest_offset)
    holds "($LAST_OFFSET - ($1)) ^ 2 < ($2) ^ 2"
}
guest_is_right() { guest_within "$WORLD_S" "$RIGHT_S"; }
WORLD_S=0 # what the servers' clocks are ahead of ours

# expect_right SECONDS: and how long it took in TOOK_S.
expect_right() {
    local begin=$EPOCHREALTIME
    within "$1" guest_is_right || vm_fail "after $1 s the guest is $LAST_OFFSET s off"
    # shellcheck disable=SC2034 # for the test
    TOOK_S=$(awk "BEGIN { printf \"%.1f\", $EPOCHREALTIME - $begin }")
}

# clock_is OFFSET: as if somebody had set the guest's clock so.
clock_is() {
    local now
    now=$EPOCHREALTIME
    guest_must "date -s @$(awk -v now="$now" -v offset="$1" 'BEGIN {
        split(now, x, "."); printf "%d.%s", x[1] + offset, x[2] }')"
}

# clock_shift SECONDS: from where it is; what setting it takes is lost.
clock_shift() {
    guest_must "us=\$((\${EPOCHREALTIME/./} + $(awk "BEGIN { printf \"%d\", ($1) * 1e6 }")))
date -s @\$((us / 1000000)).\$(printf %06d \$((us % 1000000)))"
}

# clock_is_near OFFSET: to a fifth of a second, where nobody else moves it.
clock_is_near() {
    local tries lost=0
    clock_is "$1"
    for ((tries = 0; tries < 9; tries++)); do
        ! guest_within "$1" 0.2 || return 0
        [ $tries = 0 ] || lost+=" + ($1 - ($LAST_OFFSET))"
        clock_shift "$1 - ($LAST_OFFSET) + $lost"
    done
    vm_fail "the guest's clock is $LAST_OFFSET s off, not $1 s"
}

monitor() { echo "$*" >"$GUEST/mon.in"; }

# machine_is_loaded: it stands where it was saved.
machine_is_loaded() {
    local line
    monitor info status
    while read -r -t 0.2 -u "$MONITOR" line; do
        [[ $line != *'VM status: paused'* || $line = *inmigrate* ]] || return 0
    done
    return 1
}

guest_up() {
    GUEST=$DIR/guest
    vm_resume "$GUEST" tap,id=n0,ifname=tap0,script=no,downscript=no
    # shellcheck disable=SC2034,SC2004,SC2154 # servers_stop ends it
    SERVER_PID[guest]=$VM_PID
    exec {AGENT}<>"$GUEST/agent.out" {MONITOR}<>"$GUEST/mon.out"
    within 60 machine_is_loaded || fail "no guest: $(cat "$GUEST/emulator.log")"
    monitor cont
    guest_quietly true || fail 'the guest does not answer'
}

# guest_reboot SCRIPT: run it last, and boot again.
guest_reboot() {
    local line=''
    guest_must "$1
systemctl --no-block reboot"
    read -r -t 300 -u "$AGENT" line || true
    [ "$line" = ready ] ||
        fail "the guest does not boot: '$line' $(tail -n 30 "$GUEST/console")"
}

# link on|off: the guest's cable.
link() { monitor "set_link n0 $1"; }

# guest_configure: krb5.conf and the host's keytab.
guest_configure() {
    guest_must "base64 -d >/etc/krb5.keytab <<<$(base64 -w 0 \
        "$SERVERS_DIR/das-m/host.keytab") && chmod 600 /etc/krb5.keytab &&
cat >/etc/krb5.conf <<'END'
$(vm_krb5_conf)
END"
}

# kernel_clock: what adjtimex(2) says in there: status, frequency in ppm, tick.
kernel_clock() {
    guest 'adjtimex --print' | awk '$1 == "status:" { status = $2 }
        $1 == "frequency:" { ppm = $2 / 65536 } $1 == "tick:" { tick = $2 }
        END { printf "%d %.3f %d\n", status, ppm, tick }'
}

# base_in_force: no slew by the tick or the frequency is going on; the kernel's
# frequency is in BASE_PPM then.
base_in_force() {
    local status tick
    read -r status BASE_PPM tick < <(kernel_clock)
    holds "$tick == 10000 && $BASE_PPM ^ 2 < 200 ^ 2"
}
# kernel_is_told: STA_UNSYNC (64) is off, so others know that the clock is right.
kernel_is_told() {
    local status
    base_in_force && read -r status _ < <(kernel_clock) && ((!(status & 64)))
}
expect_kernel_calm() {
    within 30 kernel_is_told || vm_fail "adjtimex in the guest: $(kernel_clock)"
}

# watch_clock SECONDS: our time, the guest's offset and the round trip, all the
# time, in $DIR/watched.
watch_clock() {
    local end=$((SECONDS + $1))
    while [ $SECONDS -lt $end ]; do
        echo "$EPOCHREALTIME $(guest_exchange)" || return
        sleep 0.05
    done >>"$DIR/watched"
}

# expect_no_step: nothing in $DIR/watched is faster than the fastest slew.
expect_no_step() {
    local steps
    steps=$(awk 'NR > 1 {
            moved = $2 - offset; if (moved < 0) moved = -moved
            if (moved > 0.09 * ($1 - at) + ($3 + trip) / 2 + 0.01)
                printf "%.6f s at %s\n", moved, $1
        } { at = $1; offset = $2; trip = $3 }' "$DIR/watched")
    [ -z "$steps" ] || vm_fail "the clock was stepped by $steps:
$(grep -B 4 -A 4 "^${steps##* }" "$DIR/watched")"
}
