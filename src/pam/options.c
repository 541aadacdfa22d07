#include "pam/options.h"

#include <errno.h>
#include <string.h>

#include "report/words.h"

/* Digits alone: strtod(3) reads numbers by the language of the login program.
 */
#define SHARE_DIGITS_MAX 3

void
sg_pam_options_init(struct sg_pam_options *options)
{
    *options = (struct sg_pam_options){
        .warn_frac = -1,
        .warns = true,
        .phases = {true, true, true},
        .status_path = SG_PAM_STATUS_PATH,
    };
}

const char *
sg_pam_phase_name(enum sg_pam_phase phase)
{
    static const char *const names[SG_PAM_PHASE_COUNT] = {
        [SG_PAM_AUTH] = "auth",
        [SG_PAM_ACCOUNT] = "account",
        [SG_PAM_SESSION] = "session",
    };

    return names[phase];
}

/* What follows "key=" in word; NULL: another key. */
static const char *
value_of(const char *word, const char *key)
{
    size_t len = strlen(key);

    return strncmp(word, key, len) == 0 && word[len] == '=' ? word + len + 1
                                                            : NULL;
}

static int
refuse(struct sg_err *err, const char *word, const char *allowed)
{
    return sg_err_set(err, -EINVAL, "option \"%s\": %s",
                      sg_words_clean(word).text, allowed);
}

static int
set_warn(struct sg_pam_options *options, const char *word, const char *value,
         struct sg_err *err)
{
    size_t digits = strspn(value, "0123456789");
    int percent = 0;

    if (strcmp(value, "off") == 0) {
        options->warns = false;
        return 0;
    }
    for (size_t i = 0; i < digits && digits <= SHARE_DIGITS_MAX; i++)
        percent = percent * 10 + (value[i] - '0');
    if (strcmp(value + digits, "%") != 0 || percent < 1 || percent > 100)
        return refuse(err, word,
                      "warn takes a whole share of the budget from 1% to 100%, "
                      "or off; the daemon's threshold is used");
    options->warn_frac = percent / 100.0;
    options->warns = true;
    return 0;
}

/* The phase that the first len bytes of text name; SG_PAM_PHASE_COUNT: none. */
static enum sg_pam_phase
find_phase(const char *text, size_t len)
{
    int i;

    for (i = 0; i < SG_PAM_PHASE_COUNT; i++) {
        const char *name = sg_pam_phase_name((enum sg_pam_phase)i);

        if (strlen(name) == len && strncmp(name, text, len) == 0)
            break;
    }
    return (enum sg_pam_phase)i;
}

static int
set_phases(struct sg_pam_options *options, const char *word, const char *value,
           struct sg_err *err)
{
    bool phases[SG_PAM_PHASE_COUNT] = {false};

    for (;;) {
        size_t len = strcspn(value, ",");
        enum sg_pam_phase phase = find_phase(value, len);

        if (phase == SG_PAM_PHASE_COUNT)
            return refuse(err, word,
                          "phases takes auth, account and session, with "
                          "commas; all of them are used");
        phases[phase] = true;
        if (!value[len])
            break;
        value += len + 1;
    }
    memcpy(options->phases, phases, sizeof phases);
    return 0;
}

static int
set_status(struct sg_pam_options *options, const char *word, const char *value,
           struct sg_err *err)
{
    if (value[0] != '/' || strlen(value) >= SG_PAM_PATH_MAX)
        return refuse(err, word,
                      "status takes a path from the root, of less than 1024 "
                      "bytes; " SG_PAM_STATUS_PATH " is used");
    options->status_path = value;
    return 0;
}

int
sg_pam_options_add(struct sg_pam_options *options, const char *word,
                   struct sg_err *err)
{
    static const struct {
        const char *key;
        int (*set)(struct sg_pam_options *options, const char *word,
                   const char *value, struct sg_err *err);
    } keys[] = {
        {"warn", set_warn}, {"phases", set_phases}, {"status", set_status}};

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *value = value_of(word, keys[i].key);

        if (value)
            return keys[i].set(options, word, value, err);
    }
    if (strcmp(word, "quiet") == 0)
        options->quiet = true;
    else if (strcmp(word, "debug") == 0)
        options->debug = true;
    else
        return refuse(err, word,
                      "not known; warn=, phases=, status=, quiet and debug "
                      "are");
    return 0;
}
