/*
 * values: what the manual pages state of settings and exit codes, out of the
 * programs' own tables, as "NAME value" lines for fill.awk.
 *   conf.SECTION.KEY        the default, as it is written there
 *   conf.SECTION.KEY.range  "from 16s to 1024s"
 *   conf.SECTION.KEY.max    of characters
 *   conf.SECTION.KEY.words  "auto | guard | discipline"
 * or conf.KEY outside of all sections.
 */
#include <stdio.h>
#include <sysexits.h>

#include "setup/config_keys.h"
#include "setup/config_units.h"

/* FACT is "", ".range" and so on; a value that there is not is left out. */
static void
print_fact(const struct sg_config_key *key, const char *fact, const char *value)
{
    if (value && *value)
        printf("conf.%s%s%s%s %s\n", key->section, *key->section ? "." : "",
               key->name, fact, value);
}

static void
print_limits(const struct sg_config_key *key)
{
    char from[32], to[32], text[80];

    snprintf(from, sizeof from, "%.0f", key->min);
    snprintf(to, sizeof to, "%.0f", key->max);
    if (key->type == &sg_config_duration) {
        sg_config_format_duration(key->min, from, sizeof from);
        sg_config_format_duration(key->max, to, sizeof to);
    } else if (key->type == &sg_config_percent) {
        sg_config_format_percent(key->min, from, sizeof from);
        sg_config_format_percent(key->max, to, sizeof to);
    } else if (key->type != &sg_config_port) {
        print_fact(key, ".max", key->max > 0 ? to : NULL);
        return;
    }
    snprintf(text, sizeof text, "from %s to %s", from, to);
    print_fact(key, ".range", text);
}

static void
print_words(const struct sg_config_key *key)
{
    char text[256] = "";
    size_t len = 0;

    for (int i = 0; key->words && key->words[i] && len < sizeof text; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s",
                                i > 0 ? " | " : "", key->words[i]);
    print_fact(key, ".words", text);
}

int
main(void)
{
    static const struct {
        const char *name;
        int code;
    } exits[] = {
        {"EX_USAGE", EX_USAGE},       {"EX_NOUSER", EX_NOUSER},
        {"EX_SOFTWARE", EX_SOFTWARE}, {"EX_UNAVAILABLE", EX_UNAVAILABLE},
        {"EX_OSERR", EX_OSERR},       {"EX_TEMPFAIL", EX_TEMPFAIL},
        {"EX_NOPERM", EX_NOPERM},     {"EX_CONFIG", EX_CONFIG},
    };

    for (size_t i = 0; i < sizeof exits / sizeof *exits; i++)
        printf("%s %d\n", exits[i].name, exits[i].code);
    for (size_t i = 0; i < sg_config_n_keys; i++) {
        const struct sg_config_key *key = &sg_config_keys[i];

        print_fact(key, "", key->deflt);
        print_words(key);
        print_limits(key);
    }
    return fflush(stdout) == 0 ? 0 : EX_IOERR;
}
