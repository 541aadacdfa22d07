# shellcheck shell=bash
# Ways to log in, and what is seen then.  Source it after logins.sh.
#
#   real_begin KDC_OFFSET       users, sshd, and a KDC, whose clock is at that
#   stack plain | profile | early | PHASE   pam.d without our module, with its
#                               profiles for pam-auth-update, with the early
#                               one, too, or with its line for one phase alone
#   set_kdc OFFSET STATE        another clock, which the daemon has seen then
#   go WORLD WAY                log in; $DIR/seen/WORLD/WAY is what was seen
#   denied WORLD WAY            the same for a login that is refused
#   position WORLD WAY          where the module's text was: before the
#                               password or after it, "shown" where none is
#                               asked for, "-" if there was no text
#   without WORLD WAY           what was seen but for that
#   go_everywhere WORLD, expect_column WORLD COLUMN, expect_same WORLD PLAIN
#                               in all ways
#
# A way is a row of the table in pam_skewguard(8), WHERE IT IS SHOWN: the
# program and, after commas, how it is used.

WAYS=('login'
    'su, by root'
    'su -, by root'
    'su, by a user'
    'su, into a file'
    'su, without terminal'
    'sudo'
    'ssh, password'
    'ssh, password, command'
    'ssh, keyboard-interactive'
    'ssh, keyboard-interactive, command'
    'ssh, public key'
    'ssh, public key, -t command'
    'ssh, public key, command'
    'ssh, public key, .hushlogin'
    'ssh, GSSAPI'
    'ssh, GSSAPI, command')
SSHD_ADDRESS=127.0.0.45
KDC_ADDRESS=127.0.0.46
AS_ALICE=(setpriv --reuid 1000 --regid 1000 --clear-groups)
PERSON=$BUILD/tests/pam/person
TEXT=${TEXT:-'clock'}

real_begin() {
    logins_begin
    SEEN=$DIR/seen
    mkdir "$SEEN"
    mkdir /mnt/run/skewguard
    mount --bind "$DIR/run" /mnt/run/skewguard
    cp "$BUILD/lib/pam_skewguard.so" "$DIR/modules"
    cp -r /mnt/etc/pam.d "$DIR/pam.plain"
    realm_start "$1"
    sshd_start
}

# The realm of alice and carol; to it our host is client.test.
realm_start() {
    KDC_CLOCK=$1
    KDC_PORT=$(free_port)
    kdc_start kdc "$KDC_ADDRESS" "$KDC_PORT" "$1"
    config_kdc kdc "$KDC_ADDRESS" "$KDC_PORT"
    config_line 'kdc_poll = 4s'
    kdc_admin "$SERVERS_DIR/kdc" kadmin.local >>"$DIR/kadmin.log" 2>&1 <<'END'
addprinc -pw carolpw +requires_preauth carol
END
    cp "$SERVERS_DIR/kdc/host.keytab" /mnt/etc/krb5.keytab
    krb5_conf 1
}

# krb5_conf TIMESYNC
krb5_conf() {
    cat >/mnt/etc/krb5.conf <<END
[libdefaults]
    default_realm = $REALM
    dns_lookup_kdc = false
    dns_canonicalize_hostname = false
    rdns = false
    kdc_timesync = $1
[realms]
    $REALM = {
        kdc = $KDC_ADDRESS:$KDC_PORT
    }
[domain_realm]
    .test = $REALM
END
}

# tickets: alice's, of somebody who has the KDC's clock.
tickets() {
    env LD_LIBRARY_PATH="$SERVERS_PATH" "${FAKE_CLOCK[@]}" \
        FAKETIME_TIMESTAMP_FILE="$SERVERS_DIR/kdc/offset" \
        KRB5_CONFIG=/mnt/etc/krb5.conf \
        "$SERVERS_ROOT/usr/bin/kinit" -c "$DIR/tickets" alice <<<alicepw \
        >"$DIR/kinit.log" 2>&1 || fail "no tickets: $(cat "$DIR/kinit.log")"
}

sshd_start() {
    local dir=$DIR/sshd user
    mkdir "$dir"
    SSHD_PORT=$(free_port)
    cat >"$dir/sshd_config" <<END
ListenAddress $SSHD_ADDRESS:$SSHD_PORT
HostKey $dir/host
PidFile none
UsePAM yes
StrictModes no
PasswordAuthentication yes
KbdInteractiveAuthentication yes
PubkeyAuthentication yes
AuthorizedKeysFile $dir/user.pub
GSSAPIAuthentication yes
GSSAPIStrictAcceptorCheck no
PermitRootLogin yes
PrintMotd no
MaxStartups 100
Subsystem sftp internal-sftp
END
    cat >"$dir/ssh_config" <<END
Port $SSHD_PORT
IdentityFile $dir/user
IdentitiesOnly yes
GSSAPIAuthentication yes
GSSAPIServerIdentity client.test
StrictHostKeyChecking no
UserKnownHostsFile /dev/null
LogLevel ERROR
END
    for user in host user; do
        "${INSIDE[@]}" ssh-keygen -q -t ed25519 -N '' -f "$dir/$user"
    done
    server_spawn sshd +0 "${INSIDE[@]}" /usr/sbin/sshd -D -e \
        -f "$dir/sshd_config"
    server_wait sshd tcp_answers "$SSHD_ADDRESS" "$SSHD_PORT"
}

# ssh_as METHOD USER ARGUMENT...: sets COMMAND.
ssh_as() {
    local method=$1 user=$2 faketime
    shift 2
    COMMAND=("${INSIDE[@]}")
    if [ "$method" = gssapi-with-mic ]; then
        faketime=$(echo /mnt/usr/lib/*/faketime)
        COMMAND+=(LD_LIBRARY_PATH="${faketime#/mnt}" "${FAKE_CLOCK[@]}"
            FAKETIME_TIMESTAMP_FILE="$SERVERS_DIR/kdc/offset"
            KRB5CCNAME="$DIR/tickets")
    fi
    COMMAND+=(ssh -F "$DIR/sshd/ssh_config" -l "$user"
        -o PreferredAuthentications="$method" "$@" "$SSHD_ADDRESS")
}

stack() {
    local phase=$1
    forget_profiles
    cp -r "$DIR/pam.plain/." /mnt/etc/pam.d
    case $phase in
    plain) ;;
    profile | early)
        cp "$ROOT"/pam/skewguard{,-denied,-early} "$DIR/pam-configs"
        pam_auth_update --package --force --enable skewguard skewguard-denied
        [ "$phase" = profile ] || pam_auth_update --enable skewguard-early
        ;;
    *)
        sed -i "1i $phase optional ${MODULE:-pam_skewguard.so}" \
            "/mnt/etc/pam.d/common-$phase"
        ;;
    esac
}

# way NAME: sets COMMAND, and DIALOGUE: prompts and answers.
way() {
    local shell=('$ ' 'echo here; exit')
    DIALOGUE=() OPTIONS=()
    case $1 in
    ssh,*) way_ssh "$1" ;;
    *) COMMAND=("${INSIDE[@]}") ;;
    esac
    case $1 in
    login)
        DIALOGUE=('login: ' alice 'Password: ' alicepw "${shell[@]}")
        COMMAND+=(login)
        ;;
    'su, by root') DIALOGUE=("${shell[@]}") COMMAND+=(su alice) ;;
    'su -, by root') DIALOGUE=("${shell[@]}") COMMAND+=(su - alice) ;;
    'su, by a user')
        DIALOGUE=('Password: ' bobpw "${shell[@]}")
        COMMAND+=("${AS_ALICE[@]}" su bob)
        ;;
    'su, into a file')
        DIALOGUE=('Password: ' bobpw)
        COMMAND=(sh -c "$(printf '%q ' "${COMMAND[@]}" "${AS_ALICE[@]}") \
            su bob -c 'echo here' >$SEEN/output; cat $SEEN/output")
        ;;
    sudo)
        DIALOGUE=('password for alice: ' alicepw)
        COMMAND+=("${AS_ALICE[@]}" sudo echo here)
        ;;
    'su, without terminal')
        DIALOGUE=('Password: ' bobpw) OPTIONS=(-p)
        COMMAND+=("${AS_ALICE[@]}" su bob -c 'echo here')
        ;;
    *command) COMMAND+=('echo here') ;;
    ssh,*) DIALOGUE+=("${shell[@]}") ;;
    esac
}

way_ssh() {
    local options=()
    case $1 in *'-t command') options=(-tt) ;; esac
    case $1 in
    'ssh, password'*)
        ssh_as password alice
        DIALOGUE=("password: " alicepw)
        ;;
    'ssh, keyboard'*)
        ssh_as keyboard-interactive alice
        DIALOGUE=("Password: " alicepw)
        ;;
    *hushlogin) ssh_as publickey bob ;;
    'ssh, public key'*) ssh_as publickey alice "${options[@]}" ;;
    'ssh, GSSAPI'*) ssh_as gssapi-with-mic alice ;;
    *) fail "no such way: $1" ;;
    esac
}

# Transcripts are compared, so what differs from time to time is made equal.
# ssh puts whose password it is before whatever comes first.
CHANGING='s/^[0-9.]*\t//; s/^Linux .*/KERNEL/; s/^([a-z]*@[0-9.]*) //'

# attend WORLD WAY: the person's exit status.
attend() {
    local seen=$SEEN/$1/$2 status=0
    mkdir -p "$SEEN/$1"
    rm -f /mnt/var/log/lastlog
    way "$2"
    "$PERSON" "${OPTIONS[@]}" "${DIALOGUE[@]}" -- "${COMMAND[@]}" \
        >"$seen.times" 2>"$seen.err" </dev/null || status=$?
    sed "$CHANGING" "$seen.times" >"$seen"
    return $status
}

go() {
    attend "$1" "$2" ||
        fail "$1: $2: exit status $?: $(cat "$SEEN/$1/$2" "$SEEN/$1/$2.err")"
    grep -qx here "$SEEN/$1/$2" ||
        fail "$1: $2: not logged in: $(cat "$SEEN/$1/$2")"
}

# denied WORLD WAY: the same where nobody gets in.
denied() {
    attend "$1" "$2" || true # login(1) says 0 of it
    grep -Eq 'denied|incorrect|failure' "$SEEN/$1/$2" ||
        fail "$1: $2: not denied: $(cat "$SEEN/$1/$2" "$SEEN/$1/$2.err")"
}

position() {
    awk -v text="$TEXT" '
        $0 ~ text && where == "" { where = asked ? "after" : "before" }
        /assword( for alice)?: $/ { asked = 1 }
        END { print where == "" ? "-" : asked ? where : "shown" }' "$SEEN/$1/$2"
}

without() {
    grep -Ev -- "$TEXT" "$SEEN/$1/$2" || true
}

# Sign-on with a ticket is denied while the clock is too wrong for it, with the
# module or without.
go_everywhere() {
    local way
    for way in "${WAYS[@]}"; do
        case $way,$KDC_CLOCK in
        'ssh, GSSAPI'*,+400) denied "$1" "$way" ;;
        *) go "$1" "$way" ;;
        esac
    done
}

# set_kdc OFFSET STATE: the KDC's clock, and wait until the daemon has seen it.
set_kdc() {
    server_offset kdc "$1"
    KDC_CLOCK=$1
    expect_state "$2" 30
}

# column N: of the page's table, "way<tab>word" lines.  It has short names.
column() {
    awk -v n="$1" -F ' Ta ' '/^\.Sh / { inside = /WHERE IT IS SHOWN/ }
        inside && /^\.It / && NF > 4 && !/Sy/ { sub(/^\.It /, "", $1)
            sub(/ssh, key/, "ssh, public key", $1)
            sub(/kbd-int\./, "keyboard-interactive", $1)
            print $1 "\t" $n }' "$BUILD/man/pam_skewguard.8"
}

# expect_column WORLD COLUMN: the text, once at most, where the page says.
expect_column() {
    local way times
    for way in "${WAYS[@]}"; do
        printf '%s\t%s\n' "$way" "$(position "$1" "$way")"
        times=$(grep -Ec -- "$TEXT" "$SEEN/$1/$way") || true
        [ "$times" -le 1 ] || fail "$1: $way: said $times times:" \
            "$(cat "$SEEN/$1/$way")"
    done >"$SEEN/$1.positions"
    diff <(column "$2") "$SEEN/$1.positions" ||
        fail "$1: pam_skewguard(8) has another table (<)"
}

# expect_same WORLD PLAIN: nobody is asked more, in another order, or told
# anything else.
expect_same() {
    local way
    for way in "${WAYS[@]}"; do
        diff "$SEEN/$2/$way" <(without "$1" "$way") ||
            fail "$1: $way: not what is seen without the module"
    done
}
