#!/bin/bash
# Each command of README.md is run as it stands: here, on a host whose clock is
# 400 s ahead, or by the test that its mark names; and its links lead somewhere.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$here/mail.sh"
. "$here/pages.sh"
begin

# A host whose clock is wrong, with a daemon that guards and somebody to mail to.
make_world() {
    start_pair -400
    relay=$(free_port)
    mkdir "$DIR/mails" "$DIR/bin"
    relay keepd /usr/bin/python3 "$here/keepd.py" 127.0.0.1 "$relay" "$DIR/mails"
    config_line "smtp { host = \"127.0.0.1\" port = $relay }"
    config_line 'alert { mailto = { "root" } }'
    for program in skewguard skewguardd skewguard-mailer; do
        printf '#!/bin/sh\nexec %s -c %s "$@"\n' "$BUILD/bin/$program" \
            "$DIR/skewguard.conf" >"$DIR/bin/$program"
    done
    chmod +x "$DIR"/bin/*
    PATH=$DIR/bin:$PATH
    daemon_start -g
    skewguard-mailer 2>"$DIR/mailer.log" &
    SERVER_PID[mailer]=$!
    expect_state exceeded 20
}

# copy_tree: what somebody has who takes the project from elsewhere.
copy_tree() {
    mkdir -p "$DIR/copy/skewguard"
    tar -C "$ROOT" --exclude='./build*' --exclude=./.git -c . |
        tar -C "$DIR/copy/skewguard" -x
    cd "$DIR/copy/skewguard"
}

# run_here: what builds, in a copy of the tree.
run_here() {
    case $text in
    scripts/run)
        # in the background SIGINT is ignored otherwise
        env -u KRB5_CONFIG --default-signal=INT scripts/run >"$DIR/said" 2>&1 &
        within 140 grep -q 'clock: disciplined\|: ok (was unknown)' "$DIR/said" ||
            wrong 'it does not come so far'
        kill -s INT %%
        wait %% || [ $? = 130 ] || wrong 'Ctrl-C does not end it'
        ;;
    'apt build-dep ./') # all of that is here already
        bash -c "$text" >"$DIR/said" 2>&1 </dev/null || wrong "$text"
        ;;
    dpkg-buildpackage*)
        DEB_BUILD_OPTIONS="nocheck parallel=$(nproc)" bash -c "$text" \
            >"$DIR/said" 2>&1 || wrong "$text"
        compgen -G '../libpam-skewguard_*.deb' >/dev/null || wrong 'no package'
        ;;
    *) wrong "nobody runs $text" ;;
    esac
}

# run_by FILE: a test, which has the command in it, or a page whose commands are
# run.
run_by() {
    [ -e "$ROOT/$1" ] || { wrong "there is no $1"; return; }
    case $1 in
    *.md)
        python3 "$here/commands.py" "$ROOT/$1" |
            grep -E $'^(new|next)\t[0-9]+\t(exit [0-9]+|-|alone)\t' | cut -f 4 |
            grep -qxF -e "$text"
        ;;
    *) grep -qF -e "$text" "$ROOT/$1" ;;
    esac || wrong "$1 does not run $text"
}

run() {
    local want=0 got=0
    case $mark in
    'by tests/interop/test_readme.sh') run_here; return ;;
    by*) run_by "${mark#by }"; return ;;
    exit*) want=${mark#exit } ;;
    -) ;;
    *) wrong "what is $mark?" ;;
    esac
    bash -c "$text" >"$DIR/said" 2>&1 </dev/null || got=$?
    [ "$got" = "$want" ] || wrong "exit status $got, not $want: $text"
}

links() {
    local link
    number=0
    while read -r link; do
        [ -e "$ROOT/$link" ] || wrong "$link: no such file"
    done < <(grep -o '](\([^)#]*\)' "$ROOT/README.md" | cut -c3-)
}

make_world
: >"$DIR/said"
extract "$ROOT/README.md" || fail 'README.md has what cannot be run'
links
copy_tree
count=0
while IFS=$'\t' read -r -u 9 kind number mark text; do
    case $kind in
    new | next) run; count=$((count + 1)) ;;
    says) run_says ;;
    *) wrong "$kind: $text" ;;
    esac
done 9<"$DIR/commands"
[ $failed = 0 ] || fail "$failed of $count commands are not as README.md has them"
echo "$count commands"
