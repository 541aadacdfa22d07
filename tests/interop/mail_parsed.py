"""What a mail program makes of our mails: mail_parsed.py COMPOSE FOLDER.

Python's email package reads them with its strict policy; whatever it finds odd
is a defect there.
"""
import email
import email.policy
import os
import random
import subprocess
import sys

COMPOSE, FOLDER = sys.argv[1:]
ID = "0123456789abcdef"
TRUE_S = 1795663125  # 2026-11-26 03:18:45 UTC


def write_record(number, fields):
    body = fields.pop("body", "EXAMPLE.COM: exceeded.\n\nSet the clock.\n")
    lines = {
        "id": ID, "number": number, "topic": "realm", "phase": "worse",
        "level": "exceeded", "severity": 2, "host": "web1.example.com",
        "realm": "EXAMPLE.COM", "blame": "our-clock", "has_offset": 1,
        "offset_s": "400.125000000", "limit_s": "300.000000000",
        "host_time_ns": (TRUE_S - 400) * 10**9, "has_true_time": 1,
        "true_time_ns": TRUE_S * 10**9 + 999999999,
        "subject": "EXAMPLE.COM: exceeded", "body_bytes": len(body),
    }
    lines.update(fields)
    path = os.path.join(FOLDER, str(number))
    with open(path, "w", encoding="ascii", newline="\n") as file:
        file.write("skewguard-alert=1\n")
        file.writelines(f"{key}={value}\n" for key, value in lines.items())
        file.write("\n" + body)
    return path


def compose(records, sender="skewguard@web1.example.com", to="root@localhost"):
    paths = [write_record(number, fields) for number, fields in records]
    text = subprocess.run([COMPOSE, sender, to] + paths, check=True,
                          stdout=subprocess.PIPE).stdout
    head = text[:text.index(b"\n\n")]
    assert all(len(line) <= 998 for line in text.split(b"\n"))
    assert all(len(line) <= 78 or b" " not in line[1:].partition(b": ")[2]
               for line in head.split(b"\n")), head
    # as a relay gets it
    mail = email.message_from_bytes(text.replace(b"\n", b"\r\n"),
                                    policy=email.policy.SMTP)
    assert not mail.defects, mail.defects
    for name, value in mail.items():
        assert not value.defects, (name, value, value.defects)
    assert len(mail) == len(set(mail.keys())), mail.keys()
    return mail


def body_of(mail):
    return mail.get_content().replace("\r\n", "\n")


def check_one():
    mail = compose([(1, {})])
    assert mail["Subject"] == "[web1.example.com] EXAMPLE.COM: exceeded"
    assert mail["From"].addresses[0].addr_spec == "skewguard@web1.example.com"
    assert mail["To"].addresses[0].addr_spec == "root@localhost"
    assert mail["Date"].datetime.timestamp() == TRUE_S
    assert mail["Message-ID"] == f"<{ID}.1@web1.example.com>"
    assert mail["In-Reply-To"] is None and mail["References"] is None
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Skewguard-Offset"] == "+400.125000"
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content_charset() == "us-ascii"
    assert body_of(mail) == (
        "EXAMPLE.COM: exceeded.\n\nSet the clock.\n\n"
        "This host's clock read 2026-11-26 03:12:05 UTC;\n"
        "the time was 2026-11-26 03:18:45 UTC (6 min 41 s later).\n")


def check_several():
    mail = compose([(n, {"body": f"body {n}\n"}) for n in (2, 3, 4)])
    assert mail["Subject"] == (
        "[web1.example.com] 3 alerts, latest: EXAMPLE.COM: exceeded")
    assert mail["Message-ID"] == f"<{ID}.4@web1.example.com>"
    assert mail["In-Reply-To"] == f"<{ID}.1@web1.example.com>"
    assert mail["References"] == f"<{ID}.1@web1.example.com>"
    body = body_of(mail)
    places = [body.index(f"[{n - 1} of 3] 2026-11-26 03:18:45 UTC\n\nbody {n}")
              for n in (2, 3, 4)]
    assert places == sorted(places)


def check_long():
    words = " ".join(f"word{n}" for n in range(50))[:390].strip()
    host = "h" * 60 + ".example.com"
    mail = compose([(7, {"subject": words, "host": host, "body": "x" * 5000 +
                         "\n"})], sender="a@" + host)
    assert mail["Subject"] == f"[{host}] {words}"
    assert body_of(mail).replace("\n", "").count("x") == 5000


def check_hostile(chance):
    """Printable ASCII is all that gets as far as this."""
    signs = "=?utf-8?B?Qg==?= <>@:;,\"\\()[]%."
    fields = {key: "r" + "".join(chance.choices(signs, k=chance.randrange(200)))
              for key in ("host", "realm", "subject")}
    fields["body"] = ".\n.\nFrom root\nBcc: you@example.com\n"
    mail = compose([(2, dict(fields))])
    words = " ".join(f"[{fields['host']}] {fields['subject']}".split())
    assert mail["Subject"] == words.replace("=?", "=_"), mail["Subject"]
    assert mail["Bcc"] is None
    assert body_of(mail).startswith(fields["body"])


check_one()
check_several()
check_long()
seed = int(os.environ.get("SG_SEED") or random.randrange(10**9))
print(f"seed: SG_SEED={seed}")
for i in range(100):
    check_hostile(random.Random(seed + i))
print("103 mails read as they were meant")
