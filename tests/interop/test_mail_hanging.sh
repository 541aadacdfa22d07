#!/bin/bash
# Relays and hooks that say nothing: after their time they are given up for now,
# the alert stays, and neither other channels nor other causes wait for them.
# All of them hang at the same time, since that takes a minute.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$here/mail.sh"
begin

# The hook notes what it gets, and then hangs, and does not even heed SIGTERM.
cat >"$DIR/hang" <<'END'
#!/bin/sh
trap '' TERM
echo "$SKEWGUARD_ID $SKEWGUARD_NUMBER" >>"${0%/*}/hung"
echo waiting
exec sleep 1000
END
cat >"$DIR/note" <<'END'
#!/bin/sh
echo "$SKEWGUARD_ID $SKEWGUARD_NUMBER" >>"${0%/*}/noted"
END
chmod +x "$DIR/hang" "$DIR/note"

deeds=(silent mute hang-data endless nonsense)
for deed in "${deeds[@]}"; do
    port=$(free_port)
    hostile_relay "$deed-relay" "$deed" "$port"
    mailer_new "$deed" "smtp { host = \"127.0.0.1\" port = $port }"
    mailer_start "$deed"
done
mailer_new hook "alert { mailto = { } hook = { \"$DIR/hang\", \"$DIR/note\" } }"
mailer_start hook
for name in "${deeds[@]}" hook; do
    within 5 test -e "$DIR/$name/state/spool/mailer.lock" ||
        mail_fail "$name does not start"
    put "$name" $CAUSE 1 raised
done
begin=$SECONDS

# The second cause is tried, though the first one hangs.
within 5 test -e "$DIR/hung" || mail_fail "the hook was not started"
put hook $OTHER 1
has_both() { [ "$(sort "$DIR/$1" | tr '\n' ' ')" = "$CAUSE 1 $OTHER 1 " ]; }
within 5 has_both noted || mail_fail "the other hook waits: $(<"$DIR/noted")"
within 5 has_both hung || mail_fail "the other cause waits: $(<"$DIR/hung")"

# Told to stop, one waits a little for what is under way and then ends it.
mailer_new stopped "alert { mailto = { } hook = { \"$DIR/hang\" } }"
mailer_start stopped
within 5 test -e "$DIR/stopped/state/spool/mailer.lock"
: >"$DIR/hung"
put stopped $CAUSE 7
within 5 grep -q "$CAUSE 7" "$DIR/hung" || mail_fail "not started"
hung=$SECONDS
mailer_end stopped TERM || mail_fail "no good end"
[ $((SECONDS - hung)) -le 8 ] || mail_fail "it takes too long to stop"
[ "$(n_spooled stopped)" = 1 ] || mail_fail "stopping lost an alert"

# A mailer that is stopped for a minute does not take a hook that has ended well
# meanwhile for one that hangs.
cat >"$DIR/short" <<'END'
#!/bin/sh
echo run >>"${0%/*}/short.runs"
sleep 2
END
chmod +x "$DIR/short"
mailer_new frozen "alert { mailto = { } hook = { \"$DIR/short\" } }"
mailer_start frozen
within 5 test -e "$DIR/frozen/state/spool/mailer.lock" || mail_fail "no start"
put frozen $CAUSE 1 raised
within 5 test -e "$DIR/short.runs" || mail_fail "not started"
mailer_signal frozen STOP
frozen=$SECONDS

for deed in silent mute hang-data; do
    expect_told $deed "mail to root: alert $CAUSE-1 not taken by 127\\.0\\.0\\.1: .*(imed out|imeout).*; next try in" 80
done
for deed in endless nonsense; do
    expect_told $deed "mail to root: alert $CAUSE-1 not taken by 127\\.0\\.0\\.1: " 80
done
expect_told hook "hook $DIR/hang: alert $CAUSE-1 ended after 60 s without an end of its own: waiting; next try" 80
[ $((SECONDS - begin)) -ge 55 ] || mail_fail "not enough patience"
for name in "${deeds[@]}" hook; do
    [ "$(n_spooled "$name")" -ge 1 ] || mail_fail "$name lost its alert"
done
no_child() { [ -z "$(pgrep -P "${MAILER_PID[hook]}")" ]; }
within 10 no_child || mail_fail "what hung still runs"

sleep $((frozen + 63 - SECONDS > 0 ? frozen + 63 - SECONDS : 0))
mailer_signal frozen CONT
expect_told frozen "hook $DIR/short: alert $CAUSE-1 done"
expect_drained frozen
told frozen '.*without an end of its own' && mail_fail "it counts as hung"
[ "$(wc -l <"$DIR/short.runs")" = 1 ] || mail_fail "it ran again"
