/*
 * What became of one attempt to deliver, in the words of the other side.
 */
#ifndef SG_MAILER_RESULT_H
#define SG_MAILER_RESULT_H

#include <stddef.h>

#define SG_WORDS_MAX 400

enum sg_result_kind {
    SG_RESULT_DONE,
    SG_RESULT_UNREACHABLE, /* nobody there to say anything: try again */
    SG_RESULT_LATER,       /* "not now", or it went wrong on the way */
    SG_RESULT_REFUSED,     /* "no", which a person may have to put right */
    SG_RESULT_FAILED,      /* a hook ended with a failure of its own */
    SG_RESULT_KIND_COUNT
};

struct sg_result {
    enum sg_result_kind kind;
    char words[SG_WORDS_MAX]; /* one line of printable ASCII */
};

/*
 * Fill in a result.  What comes from outside is cleaned: line ends and what
 * else is blank become single spaces, what is not printable '?'.
 */
void sg_result_set(struct sg_result *ret, enum sg_result_kind kind,
                   const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same cleaning, cut to fit size. */
void sg_result_clean(const char *text, char *ret, size_t size);

#endif
