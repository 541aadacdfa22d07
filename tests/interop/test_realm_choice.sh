#!/bin/bash
# scripts/run finds the realm of a krb5.conf, or finds that there is none.
set -eu
here=$(dirname "$(readlink -f "$0")")
. "$here/../../scripts/lib.sh"
. "$here/../../scripts/realm.sh"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/conf.d"
failures=0

# expect WHAT REALM TEXT: a krb5.conf with TEXT names REALM (empty: none).
expect() {
    local found
    printf '%s\n' "$3" >"$dir/krb5.conf"
    found=$(KRB5_CONFIG=${CONFIG:-$dir/krb5.conf} host_realm) || found=''
    [ "$found" = "$2" ] && return
    echo "$1: expected '$2', found '$found'"
    failures=$((failures + 1))
}

expect plain A.TEST '[libdefaults]
    default_realm = A.TEST'
expect 'tabs, no blanks, CR' A.TEST $'[libdefaults]\n\tdefault_realm=A.TEST\r'
expect 'quotes and a comment after' A.TEST '[libdefaults]
default_realm = "A.TEST"   # ours'
expect commented '' '[libdefaults]
#   default_realm = A.TEST
 ;  default_realm = A.TEST'
expect 'another section' '' '[appdefaults]
    default_realm = A.TEST
[libdefaults]'
expect 'the first one counts' A.TEST '[libdefaults]
    default_realm = A.TEST
    default_realm = B.TEST'
expect 'a similar key' '' '[libdefaults]
    default_realm_x = A.TEST'
expect 'no value' '' '[libdefaults]
    default_realm ='
expect "Debian's template" '' '[libdefaults]
    default_realm = ATHENA.MIT.EDU'
expect empty '' ''

printf '[libdefaults]\ndefault_realm = INC.TEST\n' >"$dir/conf.d/site.conf"
printf '[libdefaults]\ndefault_realm = BAD.TEST\n' >"$dir/conf.d/a.rpmsave"
expect includedir INC.TEST "includedir $dir/conf.d"
expect include INC.TEST "include $dir/conf.d/site.conf"
expect 'an include that is missing' A.TEST "include $dir/nowhere
[libdefaults]
default_realm = A.TEST"
expect 'an include of itself' '' "include $dir/krb5.conf"
CONFIG=$dir/nowhere:$dir/krb5.conf expect 'two files' A.TEST '[libdefaults]
default_realm = A.TEST'
CONFIG=$dir/nowhere expect 'no file' '' ''
[ $failures = 0 ]
