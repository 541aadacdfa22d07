"""Print mails so that two runs can be compared: plain_mails.py FILE...

Headers that people see, then the body with its folded lines joined; what
differs from run to run stands as a word: HOST, ID, TIME, AGO, and seconds
without their decimals."""
import email
import re
import socket
import sys

SHOWN = ["From", "To", "Subject", "Message-ID", "In-Reply-To", "References",
         "Auto-Submitted", "Date"]
host = re.escape(socket.gethostname())
NEAR = (r"(?:(?:0\.\d+ s|[\d.]+ [mu]s) (?:behind|ahead of)"
        r"|within (?:0\.\d+ s|[\d.]+ [mu]s) of|less than 1 ms from)")
WORDS = [
    (r"\n {4,}(?=\S)", " "),  # a line goes on
    (r"\b[0-9a-f]{16}\b", "ID"),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(Z| UTC)", "TIME"),
    (r"\w{3}, \d+ \w{3} \d{4} [\d:]+ \+0000", "TIME"),
    # as near as both clocks can be seen to be
    (rf"this host is {NEAR} KDC", "this host is NEAR KDC"),
    (rf"KDC (\w+): {NEAR} this host", r"KDC \1: NEAR this host"),
    (r"certainly from [+-]0\.\d+ s to [+-]0\.\d+ s", "certainly NEAR"),
    (r"(under )?0\.\d+ %|under \d %", "0 %"),
    (r"is [\d.]+ s behind \(1 host\)(?= and left)", "is off (1 host)"),
    # the middle of where a KDC's whole seconds leave it
    (r"set by \+(\d+)\.\d+ s",
     lambda found: f"set by some {round(int(found[1]), -1)} s"),
    (r"([+]?)(\d+)(\.\d+)? s to [+]?\d+(\.\d+)? s", r"\1\2 s"),
    (r"\b(\d+) % of the limit",
     lambda found: f"some {round(int(found[1]), -1)} % of the limit"),
    (r"(\d+)\.\d+ s\b", r"\1 s"),
    (r"(measured|,) \d+ s ago", r"\1 AGO"),
    (r"(after|for) \d+ s\b(?! without)", r"\1 AGO"),
    (r"\((the same|[\d.]+ [a-z]+( [\d.]+ [a-z]+)? (earlier|later))\)",
     "(APART)"),
]


def plain(text):
    for pattern, word in WORDS:
        text = re.sub(pattern, word, text)
    return re.sub(rf"\b{host}\b", "HOST", text)


for path in sys.argv[1:]:
    with open(path, "rb") as file:
        mail = email.message_from_binary_file(file)
    for name in SHOWN:
        for value in mail.get_all(name, []):
            print(f"{name}: {plain(' '.join(value.split()))}")
    print()
    print(plain(mail.get_payload(decode=True).decode("ascii")))
    print("-" * 72)
