/*
 * pam_skewguard.so: says at login what the published status makes one say, and
 * is ignored otherwise.
 *
 * It runs inside other programs, some with threads and small stacks: it keeps
 * no variables, starts nothing, waits for nothing, asks for no name and sets
 * neither a signal nor the language.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <security/pam_ext.h>
#include <security/pam_modules.h>

#include "base/hostclock.h"
#include "pam/account.h"
#include "pam/memo.h"
#include "pam/options.h"
#include "pam/word.h"
#include "report/words.h"

#define SG_EXPORT __attribute__((visibility("default")))

#define WELL_FOR_S 10.0

struct call {
    pam_handle_t *pamh;
    enum sg_pam_phase phase;
    bool is_silent; /* the program wants no texts */
    struct sg_pam_options options;
};

static void
read_options(struct call *call, int argc, const char **argv)
{
    struct sg_err err;

    sg_pam_options_init(&call->options);
    for (int i = 0; i < argc; i++) {
        if (sg_pam_options_add(&call->options, argv[i], &err) < 0)
            pam_syslog(call->pamh, LOG_ERR, "%s", err.text);
    }
}

static void
debug(const struct call *call, const char *text)
{
    if (call->options.debug)
        pam_syslog(call->pamh, LOG_DEBUG, "%s", text);
}

static bool
is_root(void *context)
{
    return sg_pam_account_is_root(context);
}

static void
report_broken(const struct call *call, struct sg_pam_memo *memo,
              const struct sg_pam_word *word)
{
    if (word->is_missing)
        debug(call, word->broken.text);
    else if (word->broken.text[0] && !memo->is_reported) {
        memo->is_reported = true;
        pam_syslog(call->pamh, LOG_WARNING, "%s",
                   sg_words_clean(word->broken.text).text);
    }
}

/* Where the program says that it shows texts: "pts/0", "ssh", ":0"; NULL:
 * nowhere, like su(1) in a script, whose output and mail no person reads who
 * is logging in. */
static const char *
find_terminal(const struct call *call)
{
    const void *tty = NULL;

    if (pam_get_item(call->pamh, PAM_TTY, &tty) != PAM_SUCCESS)
        return NULL;
    return tty && ((const char *)tty)[0] ? tty : NULL;
}

/* misc_conv(3) writes texts to standard output, which may be a file for data
 * all the same, as in "su -c dump >file"; errors it writes to standard error.
 */
static bool
is_output_data(const char *tty)
{
    struct stat st;

    if (strcmp(tty, "ssh") == 0 || strchr(tty, ':'))
        return false;
    return fstat(STDOUT_FILENO, &st) == 0 && !S_ISCHR(st.st_mode);
}

/* Why it is not said; NULL: it may be. */
static const char *
find_hindrance(const struct call *call)
{
    if (call->options.quiet)
        return "quiet";
    if (call->is_silent)
        return "PAM_SILENT";
    return find_terminal(call) ? NULL : "no terminal";
}

/* The same for what was tried: a conversation may fail. */
static const char *
say(const struct call *call, const struct sg_pam_word *word)
{
    const char *hindrance = find_hindrance(call);
    int r;

    if (hindrance)
        return hindrance;
    if (word->kind == SG_LOGIN_REFUSED || is_output_data(find_terminal(call)))
        r = pam_error(call->pamh, "%s", word->text.text);
    else
        r = pam_info(call->pamh, "%s", word->text.text);
    return r == PAM_SUCCESS ? NULL : "the conversation failed";
}

/* The user's name last: whoever chose it must not begin the line. */
static void
write_log(const struct call *call, const struct sg_pam_word *word,
          const char *hindrance)
{
    const char *name = sg_pam_account_name(call->pamh);

    pam_syslog(call->pamh,
               word->kind == SG_LOGIN_REFUSED ? LOG_ERR : LOG_WARNING,
               "%s [%s%s: user \"%s\"]", word->text.text,
               hindrance ? "not said, " : "said", hindrance ? hindrance : "",
               sg_words_clean(name ? name : "").text);
}

static void
tell(const struct call *call, struct sg_pam_memo *memo,
     const struct sg_pam_word *word)
{
    const char *hindrance = say(call, word);

    if (!hindrance || !memo->is_logged)
        write_log(call, word, hindrance);
    memo->is_logged = true;
    if (hindrance)
        return;
    memo->is_said = true;
    if (call->phase != SG_PAM_SESSION)
        sg_pam_memo_export(call->pamh);
}

/* The phases of one login follow each other closely: the first that finds all
 * well has looked for the others. */
static bool
was_well(const struct call *call, const struct sg_pam_memo *memo)
{
    return memo->well_at.ns != 0 &&
           sg_raw_diff(sg_host_raw(), memo->well_at) < WELL_FOR_S &&
           memo->well_frac == call->options.warn_frac &&
           strcmp(memo->well_status, call->options.status_path) == 0;
}

static void
remember(const struct call *call, struct sg_pam_memo *memo,
         const struct sg_pam_word *word)
{
    memo->well_at.ns = 0;
    if (!word->is_well)
        return;
    memo->well_at = sg_host_raw();
    memo->well_frac = call->options.warn_frac;
    snprintf(memo->well_status, sizeof memo->well_status, "%s",
             call->options.status_path);
}

static void
speak(const struct call *call, struct sg_pam_memo *memo)
{
    struct sg_pam_word word;

    sg_pam_word_make(&call->options, is_root, call->pamh, &word);
    report_broken(call, memo, &word);
    remember(call, memo, &word);
    if (word.kind == SG_LOGIN_NOTHING)
        debug(call, "nothing to say");
    else
        tell(call, memo, &word);
    sg_pam_word_free(&word);
}

static int
enter(pam_handle_t *pamh, int flags, int argc, const char **argv,
      enum sg_pam_phase phase)
{
    struct call call = {
        .pamh = pamh,
        .phase = phase,
        .is_silent = ((unsigned)flags & PAM_SILENT) != 0,
    };
    struct sg_pam_memo *memo = sg_pam_memo_get(pamh);

    read_options(&call, argc, argv);
    if (!call.options.phases[phase])
        debug(&call, "not one of the phases");
    else if (!memo)
        pam_syslog(pamh, LOG_CRIT, "out of memory");
    else if (memo->is_said)
        debug(&call, "said already");
    else if (was_well(&call, memo))
        debug(&call, "all was well a moment ago");
    else
        speak(&call, memo);
    if (phase == SG_PAM_SESSION)
        sg_pam_memo_withdraw(pamh);
    return PAM_IGNORE;
}

SG_EXPORT int
pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    return enter(pamh, flags, argc, argv, SG_PAM_AUTH);
}

SG_EXPORT int
pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    return enter(pamh, flags, argc, argv, SG_PAM_ACCOUNT);
}

SG_EXPORT int
pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    return enter(pamh, flags, argc, argv, SG_PAM_SESSION);
}

/* A stack may call these, too. */

SG_EXPORT int
pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    (void)pamh;
    (void)flags;
    (void)argc;
    (void)argv;
    return PAM_IGNORE;
}

SG_EXPORT int
pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    (void)pamh;
    (void)flags;
    (void)argc;
    (void)argv;
    return PAM_IGNORE;
}

SG_EXPORT int
pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    (void)pamh;
    (void)flags;
    (void)argc;
    (void)argv;
    return PAM_IGNORE;
}
