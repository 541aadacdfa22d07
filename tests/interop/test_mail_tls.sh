#!/bin/bash
# Encryption and passwords: what is not as the configuration says is not sent,
# and why is said.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$here/mail.sh"
/usr/bin/python3 -c 'import aiosmtpd' 2>/dev/null || skip "no python3-aiosmtpd"
begin
YEAR=$(date -u +%Y)

# Two authorities, and a relay whose certificate is from the first.
(
    cd "$DIR"
    for ca in good bad; do
        openssl req -x509 -newkey rsa:2048 -nodes -days 9000 -subj "/CN=$ca" \
            -keyout $ca.key -out $ca.pem
    done
    openssl req -newkey rsa:2048 -nodes -subj /CN=relay -keyout relay.key \
        -out relay.csr
    echo 'subjectAltName = IP:127.0.0.1, DNS:localhost' >ext
    openssl x509 -req -in relay.csr -CA good.pem -CAkey good.key -days 2 \
        -CAcreateserial -extfile ext -out relay.pem
    # ... and one that is valid ten years from now alone
    printf '%s\n' '[ca]' 'default_ca = one' '[one]' 'database = index' \
        'new_certs_dir = .' 'serial = serial' 'default_md = sha256' 'policy = any' '[any]' \
        'commonName = supplied' >ca.conf
    : >index
    echo 01 >serial
    openssl ca -batch -config ca.conf -in relay.csr -cert good.pem \
        -keyfile good.key -extfile ext -notext -out later.pem \
        -startdate "$((YEAR + 10))0101000000Z" \
        -enddate "$((YEAR + 10))1231000000Z"
) >"$DIR/openssl.log" 2>&1 || fail "no certificates: $(<"$DIR/openssl.log")"
start=$(free_port) whole=$(free_port) plain=$(free_port) login=$(free_port)
false=$(free_port) later=$(free_port)
smtpd start "$start" --starttls "$DIR/relay.pem" "$DIR/relay.key"
smtpd whole "$whole" --tls "$DIR/relay.pem" "$DIR/relay.key"
smtpd later "$later" --starttls "$DIR/later.pem" "$DIR/relay.key"
smtpd plain "$plain"
smtpd login "$login" --starttls "$DIR/relay.pem" "$DIR/relay.key" \
    --auth robot secret
hostile_relay false false-tls "$false"
umask 077
echo secret >"$DIR/password"
echo wrong >"$DIR/wrong"

PUT=(raised) # what put is told of the alert
# send NAME PORT SETTINGS: a mailer, and an alert for it.
send() {
    mailer_new "$1" "smtp { host = \"127.0.0.1\" port = $2 $3 }"
    mailer_start "$1"
    within 5 test -e "$DIR/$1/state/spool/mailer.lock"
    put "$1" $CAUSE 1 "${PUT[@]}"
}
# good NAME PORT RELAY HOW SETTINGS
good() {
    send "$1" "$2" "$5"
    expect_told "$1" "mail to root: alert $CAUSE-1 accepted by 127\\.0\\.0\\.1: 250 "
    expect_got "$3" "^root $4: "
    mailer_end "$1" TERM
}
# bad NAME PORT WORDS SETTINGS
bad() {
    send "$1" "$2" "$4"
    expect_told "$1" "mail to root: alert $CAUSE-1 $3"
    [ "$(n_spooled "$1")" = 1 ] || mail_fail "$1: an alert is lost"
    mailer_end "$1" TERM
}
ca="ca_file = \"$DIR/good.pem\""
good try "$start" start tls 'tls = try'
good required "$start" start tls "tls = required $ca"
good implicit "$whole" whole tls "tls = implicit $ca"
good try-plain "$plain" plain clear 'tls = try'
good none "$start" start clear 'tls = none'
bad wrong-ca "$start" 'not taken by .*certificate' \
    "tls = required ca_file = \"$DIR/bad.pem\""
bad system-ca "$start" 'not taken by .*certificate' 'tls = required'
bad wrong-ca-whole "$whole" 'not taken by .*certificate' \
    "tls = implicit ca_file = \"$DIR/bad.pem\""

# A clock that is wrong by years does not hold up the alert that says so; one
# that was put right meanwhile, or is not known to be wrong, counts.
then=$(date -u -d "$((YEAR + 10))-06-01" +%s) now=$(date +%s)
bad no-true-time "$later" 'not taken by .*certificate' "tls = required $ca"
PUT=(raised realm "$then")
good true-time "$later" later tls "tls = required $ca"
bad true-time-ca "$later" 'not taken by .*certificate' \
    "tls = required ca_file = \"$DIR/bad.pem\""
bad true-time-early "$start" 'not taken by .*certificate' "tls = required $ca"
PUT=(raised realm "$now")
bad no-difference "$later" 'not taken by .*certificate' "tls = required $ca"
PUT=(raised realm $((now - 60)) "$then")
good put-right "$start" start tls "tls = required $ca"
PUT=(raised)

bad not-offered "$plain" 'not taken by .*STARTTLS' "tls = required $ca"
bad not-spoken "$false" 'not taken by ' "tls = required $ca"
got false mail && mail_fail "sent in the clear"
# ... while "try" goes without, which it may
send try-false "$false" 'tls = try'
expect_got false "^mail <root>: .*$CAUSE-1"
mailer_end try-false TERM

user="user = \"robot\" password_file = \"$DIR/password\""
good login "$login" login 'tls as robot' "tls = required $ca $user"
bad wrong-password "$login" 'refused by 127\.0\.0\.1: 535 ' "tls = required $ca \
user = \"robot\" password_file = \"$DIR/wrong\""
bad missing "$login" "no password: $DIR/nowhere: No such file" \
    "tls = required $ca user = \"robot\" password_file = \"$DIR/nowhere\""
chmod 644 "$DIR/password"
bad open "$login" "no password: $DIR/password: mode 0644 lets others read it" \
    "tls = required $ca $user"
chmod 640 "$DIR/password"
if [ "$(id -u)" = 0 ]; then
    good shared "$login" login 'tls as robot' "tls = required $ca $user"
fi

# What could hand the password to anybody is no configuration.
mailer_new careless "smtp { host = \"127.0.0.1\" $user }"
expect_exit 78 "$BUILD/bin/skewguard-mailer" -c "$DIR/careless/conf" \
    >"$DIR/careless/log" 2>&1
expect_told careless '.*/conf:3: smtp: tls = try would show the password to others'
