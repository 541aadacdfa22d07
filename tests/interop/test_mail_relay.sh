#!/bin/bash
# What relays say and do, in their own words in the log; nothing is lost,
# nothing is sent twice, and who is refused does not hold up the others.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$here/mail.sh"
begin

# deed NAME DEED [LINE...]: a relay that does it and a mailer that uses it.
deed() {
    local port
    port=$(free_port)
    hostile_relay "$1" "$2" "$port"
    mailer_new "mail-$1" "smtp { host = \"127.0.0.1\" port = $port ${3:-} }" \
        "${@:4}"
    mailer_start "mail-$1"
    within 5 test -e "$DIR/mail-$1/state/spool/mailer.lock" ||
        mail_fail "mail-$1 does not start"
    put "mail-$1" $CAUSE 1 raised
}

# ---- at once, and once ----
deed good good
expect_told mail-good "mail to root: alert $CAUSE-1 accepted by 127\\.0\\.0\\.1: 250 2\\.0\\.0 Ok$" 5
expect_drained mail-good
put mail-good $CAUSE 1 raised
expect_told mail-good "alert $CAUSE-1 was delivered before: dropped"
put mail-good $CAUSE 2
put mail-good $OTHER 1
expect_told mail-good "mail to root: alert $CAUSE-2 accepted"
expect_told mail-good "mail to root: alert $OTHER-1 accepted"
expect_drained mail-good
expect_mails good "mail <root>: [client.test] subject of $CAUSE-1
mail <root>: [client.test] subject of $CAUSE-2
mail <root>: [client.test] subject of $OTHER-1"

# ---- put off, then taken ----
deed grey greylist '' 'alert { mailto = { "a@x.test", "b@x.test" } }'
expect_told mail-grey "mail to a@x\\.test: alert $CAUSE-1 put off by 127\\.0\\.0\\.1: 451 4\\.7\\.1 greylisted for 287 seconds; next try in [23][0-9] s$"
expect_told mail-grey "mail to b@x\\.test: .* greylisted"
mailer_signal mail-grey USR1
expect_told mail-grey "mail to a@x\\.test: alert $CAUSE-1 accepted"
expect_told mail-grey "mail to b@x\\.test: alert $CAUSE-1 accepted"
expect_told mail-grey 'mail to b@x\.test: sent again after [0-9]+ s$'
expect_drained mail-grey
expect_mails grey "mail <a@x.test>: [client.test] subject of $CAUSE-1
mail <b@x.test>: [client.test] subject of $CAUSE-1"

# ---- refused, in their words, and only once ----
# refused NAME DEED REGEX: so it is told, and stays in the spool.
refused() {
    deed "$1" "$2"
    expect_told "mail-$1" "mail to root: alert $CAUSE-1 $3; next try in"
    mailer_signal "mail-$1" USR1
    expect_told "mail-$1" 'trying everything now'
    sleep 1
    [ "$(n_told "mail-$1" 'mail to root')" = 1 ] || mail_fail "told repeatedly"
    [ "$(n_spooled "mail-$1")" = 1 ] || mail_fail "an alert is lost"
    mails "$1" | grep -q mail && mail_fail "$1 took it"
    mailer_end "mail-$1" TERM || mail_fail "no good end"
}
refused unfriendly unfriendly 'refused by 127\.0\.0\.1: 554 5\.7\.1 no service for you'
refused full full 'put off by 127\.0\.0\.1: 452 4\.3\.1 disk full'
refused wordy wordy 'refused by 127\.0\.0\.1: 550 5\.1\.1 there is 5\.1\.1 nobody'
refused escapes escapes 'refused by 127\.0\.0\.1: 550 \?\[31mroot\? \?\?\?\?'
told mail-unfriendly '.*next try in (4[89]|5[0-9]|6[0-9]|7[0-2]) min' ||
    mail_fail "a refusal is tried again too soon"
told mail-full '.*next try in [23][0-9] s' || mail_fail "452 waits too long"

# ---- closed in the middle: the words depend on who notices first ----
deed closing close-data
expect_told mail-closing "mail to root: alert $CAUSE-1 not taken by 127\\.0\\.0\\.1: .*; next try in"
mails closing | grep -q mail && mail_fail "closing took it"
[ "$(n_spooled mail-closing)" = 1 ] || mail_fail "an alert is lost"

# ---- a goodbye that is never answered ----
deed rude hang-quit
expect_drained mail-rude 8
expect_mails rude "mail <root>: [client.test] subject of $CAUSE-1"

# ---- down, then up: what waited goes out together, in order ----
port=$(free_port)
mailer_new late "smtp { host = \"127.0.0.1\" port = $port }"
mailer_start late
within 5 test -e "$DIR/late/state/spool/mailer.lock"
put late $CAUSE 1 raised
expect_told late "mail to root: alert $CAUSE-1 not taken by 127\\.0\\.0\\.1: .*[Cc]onnect.*; next try in"
put late $CAUSE 2
put late $OTHER 1
put late $CAUSE 3 recovered
sleep 2
[ "$(n_told late 'mail to root')" = 1 ] || mail_fail "the same is told again"
hostile_relay late-relay good "$port"
mailer_signal late USR1
expect_told late "mail to root: alerts $CAUSE-1 to -3 accepted by"
expect_told late "mail to root: alert $OTHER-1 accepted by"
expect_told late 'mail to root: sent again after [0-9]+ s'
expect_drained late
expect_mails late-relay "mail <root>: [client.test] 3 alerts, latest: subject of $CAUSE-3
mail <root>: [client.test] subject of $OTHER-1"
