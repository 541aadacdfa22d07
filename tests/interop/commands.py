"""commands.py PAGE: what a page of the documentation has people type.

One line each, its fields separated by tabs: kind, line in the page, mark, text.

  new    a command of ours or of the system
  next   the same, behind another one in a block
  old    a command of the program that we take the place of
  ours   text for skewguard.conf
  FILE   a line of ntp.conf, chrony.conf or timesyncd.conf
  maybe  words in the running text that may be any of the first three
  says   words that the last command printed, in the page

Tables whose first heading ends in .conf hold settings, other tables of three
columns hold commands, old and new.  "$ " and "# " begin a command in a block of
the language console; one of the language sh is a script, one of conf is ours.
A mark is a comment behind a command, or in the line before a block:
<!-- exit N -->, <!-- alone --> (with the daemon stopped), <!-- by FILE --> (that
runs it) or <!-- not run: REASON -->.  Line breaks of a script are printed as \\n.

Exit status 1 for what is none of these.
"""
import re
import sys

SPAN = re.compile(r"`([^`]+)`(?:\s*<!-- ([^>]*) -->)?")
MARK = re.compile(r"(exit \d+|alone|by \S+|not run: .+)?$")
page = sys.argv[1]
bad = False


def wrong(number, why):
    global bad
    print(f"{page}:{number}: {why}", file=sys.stderr)
    bad = True


def put(kind, number, mark, text):
    mark = mark or ""
    if not MARK.match(mark):
        wrong(number, f"no such mark: {mark}")
    print(kind, number, mark or "-", text.replace("\n", "\\n"), sep="\t")


def cells(row):
    """A pipe within a span is no border."""
    parts = re.split(r"\|(?=(?:[^`]*`[^`]*`)*[^`]*$)", row.strip())
    return [cell.strip() for cell in parts[1:-1]]


def column_kinds(headings):
    if headings[0].endswith(".conf"):
        return [headings[0], "ours"]
    if len(headings) == 3 and "skewguard" in headings[1]:
        return ["old", "new"]
    return []


def row(number, line, kinds):
    for i, cell in enumerate(cells(line)):
        spans = SPAN.findall(cell)
        kind = kinds[i] if i < len(kinds) else "maybe"
        if kind != "maybe" and not spans and cell not in ("-", ""):
            wrong(number, f"nothing to type in \"{cell}\"")
        for text, mark in spans:
            words(kind, number, mark, text)


def words(kind, number, mark, text):
    """A single word in the running text is a name, unless it has a mark."""
    if kind != "maybe" or " " in text or mark:
        put(kind, number, mark, text)


def console(number, mark, lines):
    kind, said = "new", []
    for i, line in enumerate(lines + ["# "]):
        if line[:2] not in ("$ ", "# "):
            said += re.findall(r"[A-Za-z]{4,}", line)
            continue
        if said and kind == "new":
            wrong(number, "words before the first command")
        elif said:
            put("says", number + i - 1, "", " ".join(sorted(set(said))))
        said = []
        if line[2:]:
            put(kind, number + i, mark, line[2:])
            kind = "next"


def block(number, language, mark, lines):
    if language == "console":
        console(number, mark, lines)
    elif language == "sh":
        put("new", number, mark, "\n".join(lines))
    elif language == "conf":
        put("ours", number, mark, "\n".join(lines))
    elif not mark:
        wrong(number, f"a block of \"{language}\" without a mark")


def main():
    lines = open(page, encoding="utf-8").read().split("\n")
    kinds, at, mark, paragraph = None, 0, "", []

    def flush():
        text = " ".join(line for _, line in paragraph)
        for match in SPAN.finditer(text):
            words("maybe", paragraph[0][0], match[2], match[1])
        paragraph.clear()

    while at < len(lines):
        line, number = lines[at], at + 1
        at += 1
        if line.startswith("```"):
            flush()
            end = lines.index("```", at)
            block(number + 1, line[3:], mark, lines[at:end])
            at = end + 1
        elif line.startswith("|"):
            flush()
            if kinds is None:
                kinds = column_kinds(cells(line))
                at += 1  # the ruler
            else:
                row(number, line, kinds)
        elif re.match(r"<!-- .* -->$", line):
            flush()
            mark = line[5:-4]
            continue
        elif line:
            paragraph.append((number, line.strip()))
        else:
            flush()
        if not line.startswith("|"):
            kinds = None
        mark = ""
    flush()
    sys.exit(bad)


main()
