#!/bin/bash
# A KDC's time proven with the host's key: right at any offset, by UDP and by
# TCP, whatever krb5.conf says; and what is said where there is no key that
# serves.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$here/auth.sh"
begin
port=$(free_port)
kdc_start kdc 127.0.0.1 "$port" +0
dir=$SERVERS_DIR/kdc
keytab=$DIR/keytab
cp "$dir/host.keytab" "$keytab"

# kdc_has OFFSET: the KDC's clock is as it was set (libfaketime takes a second).
kdc_has() {
    local lower upper
    read -r lower upper < <("$BUILD/tests/interop/probe" "$REALM" 127.0.0.1 \
        "$port" udp) && holds "$lower <= $1 && $1 <= $upper"
}

# set_kdc OFFSET
set_kdc() {
    server_offset kdc "$1"
    within 5 kdc_has "$1" || fail "the KDC's clock is not at $1"
}

# sharp OFFSET WHAT: the best answer inside FAST is as sharp as a plain one.
sharp() {
    local best
    best=$(awk 'NR > 1 && (NR == 2 || $2 > best) { best = $2 }
        END { print best }' "$DIR/answers")
    holds "$1 - $best <= 0.2" || fail "$2: the best lower bound is $best"
}

for offset in +0 +123.456 -400 +3600 +1000000000; do
    set_kdc $offset
    for transport in udp tcp; do
        echo "$offset by $transport:"
        sleep 1.1 # MIT's microseconds are right once a second
        ask 127.0.0.1 "$port" $transport 4 "$keytab"
        good_answers 4 "$offset by $transport"
        only "ok .* $transport" "$offset by $transport"
        true_answers $offset "$offset by $transport"
        sharp $offset "$offset by $transport"
    done
done

echo "kdc_timesync = 0 in krb5.conf:"
cat >"$DIR/krb5.conf" <<END
[libdefaults]
    default_realm = $REALM
    kdc_timesync = 0
    clockskew = 5
    default_keytab_name = $keytab
    default_tkt_enctypes = nonsense
END
set_kdc +3600
ask 127.0.0.1 "$port" udp 3
good_answers 3 "kdc_timesync = 0"
true_answers +3600 "kdc_timesync = 0"
printf '[libdefaults]\n    default_realm = %s\n' "$REALM" >"$DIR/krb5.conf"

# How much is asked: one request each while the clock is right.
# requests EXPECTED WHAT
requests() {
    forge_start "$port" pass
    ask 127.0.0.1 "$FORGED" auto 3 "$keytab"
    good_answers 3 "$2"
    [ "$(asked)" = "$1" ] || fail "$2: asked were $(asked), not $1"
    server_stop forge
}
set_kdc +0
echo "requests:"
requests "login fast fast" "right clock"
set_kdc -400
requests "login login login fast fast" "wrong clock"
set_kdc +0

# One program, while things change around it.
coproc AUTH { "$BUILD/tests/interop/auth" "$REALM" 127.0.0.1 "$port" auto - \
    "$keytab" 2>/dev/null; }
# next WHAT REGEX
next() {
    local answer
    echo >&"${AUTH[1]}"
    read -r -t 10 answer <&"${AUTH[0]}" || fail "$1: no answer"
    echo "$1: $answer"
    echo "$answer" >"$DIR/answers"
    only "$2" "$1"
}
next_is() {
    next "$1" "ok .*"
    true_answers "$2" "$1"
}
admin() {
    kdc_admin "$dir" kadmin.local -q "$1" >>"$dir/create.log" 2>&1 </dev/null
}

next_is "at first" 0
next_is "with armor" 0
set_kdc +600
next_is "KDC was stepped by +600 s" 600
next_is "and once more" 600
set_kdc +0
next_is "KDC was stepped back" 0
admin "cpw -randkey -e aes256-cts:normal krbtgt/$REALM"
next_is "another key of krbtgt" 0
admin "modprinc -requires_preauth host/client.test"
next_is "no pre-authentication needed" 0
next_is "and once more" 0
admin "modprinc +requires_preauth host/client.test"
mv "$keytab" "$DIR/elsewhere"
next "keytab is gone" "keytab $keytab: No such file or directory"
mv "$DIR/elsewhere" "$keytab"
next_is "and back" 0

admin "cpw -randkey host/client.test"
cp "$keytab" "$DIR/again" && mv "$DIR/again" "$keytab" # asks for new armor
for what in "stale key" "and once more"; do
    next "$what" "rejected KRB-ERROR 24 to host/client.test@$REALM with the \
key in $keytab: Preauthentication failed"
done
# It counts as a wrong password: two are tried, for two types of encryption.
failed=$(kdc_admin "$dir" kadmin.local -q "getprinc host/client.test" |
    sed -n "s/^Failed password attempts: //p")
[ "$failed" = 2 ] || fail "the stale key was tried $failed times"
rm -f "$DIR/new.keytab"
admin "ktadd -k $DIR/new.keytab host/client.test"
mv "$DIR/new.keytab" "$keytab"
next_is "keytab replaced" 0
next_is "and once more" 0

admin "modprinc -allow_tix host/client.test"
cp "$keytab" "$DIR/again" && mv "$DIR/again" "$keytab"
next "locked out" "rejected KRB-ERROR 18 to host/client.test@$REALM with the \
key in $keytab: Client's credentials have been revoked"
admin "modprinc +allow_tix host/client.test"
admin "renprinc -force host/client.test host/other.test"
next "unknown" "rejected KRB-ERROR 6 to host/client.test@$REALM with the key \
in $keytab: Client not found in Kerberos database"
admin "renprinc -force host/other.test host/client.test"
next_is "known again" 0

# The key of another type than the strongest.
admin "cpw -randkey -e aes128-cts:normal host/client.test"
rm -f "$DIR/new.keytab"
admin "ktadd -norandkey -k $DIR/new.keytab host/client.test"
mv "$DIR/new.keytab" "$keytab"
next_is "AES128 only" 0
eval "exec ${AUTH[1]}>&-"

# Permission means nothing to root.
user=()
chmod 711 "$DIR" && chmod 600 "$keytab"
if [ "$(id -u)" = 0 ]; then
    user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
else
    chmod 0 "$keytab"
fi
cp "$BUILD/tests/interop/auth" "$DIR/auth"
"${user[@]}" "$DIR/auth" "$REALM" 127.0.0.1 "$port" udp 1 "$keytab" \
    >"$DIR/answers" || true
only "keytab $keytab: Permission denied" "not permitted"
chmod 600 "$keytab"

echo "1000 entries:"
for ((i = 0; i < 500; i++)); do
    echo "addprinc -randkey svc$i/client.test"
    echo "ktadd -norandkey -k $DIR/many.keytab svc$i/client.test"
done >"$DIR/many"
kdc_admin "$dir" kadmin.local <"$DIR/many" >>"$dir/create.log" 2>&1
admin "ktadd -norandkey -k $DIR/many.keytab host/client.test"
ask 127.0.0.1 "$port" udp 50 "$DIR/many.keytab" | tail -n 2
good_answers 50 "1000 entries"
true_answers 0 "1000 entries"
echo "    $(cat "$DIR/cpu") each"
