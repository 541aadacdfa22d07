/*
 * Which files libkrb5 reads, to know what has to be watched and what it had
 * better not open.  libkrb5 itself does not tell, so this is a second reading
 * of include lines only.
 */
#ifndef SG_PROBE_KRB5_FILES_H
#define SG_PROBE_KRB5_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* The path list: KRB5_CONFIG or what is built into libkrb5. */
const char *sg_krb5_file_list(void);

typedef void sg_krb5_file(void *arg, const char *path);

/*
 * Call once for each file of KRB5_CONFIG, each that one of them includes, and
 * each folder of includedir, existing or not.  At most SG_KRB5_FILES_MAX calls,
 * and SG_KRB5_DEPTH_MAX files that include each other.
 */
#define SG_KRB5_FILES_MAX 128
#define SG_KRB5_DEPTH_MAX 8
void sg_krb5_files(sg_krb5_file *call, void *arg);

/*
 * To be asked before libkrb5 is: -EINVAL with a reason if one of them is a FIFO
 * or a device, for which it would wait for ever, or read without end.
 */
int sg_krb5_files_check(struct sg_err *err);

/*
 * One line, without its end: does it include a file, or (is_folder) a folder?
 * Then *ret is its path.
 */
bool sg_krb5_include(const char *line, size_t len, bool *ret_is_folder,
                     char *ret, size_t size);

#endif
