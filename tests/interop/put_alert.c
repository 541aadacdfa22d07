/*
 * put_alert FOLDER ID NUMBER [PHASE [TOPIC [TRUE_TIME [HOST_TIME]]]]: what
 * skewguardd would put into the spool, with its number in subject and body.
 * The times are seconds since 1970; without them the true one is not known and
 * the host's is now.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alert/spool.h"

static int
find(const char *const *names, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    fprintf(stderr, "put_alert: no such word: %s\n", name);
    exit(2);
}

int
main(int argc, char **argv)
{
    static struct sg_record record = {
        .level = SG_ALERT_WARN,
        .severity = 4,
        .host = "client.test",
        .realm = "EXAMPLE.TEST",
        .blame = SG_BLAME_OURS,
        .has_offset = true,
        .offset_s = 123.456,
        .limit_s = 300,
    };
    struct sg_err err = {""};

    if (argc < 4 || strlen(argv[2]) >= sizeof record.id)
        return 2;
    strcpy(record.id, argv[2]);
    record.number = (unsigned)atoi(argv[3]);
    record.phase =
        (enum sg_alert_phase)find(sg_alert_phase_names, SG_ALERT_PHASE_COUNT,
                                  argc > 4 ? argv[4] : "worse");
    record.topic =
        (enum sg_alert_topic)find(sg_alert_topic_names, SG_ALERT_TOPIC_COUNT,
                                  argc > 5 ? argv[5] : "realm");
    record.has_true_time = argc > 6;
    record.true_time.ns = argc > 6 ? atoll(argv[6]) * 1000000000 : 0;
    record.host_time.ns =
        (argc > 7 ? atoll(argv[7]) : (int64_t)time(NULL)) * 1000000000;
    snprintf(record.subject, sizeof record.subject, "subject of %s-%u", argv[2],
             record.number);
    snprintf(record.body, sizeof record.body, "body of %s-%u\n.\nend\n",
             argv[2], record.number);
    if (sg_spool_put(argv[1], &record, NULL, &err) == 0)
        return 0;
    fprintf(stderr, "put_alert: %s\n", err.text);
    return 1;
}
