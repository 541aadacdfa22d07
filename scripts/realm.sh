# shellcheck shell=bash
# Does krb5.conf name a realm?  Asked before libkrb5 is known to be there, so
# a plain reading of the text; skewguardd itself asks libkrb5.

# default_realm_in FILE: print default_realm of [libdefaults], following
# include and includedir as libkrb5 does (names that end in .conf or hold
# only letters, digits, - and _).  Fails if there is none.
default_realm_in() {
    local file=$1 depth=${2:-0} section='' line included
    [ -f "$file" ] && [ -r "$file" ] && [ "$depth" -lt 10 ] || return 1
    while IFS=$' \t\r' read -r line || [ -n "$line" ]; do
        case $line in
        '#'* | ';'*) ;;
        include[$' \t']*)
            read -r _ included <<<"$line"
            default_realm_in "$included" $((depth + 1)) && return
            ;;
        includedir[$' \t']*)
            read -r _ included <<<"$line"
            for included in "$included"/*; do
                [[ ${included##*/} =~ ^([A-Za-z0-9_-]+|.*\.conf)$ ]] || continue
                default_realm_in "$included" $((depth + 1)) && return
            done
            ;;
        '['*) section=${line%%]*} ;;
        default_realm*=*)
            [ "$section" = '[libdefaults' ] || continue
            [[ $line =~ ^default_realm[[:blank:]]*=[[:blank:]]*\"?([^\"[:blank:]]+) ]] || continue
            echo "${BASH_REMATCH[1]}"
            return
            ;;
        esac
    done <"$file"
    return 1
}

# host_realm: print this host's realm.  Fails if there is none, or only that
# of the krb5.conf that Debian's package brings.
host_realm() {
    local files file realm
    IFS=: read -r -a files <<<"${KRB5_CONFIG:-/etc/krb5.conf}"
    for file in "${files[@]}"; do
        realm=$(default_realm_in "$file") || continue
        [ "$realm" != ATHENA.MIT.EDU ] || return 1
        echo "$realm"
        return
    done
    return 1
}
