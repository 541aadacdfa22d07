# shellcheck shell=bash
# What runs the commands of a page has in common.  Source it after lib.sh;
# commands.py says what a page's commands are.  $page, $number and $text are
# where it is, $DIR/said what the last command said.

page='' number=0 text='' failed=0

wrong() {
    echo "$page:$number: $*"
    tail -n 20 "$DIR/said" | sed 's/^/    /'
    failed=$((failed + 1))
}

# run_says: the sample is what the program says, but for numbers and what hangs
# on them.
run_says() {
    local word missing=() words
    read -ra words <<<"$text"
    for word in "${words[@]}"; do
        grep -qwF -e "$word" "$DIR/said" || missing+=("$word")
    done
    [ $((${#missing[@]} * 4)) -le ${#words[@]} ] ||
        wrong "the sample differs: ${missing[*]}"
}

# extract FILE: its commands, or why there are none.
extract() {
    page=${1#"$ROOT/"}
    # shellcheck disable=SC2154 # of lib.sh
    python3 "$here/commands.py" "$1" >"$DIR/commands"
}
