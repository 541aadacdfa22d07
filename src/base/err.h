/*
 * Why the world refused, in words for people.
 */
#ifndef SG_BASE_ERR_H
#define SG_BASE_ERR_H

#define SG_ERR_TEXT_MAX 512

struct sg_err {
    char text[SG_ERR_TEXT_MAX]; /* one line, no newline at its end */
};

/*
 * Fill in err (NULL is allowed) and return code, so that a failing function
 * can say "return sg_err_set(err, -EINVAL, ...)".  Text that does not fit is
 * cut.
 */
int sg_err_set(struct sg_err *err, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#ifdef __clang_analyzer__
/* It sees one file at a time, and has to know that the code comes back. */
#define sg_err_set(err, code, ...) (sg_err_set(err, code, __VA_ARGS__), (code))
#endif

#endif
