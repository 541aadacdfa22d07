/*
 * The table of severities, as docs/ALERTS.md has to show it.
 */
#include <stdio.h>

#include "core/alert.h"

static const char *
severity_of(struct sg_alert alert)
{
    static const char *const words[] = {[2] = "crit (2)",
                                        [3] = "err (3)",
                                        [4] = "warning (4)",
                                        [5] = "notice (5)"};

    return words[sg_alert_severity(&alert)];
}

static void
print_row(enum sg_alert_topic topic, enum sg_alert_level level)
{
    struct sg_alert alone = {.topic = topic, .level = level};
    struct sg_alert member = {
        .topic = topic, .level = level, .is_member = true};

    printf("| `%s` | `%s` | %s | %s |\n", sg_alert_topic_names[topic],
           sg_alert_level_names[level], severity_of(alone),
           topic == SG_ALERT_REALM ? severity_of(member) : "-");
}

int
main(void)
{
    struct sg_alert over = {.level = SG_ALERT_EXCEEDED,
                            .phase = SG_ALERT_RECOVERED};

    puts("| topic | level | severity | where it is realm-wide |");
    puts("|---|---|---|---|");
    for (int level = SG_ALERT_EXCEEDED; level >= SG_ALERT_FORECAST; level--)
        print_row(SG_ALERT_REALM, (enum sg_alert_level)level);
    for (int topic = SG_ALERT_REALM + 1; topic < SG_ALERT_TOPIC_COUNT; topic++)
        print_row((enum sg_alert_topic)topic, SG_ALERT_NOTICE);
    printf("| any | recovered | %s | %s |\n", severity_of(over),
           severity_of(over));
    return 0;
}
