# fill.awk: a manual page out of its source (*.in), with what the programs say.
#
#   awk -v name=NAME -v section=N -v version=V -v date=D -v src=src
#       -f fill.awk VALUES shared.in PAGE.in
#
# VALUES are the lines of the program values.  In a page
#   @NAME@              is a value, @version@ or @date@
#   @FILE:NAME@         the number that src/FILE gives NAME, by a #define or in
#                       an initializer
#   @FILE:NAME/UNIT@    the same with a unit: seconds in ms, s, min, h, d or as
#                       a span ("2h"), bytes in KiB, ppm in percent
#   @FILE:"NAME"@       the text that src/FILE gives NAME
# and a line of its own
#   @@NAME              the part of shared.in below its line "@@ NAME"
#   @@see-also X N, ... those and all other pages of ours, sorted
# What is not known ends it, with file and line.

function fail(text) {
    printf "%s:%d: %s\n", FILENAME, FNR, text >"/dev/stderr"
    exit 1
}

# What stands behind NAME in a source, or "" if that is not there once only.
function look_up(file, wanted,    line, found, n, rest) {
    file = src "/" file
    while ((getline line <file) > 0) {
        if (index(line, "#define " wanted " ") == 1)
            rest = substr(line, length("#define " wanted " ") + 1)
        else if (match(line, "(char [*]|[.])" wanted " = "))
            rest = substr(line, RSTART + RLENGTH)
        else
            continue
        found = rest
        n++
    }
    close(file)
    sub(/ *\/\*.*/, "", found)
    sub(/[,;]$/, "", found)
    return n == 1 ? found : ""
}

# A number, a name of the same file, or a product of such.
function number(file, text,    factors, n, i, product) {
    gsub(/[() ]/, "", text)
    n = split(text, factors, "*")
    product = n > 0
    for (i = 1; i <= n; i++)
        if (factors[i] ~ /^[0-9.]+(e-?[0-9]+)?$/)
            product *= factors[i]
        else
            product *= number(file, look_up(file, factors[i]))
    return product
}

function in_words(value, one, many) {
    return value " " (value == 1 ? one : many)
}

function with_unit(value, unit) {
    if (unit == "ms") return value * 1000 " ms"
    if (unit == "s") return in_words(value, "second", "seconds")
    if (unit == "min") return in_words(value / 60, "minute", "minutes")
    if (unit == "h") return in_words(value / 3600, "hour", "hours")
    if (unit == "d") return in_words(value / 86400, "day", "days")
    if (unit == "KiB") return value / 1024 " KiB"
    if (unit == "percent") return sprintf("%.1f %%", value / 10000)
    if (unit != "span") fail("no unit " unit)
    if (value % 86400 == 0) return value / 86400 "d"
    return value % 3600 == 0 ? value / 3600 "h" : value "s"
}

function from_source(what,    file, wanted, unit, value) {
    file = wanted = what
    sub(/:.*/, "", file)
    sub(/^[^:]*:/, "", wanted)
    if (wanted ~ /^"/) {
        gsub(/"/, "", wanted)
        value = look_up(file, wanted)
        if (value !~ /^".*"$/) fail("src/" file " has no text " wanted)
        return substr(value, 2, length(value) - 2)
    }
    if (match(wanted, "/")) {
        unit = substr(wanted, RSTART + 1)
        wanted = substr(wanted, 1, RSTART - 1)
    }
    value = number(file, look_up(file, wanted))
    if (value == 0) fail("src/" file " has no number " wanted)
    return unit == "" ? value : with_unit(value, unit)
}

function filled(line,    before, what) {
    while (match(line, /@[A-Za-z][^@ ]*@/)) {
        before = before substr(line, 1, RSTART - 1)
        what = substr(line, RSTART + 1, RLENGTH - 2)
        line = substr(line, RSTART + RLENGTH)
        if (what ~ /:/) before = before from_source(what)
        else if (what in values) before = before values[what]
        else fail("@" what "@ is not known")
    }
    return before line
}

function see_also(others,    names, key, n, i, j, word) {
    n = split(pages (others == "" ? "" : ", ") others, names, / *, */)
    for (i = 1; i <= n; i++) {
        split(names[i], word, " ")
        key[i] = word[2] " " word[1]
        for (j = i; j > 1 && key[j] < key[j - 1]; j--) {
            word[3] = key[j]
            key[j] = key[j - 1]
            key[j - 1] = word[3]
        }
    }
    print ".Sh SEE ALSO"
    for (i = 1; i <= n; i++) {
        split(key[i], word, " ")
        if (word[2] != name || word[1] != section)
            list = list (list ? " ,\n" : "") ".Xr " word[2] " " word[1]
    }
    print list
}

BEGIN {
    pages = "skewguard 1, skewguard.conf 5, pam_skewguard 8, " \
        "skewguard-clockd 8, skewguard-mailer 8, skewguardd 8"
    values["version"] = version
    values["date"] = date
}
FNR == 1 { nth++ }
nth == 1 { values[$1] = substr($0, length($1) + 2); next }
nth == 2 && /^@@ / { part = $2; next }
nth == 2 { if (part) shared[part] = shared[part] $0 "\n"; next }
/^@@see-also/ { sub(/^@@see-also */, ""); see_also($0); next }
/^@@/ {
    part = substr($1, 3)
    if (!(part in shared)) fail("shared.in has no part " part)
    printf "%s", filled(shared[part])
    next
}
{ print filled($0) }
