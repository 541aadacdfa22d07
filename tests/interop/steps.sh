# shellcheck shell=bash
# The body of test_steps_KIND.sh: at each offset, with kdc_timesync = 1 and 0,
# ask skewguard which step of Kerberos works and which is refused; then do each
# step; then compare.  Not one row may be false.  Source it after lib.sh.
#
# The rows are left in $BUILD/tests/interop/steps-KIND.tsv.

. "${BASH_SOURCE[0]%/*}/observe.sh"

OFFSETS=(+10 -10 +200 -200 +290 -290 +299 -299 +301 -301 +310 -310 +400 -400
    +3600 -3600)
REFUSED_MIN=40
if [ "${SG_SANITIZE:-OFF}" = ON ]; then
    # The same programs once more would be the same: enough of skewguard's.
    OFFSETS=(-200 +200 -400 +400)
    REFUSED_MIN=30
fi

# The whole table beside that of skewguard's claims, as one.  Only at the edge
# skewguard need not know.
JUDGE='
    FILENAME != observed { claim[$1, $2] = $3; claims++; next }
    {
        said = ($1, $2) in claim ? claim[$1, $2] : "nothing"
        verdict = said == $3 ? "" : "FALSE"
        if (said == "edge" && (offset ^ 2 == 299 ^ 2 || offset ^ 2 == 301 ^ 2))
            verdict = ""
        # Whatever else may have failed would prove nothing about clocks.
        if ($3 == "refused" && $4 !~ /Clock skew too great|not yet valid/)
            verdict = "FALSE"
        print kind, $1, offset, $2, said, $3, $4, verdict
        rows++
    }
    END { exit !(rows == claims) }'

# predict TIMESYNC: lines of kdc_timesync, step, what skewguard says of it.
predict() {
    local steps i
    DIR=$DIR/predict-$1
    mkdir -p "$DIR"
    config_new
    config_kdc kdc "$KDC_ADDRESS" "$KDC_PORT"
    export KRB5_CONFIG=$OBSERVE/$1/krb5.conf KRB5_KTNAME=FILE:$DIR/none
    skewguard check --json >"$DIR/check.json" 2>"$DIR/check.err" ||
        [ $? -le 3 ] || fail "skewguard check: $(cat "$DIR/check.err")"
    steps=$(value check realms.0.steps)
    for ((i = 0; i < steps; i++)); do
        printf '%s\t%s\t%s\n' "$1" "$(value check realms.0.steps.$i.step)" \
            "$(value check realms.0.steps.$i.now)"
    done >"$DIR/predicted"
}

# try_offset OFFSET: its rows.
try_offset() {
    set_kdc "$1"
    both predict
    observe_at "$1"
    awk -F '\t' -v OFS='\t' -v kind="$KDC_KIND" -v offset="$1" \
        -v observed="$OBSERVED" "$JUDGE" "$DIR"/predict-{1,0}/predicted \
        "$OBSERVED" >>"$TABLE" || fail "at $1 s not the same steps"
}

# prove KIND
prove() {
    local offset rows refused begin=$SECONDS
    [ "$(id -u)" = 0 ] || skip "sshd has to be started by root"
    begin_kinds
    observe_begin "$1"
    TABLE=$DIR/table
    printf '%s\t' kind kdc_timesync offset_s step predicted observed \
        message >"$TABLE"
    echo >>"$TABLE"
    for offset in "${OFFSETS[@]}"; do
        try_offset "$offset"
    done
    cp "$TABLE" "$BUILD/tests/interop/steps-$1.tsv"
    awk -F '\t' '{ printf "%-8s %-12s %-8s %-21s %-10s %-9s %s  %s\n",
                   $1, $2, $3, $4, $5, $6, $7, $8 }' "$TABLE"

    rows=$(($(wc -l <"$TABLE") - 1))
    [ $rows = $((${#OFFSETS[@]} * 2 * ${#STEPS[@]})) ] || fail "$rows rows"
    refused=$(awk -F '\t' '$6 == "refused"' "$TABLE" | wc -l)
    echo "$rows rows in $((SECONDS - begin)) s, $refused refused"
    ! grep -q 'FALSE$' "$TABLE" ||
        fail "$(grep -c 'FALSE$' "$TABLE") rows are false:" \
            "$(grep 'FALSE$' "$TABLE")"
    [ "$refused" -ge $REFUSED_MIN ] || fail "fewer than $REFUSED_MIN refused"
}
