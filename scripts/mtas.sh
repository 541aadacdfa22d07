# shellcheck shell=bash
# Real mail servers, Postfix and Exim, for the tests.  Source it after
# servers.sh.
#
#   mtas_prepare            download and unpack once, into the cache
#   mta_enter KIND FOLDER   make the small Debian of postfix or exim in FOLDER
#   mta_start KIND NAME FOLDER ADDRESS PORT
#   mta_mails FOLDER        the file that gets all mail
#   mta_add KIND FOLDER     put it into the Debian that is there already, whose
#                           /usr is its own; /usr/sbin/sendmail is the first
#
# They take mail for anybody at example.test, but for nobody@ (550 5.1.1) and
# later@ (450).  Like the KDCs in kinds.sh they are never installed but unpacked,
# with every library they need, and run in a change root whose folders are
# mounts, so the caller must have mounts of its own (unshare -m).

MTA_KINDS=(postfix exim)
declare -A MTA_PACKAGE=([postfix]=postfix [exim]=exim4-daemon-light)
# What they depend on, and never call to take a mail.
MTA_NEEDLESS='perl|libperl|libnumber|libtext|libfile|usrmerge|dpkg|tar=|debconf'
MTA_NEEDLESS+='|adduser|passwd|e2fsprogs|logsave|cron|sensible|init-system'
MTA_NEEDLESS+='|openssl|ssl-cert|cpio|libext2fs|libss2'

mta_versions() {
    apt-cache show --no-all-versions "${MTA_PACKAGE[$MTA]}" 2>/dev/null |
        awk '/^(Package|Version):/ { print $2 }'
}

mta_packages() {
    apt-get -s install --no-install-recommends -o Dir::State::status=/dev/null \
        "${MTA_PACKAGE[$MTA]}" 2>/dev/null |
        sed -nE 's/^Inst ([^ ]+) \(([^ ]+) .*/\1=\2/p' |
        grep -Ev "^($MTA_NEEDLESS)"
}

mta_use() {
    [ -x "$1/usr/lib/postfix/sbin/master" ] || [ -x "$1/usr/sbin/exim4" ] ||
        return 1
    MTA_ROOT=$1
}

declare -A MTA_ROOTS=()

# Sets MTA_ROOTS, or fails.
mtas_prepare() {
    local MTA MTA_ROOT
    for MTA in "${MTA_KINDS[@]}"; do
        servers_obtain "mta-$MTA-$(dpkg --print-architecture)" mta_versions \
            mta_packages mta_use "${MTA_PACKAGE[$MTA]}" || return 1
        MTA_ROOTS[$MTA]=$MTA_ROOT
    done
}

mta_enter() {
    local kind=$1 to=$2 folder root=${MTA_ROOTS[$1]}
    for folder in usr bin sbin lib lib64; do
        if [ -d "$root/$folder" ]; then
            mkdir -p "$to/$folder"
            mount --bind -o ro "$root/$folder" "$to/$folder"
        else
            ln -s "usr/$folder" "$to/$folder"
        fi
    done
    for folder in dev proc; do
        mkdir -p "$to/$folder"
        mount --rbind "/$folder" "$to/$folder"
    done
    mkdir -p "$to"/{etc,tmp,var/{log,lib/postfix,mail,spool}}
    chmod 1777 "$to"/{tmp,var/mail}
    printf '%s:*:%d:%d::/:/bin/false\n' root 0 0 nobody 65534 65534 \
        >"$to/etc/passwd"
    printf '%s:x:%d:\n' root 0 nogroup 65534 >"$to/etc/group"
    mta_users "$to"
    "${kind}_configure" "$to"
}

mta_users() {
    printf '%s:*:%d:%d::/:/bin/false\n' mail 8 8 postfix 110 110 \
        Debian-exim 111 111 >>"$1/etc/passwd"
    printf '%s:x:%d:\n' mail 8 postfix 110 postdrop 112 Debian-exim 111 \
        >>"$1/etc/group"
    echo '127.0.0.1 localhost mta.example.test' >"$1/etc/hosts"
    echo 'smtp 25/tcp' >"$1/etc/services"
}

mta_add() {
    local kind=$1 to=$2 root=${MTA_ROOTS[$1]}
    cp -an "$root/usr/." "$to/usr"
    [ ! -d "$root/lib" ] || cp -an "$root/lib/." "$to/usr/lib"
    grep -q '^postfix:' "$to/etc/passwd" || mta_users "$to"
    mkdir -p "$to"/var/{log,lib/postfix,mail,spool}
    chmod 1777 "$to/var/mail"
    "${kind}_configure" "$to"
    # as its package does when it is installed
    [ "$kind" != postfix ] || {
        chgrp 112 "$to"/usr/sbin/post{drop,queue}
        chmod 2555 "$to"/usr/sbin/post{drop,queue}
    }
}

postfix_configure() {
    local to=$1 folder
    mkdir -p "$to/etc/postfix" "$to/var/spool/postfix"
    for folder in active bounce corrupt defer deferred flush hold incoming \
        maildrop pid private public saved trace; do
        mkdir -p "$to/var/spool/postfix/$folder"
    done
    chown -R 110 "$to/var/spool/postfix" "$to/var/lib/postfix"
    chown root "$to/var/spool/postfix" "$to/var/spool/postfix/pid"
    chgrp 112 "$to"/var/spool/postfix/{maildrop,public}
    chmod 1730 "$to/var/spool/postfix/maildrop"
    chmod 2710 "$to/var/spool/postfix/public"
    cat >"$to/etc/postfix/main.cf" <<'END'
compatibility_level = 3.6
myhostname = mta.example.test
myorigin = example.test
mydestination =
virtual_mailbox_domains = example.test
virtual_mailbox_maps = static:all
virtual_mailbox_base = /var/mail
virtual_uid_maps = static:1000
virtual_gid_maps = static:8
local_recipient_maps =
inet_protocols = ipv4
alias_maps =
alias_database =
mynetworks = 127.0.0.0/8
maillog_file = /var/log/mail.log
smtpd_recipient_restrictions = check_recipient_access
    inline:{{nobody@example.test=550 5.1.1 no such user}
        {later@example.test=450 4.2.0 greylisted for a while}}, permit
END
    touch "$to/var/log/mail.log"
    chmod 666 "$to/var/log/mail.log"
}

# postfix_services ADDRESS:PORT: master.cf; nothing runs in a change root of its
# own.
postfix_services() {
    cat <<END
$1       inet n - n -     - smtpd
pickup    unix n - n 60    1 pickup
cleanup   unix n - n -     0 cleanup
qmgr      unix n - n 300   1 qmgr
rewrite   unix - - n -     - trivial-rewrite
bounce    unix - - n -     0 bounce
defer     unix - - n -     0 bounce
trace     unix - - n -     0 bounce
virtual   unix - n n -     - virtual
proxymap  unix - - n -     - proxymap
anvil     unix - - n -     1 anvil
postlog   unix-dgram n - n - 1 postlogd
END
}

postfix_command() {
    postfix_services "$2:$3" >"$1/etc/postfix/master.cf"
    MTA_COMMAND=(/usr/lib/postfix/sbin/master -d -c /etc/postfix)
}

exim_configure() {
    local to=$1
    mkdir -p "$to"/var/spool/exim4/{input,msglog,db} "$to/var/log/exim4"
    chown -R 111:111 "$to/var/spool/exim4" "$to/var/log/exim4"
    mkdir -p "$to/etc/exim4"
    cat >"$to/etc/exim4/exim4.conf" <<'END'
primary_hostname = mta.example.test
qualify_domain = example.test
domainlist local_domains = example.test
acl_smtp_rcpt = rcpt
acl_not_smtp = accept
spool_directory = /var/spool/exim4
log_file_path = /var/log/exim4/%slog
recipient_unqualified_hosts = 127.0.0.0/8
never_users =
keep_environment =
tls_advertise_hosts =
begin acl
rcpt:
    deny    local_parts = nobody
            message = no such user
    defer   local_parts = later
            message = greylisted for a while
    accept
begin routers
all:
    driver = accept
    transport = file
begin transports
file:
    driver = appendfile
    file = /var/mail/all
    user = mail
    group = mail
    envelope_to_add
END
    chmod 644 "$to/etc/exim4/exim4.conf"
}

exim_command() {
    MTA_COMMAND=(/usr/sbin/exim4 -bdf -q1m -oP /tmp/exim.pid
        -oX "<; [$2]:$3")
}

mta_start() {
    local kind=$1 name=$2 to=$3 address=$4 port=$5
    "${kind}_command" "$to" "$address" "$port"
    server_spawn "$name" +0 env -i PATH="$PATH" chroot "$to" "${MTA_COMMAND[@]}"
    server_wait "$name" tcp_answers "$address" "$port"
}

mta_mails() { echo "$1/var/mail/all"; }
