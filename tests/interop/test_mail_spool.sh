#!/bin/bash
# The folder: foreign and damaged files, a full disk, a read-only one, one that
# is gone; and a mailer that is killed at any moment.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$here/mail.sh"
own_mounts
begin
port=$(free_port)
hostile_relay relay good "$port"
settings="smtp { host = \"127.0.0.1\" port = $port }"
spool=$DIR/spooled/state/spool

mount -t tmpfs -o size=256k none "$DIR/run"
mkdir "$DIR/spooled"
ln -s ../run "$DIR/spooled/state"
mailer_new spooled "$settings"
# Root may write everywhere, but not without this.
MAILER_WITH=(setpriv "--bounding-set=-dac_override,-dac_read_search")
mailer_start spooled
within 5 test -e "$spool/mailer.lock" || mail_fail "no start"

# ---- only one ----
expect_exit 78 "$BUILD/bin/skewguard-mailer" -c "$DIR/spooled/conf" 2>"$DIR/second"
grep -q "another skewguard-mailer runs already ($spool/mailer.lock)" \
    "$DIR/second" || mail_fail "the second one says: $(<"$DIR/second")"

# ---- what is no alert ----
put spooled $CAUSE 1 raised
expect_drained spooled
echo nonsense >"$DIR/x"
mv "$DIR/x" "$spool/0000000090-$CAUSE-90.alert"
head -c 100 /dev/zero >"$spool/0000000091-$CAUSE-91.alert"
ln -s /etc/passwd "$spool/0000000092-$CAUSE-92.alert"
echo mine >"$spool/notes"
put spooled $CAUSE 2
expect_told spooled "mail to root: alert $CAUSE-2 accepted"
for number in 90 91 92; do
    expect_told spooled "$spool/00000000$number-$CAUSE-$number\\.alert: .*; set aside as 00000000$number-$CAUSE-$number\\.alert\\.bad$"
    [ "$(n_told spooled ".*-$number\\.alert: ")" = 1 ] || mail_fail "told again"
done
[ -e "$spool/notes" ] || mail_fail "it took what is not its own"
grep -q root: "$SERVERS_DIR/relay/log" && mail_fail "it followed a link"

# ---- a full disk: delivered all the same, once ----
put spooled $OTHER 1
expect_told spooled "mail to root: alert $OTHER-1 accepted"
mailer_signal spooled STOP
put spooled $OTHER 2
# ... and not even room for a line more in the journal's last block
while [ $(($(stat -c %s "$spool/journal") % 4096)) != 0 ]; do
    echo >>"$spool/journal"
done
dd if=/dev/zero of="$DIR/run/filler" bs=4k 2>/dev/null || true
mailer_signal spooled CONT
expect_told spooled "mail to root: alert $OTHER-2 accepted"
expect_told spooled "spool: .*journal: No space left on device; tried again every 10 s"
# ... nor does it wake itself up with what it tries to write
n_turns() {
    awk '/^voluntary_ctxt/ {print $2}' "/proc/${MAILER_PID[spooled]}/status"
}
turns=$(n_turns)
sleep 3
turns=$(($(n_turns) - turns))
[ $turns -le 20 ] || mail_fail "$turns turns in 3 s"
[ "$(n_told spooled 'spool: .*No space')" = 1 ] || mail_fail "told repeatedly"
rm "$DIR/run/filler"
expect_told spooled "$spool: works again" 15
grep -q "finished $OTHER 2" "$spool/journal" || mail_fail "not in the journal"

# ---- not to be written to: the same ----
mailer_signal spooled STOP
put spooled $OTHER 3
chmod 500 "$spool"
mailer_signal spooled CONT
expect_told spooled "mail to root: alert $OTHER-3 accepted"
expect_told spooled "spool: .*$OTHER-3\\.alert: Permission denied"
sleep 2
[ "$(mails relay | grep -c "$OTHER-3")" = 1 ] || mail_fail "sent repeatedly"
[ "$(n_told spooled 'spool: .*Permission')" = 1 ] || mail_fail "told repeatedly"
chmod 700 "$spool"
within 15 is_drained spooled || mail_fail "not removed later"
[ "$(mails relay | grep -c "$OTHER-3")" = 1 ] || mail_fail "sent again"

# ---- gone, and made anew ----
rm -r "$spool"
within 15 test -e "$spool/mailer.lock" || mail_fail "it does not come back"
put spooled $OTHER 4
expect_told spooled "mail to root: alert $OTHER-4 accepted"
expect_drained spooled
mailer_end spooled TERM || mail_fail "no good end"

# ---- a journal that is none ----
head -c 1000 /dev/zero >"$spool/journal"
mailer_start spooled
expect_told spooled ".*/journal: is no journal, set aside as journal\\.bad"
mailer_end spooled TERM

# ---- read-only from the start ----
mount -o remount,ro "$DIR/run"
: >"$DIR/spooled/log"
mailer_start spooled
expect_told spooled 'spool: .*Read-only file system; tried again every 10 s'
sleep 1
[ "$(n_told spooled spool:)" = 1 ] || mail_fail "told repeatedly"
mount -o remount,rw "$DIR/run"
put spooled $OTHER 5
expect_told spooled "mail to root: alert $OTHER-5 accepted" 15
mailer_end spooled TERM

# ---- killed, again and again: nothing is lost ----
mails relay >"$DIR/before"
mailer_new killed "$settings" 'alert { mailto = { "a@x.test", "b@x.test" } }'
mkdir -m 700 "$DIR/killed/state/spool"
for ((i = 1; i <= 12; i++)); do
    put killed "$(printf %016x $i)" $i
    mailer_start killed
    sleep "0.0$((RANDOM % 10))"
    mailer_end killed KILL || true
done
mailer_start killed
expect_drained killed 30
mails relay | tail -n +$(($(wc -l <"$DIR/before") + 1)) >"$DIR/after"
for ((i = 1; i <= 12; i++)); do
    for to in a b; do
        grep -q "<$to@x.test>: .*$(printf %016x $i)-$i$" "$DIR/after" ||
            mail_fail "alert $i is lost for $to"
    done
done
echo "12 kills, 24 mails, $(($(wc -l <"$DIR/after") - 24)) sent twice"
mailer_end killed TERM

# ---- killed while the relay thinks, and then says yes: not sent again ----
has_child() { [ -n "$(pgrep -P "${MAILER_PID[$1]}")" ]; }
port=$(free_port)
hostile_relay slow-relay slow "$port"
mailer_new slow "smtp { host = \"127.0.0.1\" port = $port }"
mailer_start slow
within 5 test -e "$DIR/slow/state/spool/mailer.lock"
put slow $CAUSE 1 raised
within 5 has_child slow || mail_fail "no delivery"
sleep 0.5
mailer_end slow KILL || true
mailer_start slow
expect_told slow 'spool: .*mails of a skewguard-mailer that ended are still under way'
expect_drained slow 25
told slow 'mail to root' && mail_fail "sent again"
expect_mails slow-relay "mail <root>: [client.test] subject of $CAUSE-1"
mailer_end slow TERM

# ... told to stop while the relay thinks, as all of its processes are: the same.
put slow $OTHER 1 raised
mailer_start slow
within 5 has_child slow || mail_fail "no delivery"
sleep 0.5
child=$(pgrep -P "${MAILER_PID[slow]}")
kill "$child"
mailer_end slow TERM || mail_fail "no good end"
mailer_start slow
expect_drained slow 25
told slow "mail to root: alert $OTHER" && mail_fail "sent again"
[ "$(mails slow-relay | grep -c "subject of $OTHER-1")" = 1 ] ||
    mail_fail "sent again: $(mails slow-relay)"
mailer_end slow TERM

# ... and then does not: sent by the next one.
port=$(free_port)
hostile_relay hanging hang-data "$port"
mailer_new middle "smtp { host = \"127.0.0.1\" port = $port }"
mailer_start middle
within 5 test -e "$DIR/middle/state/spool/mailer.lock"
put middle $CAUSE 1 raised
within 5 has_child middle || mail_fail "no delivery"
mailer_end middle KILL || true
server_stop hanging
hostile_relay hanging good "$port"
mailer_start middle
expect_drained middle 25
expect_mails hanging "mail <root>: [client.test] subject of $CAUSE-1"
mailer_end middle TERM

# ---- killed while sendmail runs, or stopped while it takes its time: once ----
cat >"$DIR/sendmail" <<'END'
#!/bin/sh
echo begun >>"${0%/*}/sendmail.begun"
sleep 7
echo taken >>"${0%/*}/sendmail.taken"
END
chmod +x "$DIR/sendmail"
mailer_new local "alert { sendmail = \"$DIR/sendmail\" }"
for signal in KILL TERM; do
    rm -f "$DIR/sendmail.begun" "$DIR/sendmail.taken"
    : >"$DIR/local/log"
    mailer_start local
    within 15 test -e "$DIR/local/state/spool/mailer.lock"
    put local "$([ $signal = KILL ] && echo $CAUSE || echo $OTHER)" 1 raised
    within 15 test -e "$DIR/sendmail.begun" || mail_fail "no sendmail"
    mailer_end local $signal || [ $signal = KILL ] || mail_fail "no good end"
    mailer_start local
    expect_told local 'spool: .*are still under way'
    expect_drained local 25
    for word in begun taken; do
        [ "$(wc -l <"$DIR/sendmail.$word")" = 1 ] || mail_fail "not once $word"
    done
    mailer_end local TERM
done

# ---- a hook goes with its mailer, and begins anew with the next one ----
cat >"$DIR/hook" <<'END'
#!/bin/sh
echo begun >>"${0%/*}/begun"
[ "$(grep -c begun "${0%/*}/begun")" -gt 1 ] || sleep 100
echo ended >>"${0%/*}/ended"
END
chmod +x "$DIR/hook"
mailer_new hooked "alert { mailto = { } hook = { \"$DIR/hook\" } }"
mailer_start hooked
within 5 test -e "$DIR/hooked/state/spool/mailer.lock"
put hooked $CAUSE 1 raised
within 5 has_child hooked || mail_fail "no hook"
child=$(pgrep -P "${MAILER_PID[hooked]}")
within 5 test -e "$DIR/begun" || mail_fail "no hook"
mailer_end hooked KILL || true
is_gone() { ! kill -0 "$child" 2>/dev/null; }
within 5 is_gone || mail_fail "the hook outlives its mailer"
mailer_start hooked
expect_drained hooked
[ "$(wc -l <"$DIR/ended")" = 1 ] || mail_fail "the hook ended twice"
