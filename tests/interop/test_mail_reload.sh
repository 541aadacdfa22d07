#!/bin/bash
# One pass, as from cron; and a configuration that changes under way.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$here/mail.sh"
begin
port=$(free_port) dead=$(free_port)
hostile_relay relay good "$port"

# once NAME CODE
once() {
    expect_exit "$2" "$BUILD/bin/skewguard-mailer" -c "$DIR/$1/conf" --once \
        >>"$DIR/$1/log" 2>&1
}
mailer_new pass "smtp { host = \"127.0.0.1\" port = $port }" \
    'alert { mailto = { "a@x.test", "b@x.test" } }'
begin=$SECONDS
once pass 0
[ $((SECONDS - begin)) -le 10 ] || mail_fail "it waits for nothing"
put pass $CAUSE 1 raised
put pass $CAUSE 2
put pass $OTHER 1
once pass 0
is_drained pass || mail_fail "not drained"
[ "$(mails relay | wc -l)" = 4 ] || mail_fail "got $(mails relay)"
put pass $OTHER 2
sed -i "s/port = $port/port = $dead/" "$DIR/pass/conf"
begin=$SECONDS
once pass 75
[ $((SECONDS - begin)) -le 10 ] || mail_fail "it waits"
[ "$(n_spooled pass)" = 1 ] || mail_fail "lost"
told pass "mail to a@x\\.test: alert $OTHER-2 not taken" || mail_fail "not said"

# ---- reload ----
: >"$DIR/pass/log"
mailer_start pass
expect_told pass "mail to b@x\\.test: alert $OTHER-2 not taken"
cp "$DIR/pass/conf" "$DIR/good.conf"
echo 'smtp { host = "a b" }' >>"$DIR/pass/conf"
mailer_signal pass HUP
expect_told pass 'not reloaded, the old configuration stays: .*conf:5: '
# a relay that lives, somebody new, and somebody who is told no more
sed -e "s/port = $dead/port = $port/" -e 's/"a@x.test", //' \
    -e 's/"b@x.test"/"b@x.test", "c@x.test"/' "$DIR/good.conf" >"$DIR/pass/conf"
mailer_signal pass HUP
expect_told pass 'configuration reloaded'
expect_drained pass
expect_got relay "^mail <b@x\\.test>: .*$OTHER-2"
expect_got relay "^mail <c@x\\.test>: .*$OTHER-2"
got relay "^mail <a@x\\.test>: .*$OTHER-2" && mail_fail "a is still told"
sed -i "s|state_directory = .*|state_directory = \"$DIR/elsewhere\"|" \
    "$DIR/pass/conf"
mailer_signal pass HUP
expect_told pass 'state_directory: a change needs a restart'
put pass $OTHER 3
expect_drained pass
sed -i '/alert/d' "$DIR/pass/conf"
echo 'alert { mailto = { } }' >>"$DIR/pass/conf"
mailer_signal pass HUP
expect_told pass 'neither mailto nor hook is set: nobody is told'
put pass $OTHER 4
sleep 1
[ "$(n_spooled pass)" = 1 ] || mail_fail "lost while nobody was to be told"
sed -i 's/mailto = { }/mailto = { "c@x.test" }/' "$DIR/pass/conf"
mailer_signal pass HUP
expect_drained pass
expect_got relay "^mail <c@x\\.test>: .*$OTHER-4"
# ... somebody who goes and comes back, once while being told: told once
cat >"$DIR/hook" <<'END'
#!/bin/sh
echo "$SKEWGUARD_NUMBER" >>"${0%/*}/hooked"
sleep 2
END
chmod +x "$DIR/hook"
has_hooked() { [ "$(wc -l <"$DIR/hooked")" -ge "$1" ]; }
set_alert() {
    sed -i '/^alert/d' "$DIR/pass/conf"
    echo "alert { $1 }" >>"$DIR/pass/conf"
    : >"$DIR/pass/log"
    mailer_signal pass HUP
    expect_told pass 'configuration reloaded'
}
nobody='mailto = { "later@x.test" }'
sed -i "s/port = $port/port = $dead/" "$DIR/pass/conf"
set_alert "$nobody hook = { \"$DIR/hook\" }"
: >"$DIR/hooked"
put pass $OTHER 5
within 5 has_hooked 1 || mail_fail "no hook"
set_alert "$nobody"
set_alert "$nobody hook = { \"$DIR/hook\" }"
expect_told pass "hook $DIR/hook: alert $OTHER-5 done"
set_alert "$nobody"
set_alert "$nobody hook = { \"$DIR/hook\" }"
put pass $OTHER 6
within 5 has_hooked 2 || mail_fail "no hook"
set_alert "$nobody"
expect_told pass "hook $DIR/hook: alert $OTHER-6 done"
set_alert "$nobody hook = { \"$DIR/hook\" }"
sleep 1
[ "$(tr '\n' ' ' <"$DIR/hooked")" = '5 6 ' ] ||
    mail_fail "told again: $(<"$DIR/hooked")"
mailer_end pass TERM || mail_fail "no good end"
