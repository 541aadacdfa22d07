#!/bin/bash
# A man in the middle writes what he likes into a KDC's answers.  With the
# host's key he can take our time, and never give us a wrong one.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$here/auth.sh"
begin
port=$(free_port)
kdc_start kdc 127.0.0.1 "$port" +0
keytab=$DIR/keytab
cp "$SERVERS_DIR/kdc/host.keytab" "$keytab"

# forged WHAT TRANSPORT ACTION...: four answers through the man in the middle;
# those with a time hold the KDC's offset, which is 0.
forged() {
    local what=$1 transport=$2
    shift 2
    forge_start "$port" "$@"
    "$BUILD/tests/interop/auth" "$REALM" 127.0.0.1 "$FORGED" "$transport" 4 \
        "$keytab" >"$DIR/answers" 2>/dev/null || true
    printf '%s, %s: %s of 4, asked %s times\n' "$what" "$transport" \
        "$(grep -c '^ok ' "$DIR/answers")" "$(asked | wc -w)"
    [ "$(wc -l <"$DIR/answers")" = 4 ] || fail "$what: not 4 answers"
    true_answers 0 "$what"
    server_stop forge
}

# Nothing is left of the attack if the plain question falls for it, too.
forge_start "$port" shift all 0 100
"$BUILD/tests/interop/probe" "$REALM" 127.0.0.1 "$FORGED" udp >"$DIR/plain"
read -r lower upper <"$DIR/plain"
holds "98.5 <= $lower && $upper <= 101.5" ||
    fail "the plain question is not misled: [$lower, $upper]"
server_stop forge

for seconds in 100 1000; do
    # the clock is right: not one answer is lost
    forged "times +$seconds s" udp shift all 0 $seconds
    good_answers 4 "times +$seconds s"
    forged "times +$seconds s" tcp shift all 0 $seconds
    good_answers 4 "times +$seconds s"
    for code in 25 24 90 6 68 52 37; do
        # Only FAST is answered so: a login proves the time each time.
        forged "$code to FAST +$seconds s" udp error fast $code $seconds
        good_answers 4 "$code to FAST"
        forged "$code to FAST +$seconds s" tcp error fast $code $seconds
        good_answers 4 "$code to FAST"
        forged "$code after the first +$seconds s" udp error 1 $code $seconds
        good_answers 1 "$code after the first"
        forged "$code to all +$seconds s" auto error all $code $seconds
        good_answers 0 "$code to all"
    done
done

# What is said then.
words() {
    forged "$1" udp error all "$2" 100
    only "$3" "$1"
}
words "37 to all" 37 "unproven KRB-ERROR 37 in clear to the host's key: forged, \
or the KDC takes no encrypted timestamp"
words "6 to all" 6 "rejected KRB-ERROR 6 to host/client.test@$REALM with the \
key in $keytab: Client not found in Kerberos database"
forged "25 after the first" udp error 1 25 100
sed -i 1d "$DIR/answers"
only "unproven KRB-ERROR 25 in clear to FAST, then KRB-ERROR 25 in clear to \
the host's key: forged, or the KDC takes no encrypted timestamp" \
    "25 after the first"

for transport in udp tcp; do
    forged "the first answer again" $transport replay 1
    good_answers 1 "the first answer again"
    forged "an answer to FAST again" $transport replay fast
    good_answers 4 "an answer to FAST again"
    forged "no answer to FAST" $transport drop fast
    good_answers 1 "no answer to FAST"
done

# A datagram that proves nothing does not spoil the one that does.
forge_start "$port" before login
for answers in 1 3; do
    ask 127.0.0.1 "$FORGED" udp $answers "$keytab"
    good_answers $answers "a ticket of before, then the true answer"
    true_answers 0 "a ticket of before, then the true answer"
done
[ "$(asked)" = "login login fast fast" ] ||
    fail "a ticket of before costs questions: $(asked)"
server_stop forge

# The clock is wrong, and he bends what the KDC says of it: nothing is proven,
# or the truth.
server_stop kdc
kdc_start kdc 127.0.0.1 "$port" -400
for seconds in 100 1000; do
    forge_start "$port" shift all 0 $seconds
    ask 127.0.0.1 "$FORGED" auto 2 "$keytab"
    true_answers -400 "-400 s, told +$seconds s"
    server_stop forge
done
