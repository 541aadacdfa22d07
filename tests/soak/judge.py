"""What a soak came to: judge.py FOLDER MINUTES

FOLDER holds samples (of both programs, each 10 s), journal (what the daemon
logged), hooked (what the hook took), mails and reads.  Prints tables; the exit
status is 1 if something does not hold.
"""
import collections
import glob
import re
import sys

# Memory grows by less than this, fitted over the last two thirds of the time.
# A leak of 64 bytes for each of the about 2 questions a second makes 450 KiB an
# hour.  That one more page is touched late, or a buffer of the C library's
# allocator, must not count: 32 KiB in the middle of the 20 minutes that count in
# 30 are 144 KiB an hour.  The mailer remembers what it has delivered, 2000 alerts
# at most, and so grows a little for as long as there are new ones.
SLOPE_KIB_H = 200
# Below it a fit says nothing.
FIT_MINUTES = 10
# A descriptor that is open at most moments is one; a socket that waits for an
# answer is not.
QUIET = 6  # samples

FIELDS = ("t", "rss", "pss", "anon", "fds", "cpu_ms", "wakes")
failed = []


def check(good, text):
    print(f"  {'ok  ' if good else 'FAIL'}  {text}")
    if not good:
        failed.append(text)


def read_samples(path):
    ret = collections.defaultdict(list)
    with open(path) as file:
        for line in file:
            name, *values = line.rstrip("\n").split("\t")
            row = dict(zip(FIELDS, map(float, values)))
            if len(values) == len(FIELDS) and row["rss"] > 0:
                ret[name].append(row)
    return ret


def slope_per_h(rows, field):
    n = len(rows)
    mean_t = sum(row["t"] for row in rows) / n
    mean_y = sum(row[field] for row in rows) / n
    over = sum((row["t"] - mean_t) * (row[field] - mean_y) for row in rows)
    return 3600 * over / sum((row["t"] - mean_t) ** 2 for row in rows)


def judge_program(name, rows, minutes):
    late = rows[len(rows) // 3:]
    first, last = rows[0], rows[-1]
    span_h = (last["t"] - first["t"]) / 3600
    print(f"\n{name}: {len(rows)} samples in {span_h * 60:.0f} min")
    print("              begin   1/3    end    max   fit of the last 2/3")
    for field, words in (("rss", "RSS KiB"), ("pss", "PSS KiB"),
                         ("anon", "private KiB")):
        print(f"  {words:12}{first[field]:6.0f}{late[0][field]:7.0f}"
              f"{last[field]:7.0f}{max(row[field] for row in rows):7.0f}"
              f"{slope_per_h(late, field):+8.1f} KiB/h")
    print(f"  descriptors {first['fds']:6.0f}{late[0]['fds']:7.0f}"
          f"{last['fds']:7.0f}{max(row['fds'] for row in rows):7.0f}")
    print(f"  CPU {(last['cpu_ms'] - first['cpu_ms']) / span_h / 1000:.1f} s/h, "
          f"waits {(last['wakes'] - first['wakes']) / span_h / 60:.0f}/min")
    before = min(row["fds"] for row in rows[:QUIET])
    after = min(row["fds"] for row in rows[-QUIET:])
    check(after == before, f"descriptors at rest: {before:.0f} before, "
          f"{after:.0f} after")
    if minutes < FIT_MINUTES:
        return
    for field in ("rss", "anon"):
        slope = slope_per_h(late, field)
        check(slope < SLOPE_KIB_H, f"{field} grows by {slope:+.1f} KiB/h, "
              f"less than {SLOPE_KIB_H}")


def read_journal(path):
    """The alerts in it: a list of dictionaries of fields."""
    ret = []
    with open(path, errors="replace") as file:
        for line in file:
            if "|SKEWGUARD_ALERT=" not in line:
                continue
            parts = line.rstrip("|\n").split(" ", 1)[1].split("|")
            ret.append(dict(part.split("=", 1) for part in parts
                            if "=" in part))
    return ret


def read_hooked(path):
    ret = []
    with open(path) as file:
        for line in file:
            ret.append(tuple(line.rstrip("\n").split("\t", 4)))
    return ret


def judge_thread(told):
    """Of one cause: raised and recovered in turn."""
    is_open = False
    for phase in told:
        if (phase == "raised") == is_open:
            return False
        is_open = phase != "recovered"
    return not is_open


def judge_alerts(folder, minutes):
    logged = read_journal(f"{folder}/journal")
    hooked = read_hooked(f"{folder}/hooked")
    counted = collections.Counter(row[:2] for row in hooked)
    mailed = []
    for path in glob.glob(f"{folder}/mails/*/*"):
        with open(path, errors="replace") as file:
            mailed += re.findall(r"^Message-ID: <(\S+)@", file.read(), re.M)
    told = collections.Counter((a["SKEWGUARD_ALERT"], a["SKEWGUARD_PHASE"],
                                a["MESSAGE"]) for a in logged)
    took = collections.Counter((row[0], row[3], row[4]) for row in hooked
                               if row[2] in ("realm", "server", "refused"))
    events = {row[0] for row in hooked if row[2] in ("step", "rival")}
    tests = {row[0] for row in hooked if row[2] == "test"}
    print(f"\nalerts: {len(logged)} logged of "
          f"{len({a['SKEWGUARD_ALERT'] for a in logged})} causes, "
          f"{len(hooked)} taken by the hook, of them {len(events)} events and "
          f"{len(tests)} tests; {len(mailed)} mails")
    for phase, n in sorted(collections.Counter(
            a["SKEWGUARD_PHASE"] for a in logged).items()):
        print(f"  {phase:10} {n:3}")
    check(len(logged) > 0, "something was told")
    check(told == took, f"each logged alert reached the hook once: "
          f"{sum((told - took).values())} lost, "
          f"{sum((took - told).values())} too many")
    check(max(counted.values(), default=0) <= 1, "no alert reached it twice")
    gaps = [i for i, n in collections.Counter(
        row[0] for row in hooked).items()
        if max(int(row[1]) for row in hooked if row[0] == i) != n]
    check(not gaps, f"the numbers of each cause have no gap: {gaps}")
    with open(f"{folder}/test-alerts", "a+") as file:
        file.seek(0)
        n = len(file.readlines())
    check(len(tests) == n, f"{len(tests)} of {n} test alerts reached it")
    check(len(set(mailed)) == len(mailed), "no mail came twice")
    last = {f"{row[0]}.{max(int(r[1]) for r in hooked if r[0] == row[0])}"
            for row in hooked}
    check(last <= set(mailed), f"the last word of each of {len(last)} causes "
          f"was mailed: {len(last - set(mailed))} missing")
    threads = collections.defaultdict(list)
    for alert in logged:
        threads[alert["SKEWGUARD_ALERT"]].append(alert["SKEWGUARD_PHASE"])
    if minutes >= FIT_MINUTES:
        for cause, phases in threads.items():
            if not judge_thread(phases):
                check(False, f"{cause} was told as {' '.join(phases)}")
        check(all(map(judge_thread, threads.values())),
              "each cause was raised and recovered in turn, to its end")


def main(folder, minutes):
    for name, rows in read_samples(f"{folder}/samples").items():
        judge_program(name, rows, minutes)
    judge_alerts(folder, minutes)
    with open(f"{folder}/reads") as file:
        reads = file.read().splitlines()
    bad = [line for line in reads if line != "good"]
    check(not bad, f"{len(reads)} readers got a status"
          + (f", but {len(bad)}: {bad[:3]}" if bad else ""))
    print("\nFAILED: " + "; ".join(failed) if failed else "\nall of it held")
    sys.exit(bool(failed))


main(sys.argv[1], int(sys.argv[2]))
