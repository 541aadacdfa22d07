#!/bin/bash
# Postfix and Exim: by SMTP and by their sendmail(8), one recipient of three
# refused and one put off, and the server down in between.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$here/mail.sh"
. "$here/../../scripts/mtas.sh"
own_mounts
begin
touch "$DIR/theirs"
chown 110 "$DIR/theirs" 2>/dev/null || skip "mail servers need users of their own"
mtas_prepare || skip "Postfix and Exim cannot be had"
mount -t tmpfs none /mnt

# arrived KIND REGEX: in the file that gets all mail; n_arrived: so many.
arrived() { grep -Eq -- "$2" "$(mta_mails "/mnt/$1")" 2>/dev/null; }
n_arrived() { grep -Ec -- "$2" "$(mta_mails "/mnt/$1")"; }
expect_arrived() {
    within 20 arrived "$1" "$2" || {
        cat "$(mta_mails "/mnt/$1")" /mnt/"$1"/var/log/{mail.log,exim4/*}
        mail_fail "$1 has no: $2"
    } >&2
}

smtp_words() {
    case $1 in
    postfix)
        YES='250 2\.0\.0 Ok: queued as [0-9A-F]+'
        NO='550 5\.1\.1 <nobody@example\.test>: Recipient address rejected: no such user'
        WAIT='450 4\.2\.0 <later@example\.test>: Recipient address rejected: greylisted for a while'
        ;;
    exim)
        YES='250 OK id=[0-9A-Za-z-]+'
        NO='550 no such user'
        WAIT='451 greylisted for a while'
        ;;
    esac
}

try_smtp() {
    local kind=$1 port
    port=$(free_port)
    smtp_words "$kind"
    mta_start "$kind" "$kind" "/mnt/$kind" 127.0.0.1 "$port"
    mailer_new "$kind" "smtp { host = \"127.0.0.1\" port = $port }" \
        'alert { mailto = { "nobody@example.test", "later@example.test", "root" } }'
    mailer_start "$kind"
    within 5 test -e "$DIR/$kind/state/spool/mailer.lock" || mail_fail "no start"
    put "$kind" $CAUSE 1 raised
    expect_told "$kind" "mail to root: alert $CAUSE-1 accepted by 127\\.0\\.0\\.1: $YES\$"
    expect_told "$kind" "mail to nobody@example\\.test: alert $CAUSE-1 refused by 127\\.0\\.0\\.1: $NO; next try"
    expect_told "$kind" "mail to later@example\\.test: alert $CAUSE-1 put off by 127\\.0\\.0\\.1: $WAIT; next try"
    expect_arrived "$kind" "^Subject: \\[client\\.test\\] subject of $CAUSE-1\$"
    expect_arrived "$kind" "^Message-ID: <$CAUSE\\.1@client\\.test>\$"
    expect_arrived "$kind" '^\.$'

    server_stop "$kind"
    put "$kind" $CAUSE 2
    put "$kind" $CAUSE 3 recovered
    expect_told "$kind" "mail to root: alerts? $CAUSE-2.* not taken by 127\\.0\\.0\\.1: "
    mta_start "$kind" "$kind" "/mnt/$kind" 127.0.0.1 "$port"
    mailer_signal "$kind" USR1
    expect_told "$kind" "mail to root: alerts $CAUSE-2 to -3 accepted by 127\\.0\\.0\\.1: $YES\$"
    expect_told "$kind" 'mail to root: sent again after '
    expect_arrived "$kind" "^Subject: \\[client\\.test\\] 2 alerts, latest: subject of $CAUSE-3\$"
    [ "$(n_arrived "$kind" "^body of $CAUSE-[123]\$")" = 3 ] ||
        mail_fail "lost or repeated: $(cat "$(mta_mails "/mnt/$kind")")"
    mailer_end "$kind" TERM || mail_fail "no good end"
}

try_sendmail() {
    local kind=$1 name=$1-sendmail
    printf '#!/bin/sh\nexec /usr/sbin/chroot %s /usr/sbin/sendmail "$@"\n' \
        "/mnt/$kind" >"$DIR/sendmail-$kind"
    mailer_new "$name" "alert { mailfrom = \"guard@example.test\"
        sendmail = \"$DIR/sendmail-$kind\" }"
    mailer_start "$name"
    within 5 test -e "$DIR/$name/state/spool/mailer.lock" || mail_fail "no start"
    put "$name" $OTHER 1 raised
    expect_told "$name" "mail to root: alert $OTHER-1 cannot be started: $DIR/sendmail-$kind: Permission denied; next try"
    chmod +x "$DIR/sendmail-$kind"
    mailer_signal "$name" USR1
    expect_told "$name" "mail to root: alert $OTHER-1 accepted by $DIR/sendmail-$kind\$"
    expect_arrived "$kind" "^Subject: \\[client\\.test\\] subject of $OTHER-1\$"
    expect_arrived "$kind" "^From guard@example\\.test "
    mailer_end "$name" TERM || mail_fail "no good end"
}

for kind in "${MTA_KINDS[@]}"; do
    mkdir "/mnt/$kind"
    mta_enter "$kind" "/mnt/$kind"
    try_smtp "$kind"
    try_sendmail "$kind"
done
