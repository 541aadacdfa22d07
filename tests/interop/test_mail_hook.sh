#!/bin/bash
# Hooks: what they get, what their end means, and that no byte of theirs gets
# into the log as it is.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$here/mail.sh"
begin

# hook NAME <TEXT: a program $DIR/NAME.
hook() {
    { echo '#!/bin/sh'; cat; } >"$DIR/$1"
    chmod +x "$DIR/$1"
}
hook facts <<'END'
{ env | sort; echo; cat; pwd; } >"${0%/*}/facts.new"
for fd in 20 30 40; do [ ! -e /proc/$$/fd/$fd ] || echo "has $fd" ; done >>"${0%/*}/facts.new"
mv "${0%/*}/facts.new" "${0%/*}/facts.out"
END
hook later <<'END'
[ ! -e "${0%/*}/open" ] || exit 0
echo 'not now'
exit 75
END
hook rude <<'END'
printf 'first\033[31m line\nsecond \001\377 line\r\nforged: root logged in\n' >&2
exit 3
END
hook crash <<'END'
kill -SEGV $$
END
hook 'with space' <<'END'
echo "$SKEWGUARD_PHASE" >>"${0%/*}/phases"
END
hook loud <<'END'
yes 'much to say' | head -c 3000000
exit 9
END
names=(facts later rude crash 'with space' loud none)
printf -v list ', "%s"' "${names[@]/#/$DIR/}"
SECRET=1 mailer_new hooks "alert { mailto = { } hook = { ${list:2} } }"
mailer_start hooks 20</dev/null 30</dev/null 40</dev/null
within 5 test -e "$DIR/hooks/state/spool/mailer.lock" || mail_fail "no start"
put hooks $CAUSE 1 raised

within 10 test -e "$DIR/facts.out" || mail_fail "no facts"
grep -v '^\(PWD\|_\|SHLVL\|OLDPWD\)=\|_TIME=' "$DIR/facts.out" >"$DIR/facts.got"
diff - "$DIR/facts.got" <<END || mail_fail "the hook gets something else"
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
SKEWGUARD_BLAME=our-clock
SKEWGUARD_HOST=client.test
SKEWGUARD_ID=$CAUSE
SKEWGUARD_LEVEL=warn
SKEWGUARD_LIMIT_S=300.000000
SKEWGUARD_NUMBER=1
SKEWGUARD_OFFSET_S=123.456000
SKEWGUARD_PHASE=raised
SKEWGUARD_REALM=EXAMPLE.TEST
SKEWGUARD_SEVERITY=4
SKEWGUARD_SUBJECT=subject of $CAUSE-1
SKEWGUARD_TOPIC=realm

body of $CAUSE-1
.
end
/
END
grep -Eq '^SKEWGUARD_HOST_TIME=20[0-9-]{8}T[0-9:]{8}\.[0-9]{3}Z$' "$DIR/facts.out" ||
    mail_fail "no time"

expect_told hooks "hook $DIR/facts: alert $CAUSE-1 done"
expect_told hooks "hook $DIR/later: alert $CAUSE-1 exit status 75: not now; next try in [23][0-9] s"
expect_told hooks "hook $DIR/rude: alert $CAUSE-1 exit status 3: first\\?\\[31m line second \\?\\? line forged: root logged in; next try"
expect_told hooks "hook $DIR/crash: alert $CAUSE-1 ended by signal 11 \\(Segmentation fault\\)"
expect_told hooks "hook $DIR/loud: alert $CAUSE-1 exit status 9: much to say much"
expect_told hooks "hook $DIR/none: alert $CAUSE-1 cannot be started: $DIR/none: No such file"
LC_ALL=C grep -q $'[^ -~]' "$DIR/hooks/log" && mail_fail "raw bytes in the log"

# In order per cause, one by one.
put hooks $CAUSE 2
put hooks $CAUSE 3 recovered
in_order() { [ "$(tr '\n' ' ' <"$DIR/phases")" = 'raised worse recovered ' ]; }
within 10 in_order || mail_fail "phases: $(<"$DIR/phases")"

# However often somebody hurries them, nothing is given up within seconds.
for ((i = 0; i < 12; i++)); do
    sleep 0.4
    mailer_signal hooks USR1
done
! told hooks '.*given up' || mail_fail "lost"
[ "$(n_told hooks "hook $DIR/later: .*next try")" = 1 ] ||
    mail_fail "the same is told again"
[ "$(n_spooled hooks)" = 3 ] || mail_fail "lost"
touch "$DIR/open"
for name in crash rude loud none; do
    hook $name </dev/null
done
mailer_signal hooks USR1
expect_told hooks "hook $DIR/later: works again after"
expect_told hooks "hook $DIR/crash: works again after"
expect_drained hooks
