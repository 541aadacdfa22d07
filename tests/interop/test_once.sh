#!/bin/bash
# skewguardd -q: one correction, by step or slew, and an exit status that says
# how it went.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
begin
port=$(free_port)
ntp_start good 127.0.0.33 "$port" +0
config_ntp good 127.0.0.33 "$port"
# Whoever else tests time daemons on this host is no rival here.
config_line 'mode = discipline'

HANGS_S=30 # its own patience is ten seconds

# once CODE ARG...: run it, expect the exit status.
once() {
    local want=$1 before=$SECONDS
    shift
    : >"$DIR/daemon.log"
    expect_exit "$want" "$BUILD/bin/skewguardd" -q -c "$DIR/skewguard.conf" \
        "$@" >>"$DIR/daemon.log" 2>&1 </dev/null
    [ $((SECONDS - before)) -le $HANGS_S ] ||
        fail "-q took $((SECONDS - before)) s, limit $HANGS_S s"
}

once 0 --simulate offset=-0.5s
expect_line 'clock: corrected: step by -0\.(500|499)' 0
once 0 --simulate offset=+600s --minimal
expect_line 'clock: corrected: step by \+(600\.00|599\.99)' 0
once 0 --simulate offset=+2ms
expect_line 'clock: corrected: slew \+0\.00' 0

# Too much for one host's word.
once 69 --simulate offset=-3h
expect_line 'clock: not corrected within 10 s: .*3600' 0

# Nobody who might answer, somebody who does not, and a clock that is not ours.
server_stop good
once 69 --simulate offset=+600s
expect_line 'clock: not corrected within 10 s: hold: ' 0
expect_line 'ntp good: .*refuse' 0
once 77
expect_line 'clock: not corrected: kernel clock: may not be set' 0
sed -i '/^ntp /d' "$DIR/skewguard.conf"
once 78 --simulate offset=+600s
expect_line 'clock: not corrected: there is nobody to ask' 0
once 64 -g
expect_line '-q moves the clock and -g never does' 0
