#include "pam/word.h"

#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "reader/published.h"
#include "report/present.h"

/* Too large for the stack of a thread in somebody else's program. */
struct view {
    struct sg_status status;
    struct sg_report_now now;
    struct sg_present present;
};

/*
 * The lock lies beside the status, unless status_file says otherwise: where
 * there is none nobody can say whether the daemon lives.
 */
static void
look(const char *status_path, struct sg_report_now *ret)
{
    char *lock = malloc(strlen(status_path) + sizeof SG_PUBLISHED_LOCK);
    struct stat st;
    char *slash;

    if (lock) {
        strcpy(lock, status_path);
        slash = strrchr(lock, '/');
        strcpy(slash ? slash + 1 : lock, SG_PUBLISHED_LOCK);
    }
    sg_published_look(lock ? lock : "", ret);
    if (!lock || lstat(lock, &st) != 0)
        ret->daemon = SG_REPORT_DAEMON_UNCERTAIN;
    free(lock);
}

static void
make_text(const struct sg_pam_options *options, const struct view *view,
          bool for_root, struct sg_pam_word *ret)
{
    struct sg_login_options login = {options->warn_frac, for_root};

    sg_buf_clear(&ret->text);
    ret->kind = sg_login_add(&ret->text, &view->status, &view->present, &login);
}

/* Root is told of everything that anybody is told of. */
static void
make(const struct sg_pam_options *options, bool (*is_root)(void *context),
     void *context, struct view *view, struct sg_pam_word *ret)
{
    int r = sg_published_read_trusted(options->status_path, &view->status,
                                      &ret->broken);

    ret->is_missing = r == -ENOENT;
    if (r < 0)
        return;
    /* The clocks last: a status must not seem to come from the future. */
    look(options->status_path, &view->now);
    sg_present_make(&view->status, &view->now, &view->present);
    if (view->present.age == SG_PRESENT_NEVER ||
        view->present.age == SG_PRESENT_OTHER_BOOT)
        sg_err_set(&ret->broken, -ESTALE,
                   "%s: was written before this boot, or in the future",
                   options->status_path);
    make_text(options, view, true, ret);
    ret->is_well = ret->kind == SG_LOGIN_NOTHING && !ret->broken.text[0];
    if (ret->kind != SG_LOGIN_NOTHING && !is_root(context))
        make_text(options, view, false, ret);
    if (ret->text.failed)
        sg_err_set(&ret->broken, -ENOMEM, "%s: out of memory",
                   options->status_path);
    if (ret->text.failed || (ret->kind == SG_LOGIN_WARNING && !options->warns))
        ret->kind = SG_LOGIN_NOTHING;
}

/* In the C locale of this thread alone: texts have decimal points and are
 * ASCII, whatever the program speaks. */
void
sg_pam_word_make(const struct sg_pam_options *options,
                 bool (*is_root)(void *context), void *context,
                 struct sg_pam_word *ret)
{
    struct view *view = malloc(sizeof *view);
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    locale_t before = uselocale(plain);

    *ret = (struct sg_pam_word){.kind = SG_LOGIN_NOTHING, .text = SG_BUF_INIT};
    if (view)
        make(options, is_root, context, view, ret);
    else
        sg_err_set(&ret->broken, -ENOMEM, "%s: out of memory",
                   options->status_path);
    uselocale(before);
    if (plain)
        freelocale(plain);
    free(view);
}

void
sg_pam_word_free(struct sg_pam_word *word)
{
    sg_buf_free(&word->text);
}
