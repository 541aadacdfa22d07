#!/bin/bash
# NTP servers and KDCs that misbehave in every way that gives no sample, first
# alone, then beside two good hosts.  Of each is told what it did, with value
# and limit; none ends the daemon, none moves the clock.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$here/hostile.sh"
begin

# KIND DEED OUTCOME REGEX
deeds="
ntp truncated    truncated      reply of 47 bytes, at least 48
ntp oversized    oversized      reply of more than 1280 bytes
ntp replayed     not-ours       origin [0-9a-f]{16}, expected [0-9a-f]{16} .*replayed
ntp wrong-origin not-ours       origin [0-9a-f]{16}, expected [0-9a-f]{16} .*forged
ntp leap3        unsynchronised leap indicator 3, allowed 0 to 2
ntp stratum0     stratum        stratum 0, allowed 1 to 15
ntp stratum16    stratum        stratum 16, allowed 1 to 15
ntp held-long    absurd         kept the request for [89]\.[0-9]+ s, the round trip took 0\.0[0-9]+ s
ntp sent-before  absurd         sent [89]\.[0-9]+ s before it received, allowed 0\.000001 s
ntp no-transmit  absurd         transmit time stamp is empty
ntp rate         kiss-rate      server says RATE
ntp deny         kiss-deny      server says DENY
ntp rstr         kiss-deny      server says RSTR
ntp late         no-reply       no reply in 1\.0 s
ntp silent       no-reply       no reply in 1\.0 s
kdc garbage      garbage        20 bytes is not Kerberos: it begins with 0x30
kdc half-garbage truncated      cut off after 20 bytes
kdc cut-error    truncated      cut off after [0-9]+ bytes
kdc oversized    truncated      cut off after 65000 bytes
kdc other-realm  realm          of realm \"OTHER\.TEST\", asked was \"$REALM\"
kdc time-0       no-time        KRB-ERROR 25 without a time
kdc no-time      garbage        KRB-ERROR of [0-9]+ bytes cannot be decoded
kdc too-big      too-big        too big to send \(KRB-ERROR 52\)
kdc long-frame   oversized      2147483647 bytes announced, allowed are 1 to 65535
kdc empty-frame  truncated      0 bytes announced, allowed are 1 to 65535
kdc cut-frame    truncated      sent only 20 of 200 bytes
kdc hanging-frame truncated     sent only 20 of 200 bytes
kdc close        truncated      sent only 0 of 4 bytes
kdc reset        refused        Connection reset by peer
kdc silent       no-reply       no reply over (UDP|TCP) in 1\.0 s
"
while read -r kind deed _; do
    [ -z "$kind" ] || hostile "$kind" "$deed"
done <<<"$deeds"

# expect_all: each deed is told as in the table, by what is seen from now on.
expect_all() {
    local kind deed outcome regex
    within 10 look || fail "there is no status"
    while read -r kind deed outcome regex; do
        [ -z "$kind" ] || expect_told "$kind-$deed" "$outcome" "$regex" 40
    done <<<"$deeds"
}

# Nobody else is there: nothing is known, and nothing is done.
daemon_start --simulate offset=+5s,drift=0ppm
expect_state unknown 10
within 20 look_is_told ntp-rate kiss-rate 'server says RATE' || fail "$WHY"
# A kiss is obeyed; this one for 64 s.
[[ $(block ntp-rate <"$DIR/sources") =~ \ 64\ .*0\ of\ 1\ answered ]] ||
    fail "ntp-rate was asked again"
expect_all
state_is unknown || fail "state $(value status state), not unknown"
! grep 'clock: ' "$DIR/daemon.log" || fail "the clock was touched"
holds "($(simulated_error) + 5) ^ 2 < 0.010 ^ 2" ||
    fail "the clock, 5 s behind, was moved to $(simulated_error) s"
for name in ntp-deny ntp-rstr; do
    [[ $(block $name <"$DIR/sources") == *'0 of 1 answered'* ]] ||
        fail "$name was asked again"
done
stop_process "$DAEMON"

# The same without a daemon.
check 3
for ((i = 0; i < $(value check realms.0.kdcs); i++)); do
    host=$(value check "realms.0.kdcs.$i.host")
    error=$(value check "realms.0.kdcs.$i.error")
    regex=$(awk -v d="${host#kdc-}" '$1 == "kdc" && $2 == d {
        $1 = $2 = $3 = ""; sub(/^ */, ""); print }' <<<"$deeds")
    [[ $error =~ $regex ]] || fail "check: $host: \"$error\", not \"$regex\""
done
while read -r _ deed _ regex; do
    address=${HOSTILE_ADDRESS[ntp-$deed]}
    expect_exit 1 skewguard query "$address" >"$DIR/query"
    [[ $(<"$DIR/query") == "server ${address%:*}, no time: "* &&
        $(<"$DIR/query") =~ $regex ]] ||
        fail "query: $(<"$DIR/query"), not \"$regex\""
done < <(grep -E '^ntp (leap3|held-long|deny|truncated|wrong-origin|late) ' <<<"$deeds")

# Beside two good hosts, which are followed as if nothing was.
start_pair +0
: >"$DIR/daemon.log"
rm -f "$DIR/run/status" # of the one before
daemon_start --simulate offset=+5s,drift=40ppm
expect_state ok 20
within 20 logged_line 'step by \+[45]\.' || fail "the clock was not put right"
expect_all
state_is ok || fail "state $(value status state), not ok"
logged_line 'clock: disciplined' || fail "not disciplined"
expect_unmoved 'all of them'
! grep -E 'step' "$DIR/daemon.log" | grep -Ev 'step by \+[45]\.' ||
    fail "there were other steps"
echo "the clock is $(simulated_error) s from the good servers'"
