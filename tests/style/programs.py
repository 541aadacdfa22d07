"""What the programs are and take, for the checks of this folder."""
import functools
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(sys.argv[1])
BUILD = pathlib.Path(sys.argv[2])
PROGRAMS = {"skewguardd": "daemon", "skewguard-mailer": "mailer",
            "skewguard-clockd": "clockd", "skewguard": "cli"}
OPTION = re.compile(r"(?:-(\w)(?: [A-Z]+)?, )?--([a-z-]+)(?: ([A-Z]+))?")


@functools.cache
def source(path):
    text = (ROOT / "src" / path).read_text()
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


@functools.cache
def sources(folder=""):
    return {name: source(name) for name in
            (str(path.relative_to(ROOT / "src")) for path in
             sorted((ROOT / "src" / folder).rglob("*.[ch]")))}


def run(program, *args):
    done = subprocess.run([BUILD / "bin" / program, *args], text=True,
                          capture_output=True)
    return done.stdout + done.stderr


def table_of(folder):
    """getopt's table: "c config true" for each; the letter only if it may be
    typed."""
    text = source(f"{folder}/main.c")
    letters = "".join(re.findall(r'"([+:]*[a-zA-Z:]*)"',
                                 re.search(r"getopt_long\((.*?)\)\)", text,
                                           re.S).group(1)))
    return [(key if key in letters else "", name, need == "required")
            for name, need, key in re.findall(
                r'\{"([a-z-]+)", (no|required)_argument, NULL,\s+\'?(\w+)\'?\}',
                text)]


def commands():
    """Of skewguard, with what each takes: {"check": "check [REALM] [--json]"}."""
    names = re.findall(r"^  ([a-z-]+) ", run("skewguard", "--help"), re.M)
    usages = [run("skewguard", name, "--help").splitlines()[0] for name in names]
    return {name: usage.removeprefix("usage: skewguard [-c FILE] ")
            for name, usage in zip(names, usages)}


def words_of(usage):
    """The options of a usage line as they stand there."""
    return re.findall(r"(?<!\w)--?[a-z]+", usage)
