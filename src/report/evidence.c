#include "report/evidence.h"

#include <math.h>

#include "report/headline.h"
#include "report/rows.h"
#include "report/words.h"

/* More than this nobody reads at night. */
#define MAX_LINES 8
#define NAME_COLUMNS 40

struct witness {
    const struct sg_status_source *source;
    bool has_skew;
    struct sg_skew skew;
};

/* The worst ones, worst first, and how many there are in all. */
struct witnesses {
    int n, n_all;
    struct witness of[MAX_LINES];
};

static double
size_s(const struct witness *witness)
{
    return witness->has_skew && isfinite(witness->skew.offset_s)
               ? fabs(witness->skew.offset_s)
               : -1;
}

static void
insert(struct witnesses *all, const struct witness *witness)
{
    int at = all->n;

    while (at > 0 && size_s(witness) > size_s(&all->of[at - 1]))
        at--;
    all->n_all++;
    if (at == MAX_LINES)
        return;
    if (all->n < MAX_LINES)
        all->n++;
    for (int i = all->n - 1; i > at; i--)
        all->of[i] = all->of[i - 1];
    all->of[at] = *witness;
}

static void
find_witnesses(const struct sg_status *status, const struct sg_present *present,
               int realm, struct witnesses *ret)
{
    ret->n = ret->n_all = 0;
    for (int i = 0; i < status->n_sources; i++) {
        struct witness witness = {.source = &status->sources[i]};

        if (!sg_row_is_listed(witness.source) ||
            (realm >= 0 && witness.source->realm >= 0 &&
             witness.source->realm != realm))
            continue;
        witness.has_skew =
            sg_present_skew(present, &witness.source->model, &witness.skew);
        insert(ret, &witness);
    }
}

static const char *
kind_words(enum sg_kind kind)
{
    static const char *const words[SG_KIND_COUNT] = {
        [SG_KIND_NTP] = "NTP server",
        [SG_KIND_KDC] = "KDC",
        [SG_KIND_KEYTAB] = "KDC, authenticated,",
    };

    return words[kind];
}

static const char *
opinion(enum sg_tally tally)
{
    static const char *const words[SG_TALLY_COUNT] = {
        [SG_TALLY_STEERS] = "agrees",
        [SG_TALLY_AGREES] = "agrees",
        [SG_TALLY_ASIDE] = "not followed",
        [SG_TALLY_FALSETICKER] = "contradicts the others",
        [SG_TALLY_UNUSABLE] = "cannot be used",
    };

    return words[tally];
}

static void
add_witness(struct sg_buf *buf, const struct sg_status *status,
            const struct sg_present *present, const struct witness *witness)
{
    const struct sg_status_source *source = witness->source;
    struct sg_buf text = SG_BUF_INIT;

    sg_buf_add(&text, "%s %.*s: ", kind_words(source->kind), NAME_COLUMNS,
               source->name);
    if (witness->has_skew) {
        struct sg_skew skew = sg_present_seen_from_there(&witness->skew);

        sg_words_skew(&text, &skew, source->has_guess,
                      sg_headline_host(status));
        sg_buf_add(
            &text, ", %s ago; ",
            sg_words_duration(sg_present_age_s(present, source->last)).text);
    }
    sg_buf_add(&text, "%s", opinion(source->tally));
    if (source->tally == SG_TALLY_UNUSABLE && source->reason[0])
        sg_buf_add(&text, ": %s", source->reason);
    sg_buf_add(buf, "  ");
    sg_words_flush(buf, 2, 4, &text);
}

void
sg_evidence_add(struct sg_buf *buf, const struct sg_status *status,
                const struct sg_present *present, int realm)
{
    struct witnesses all;

    find_witnesses(status, present, realm, &all);
    for (int i = 0; i < all.n; i++)
        add_witness(buf, status, present, &all.of[i]);
    if (all.n_all > all.n)
        sg_buf_add(buf, "  and %d more: \"skewguard sources -v\"\n",
                   all.n_all - all.n);
}
