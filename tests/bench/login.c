/*
 * login WITHOUT WITH USER N: what a stack costs a login, against
 * the same stack without the module.
 *
 * A login is pam_start, pam_authenticate, pam_acct_mgmt, pam_open_session and
 * its close, pam_end, with the service "login" of the folder WITHOUT or WITH;
 * libpam loads all modules anew for each.  The two take turns, so that whatever
 * else the machine does meets both alike.
 *
 * Prints medians of the microseconds that passed, without, with, and of the
 * differences between neighbours; and the same of the CPU's, in the program and
 * in the kernel.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <security/pam_appl.h>

/* Files and libraries are in memory after some. */
#define WARM_UP 20

void syslog(int priority, const char *format, ...);
void __syslog_chk(int priority, int flag, const char *format, ...);

/* The host's log is not to get thousands of lines. */
__attribute__((visibility("default"))) void
syslog(int priority, const char *format, ...)
{
    (void)priority;
    (void)format;
}

__attribute__((visibility("default"))) void
__syslog_chk(int priority, int flag, const char *format, ...)
{
    (void)priority;
    (void)flag;
    (void)format;
}

static int
converse(int n, const struct pam_message **messages,
         struct pam_response **ret_responses, void *data)
{
    (void)messages;
    (void)data;
    *ret_responses = calloc((size_t)n, sizeof **ret_responses);
    return *ret_responses ? PAM_SUCCESS : PAM_BUF_ERR;
}

enum { ELAPSED, CPU, N_CLOCKS };

struct cost {
    double us[N_CLOCKS];
};

static void
read_clocks(struct cost *ret)
{
    static const clockid_t ids[N_CLOCKS] = {CLOCK_MONOTONIC,
                                            CLOCK_PROCESS_CPUTIME_ID};
    struct timespec now;

    for (int i = 0; i < N_CLOCKS; i++) {
        clock_gettime(ids[i], &now);
        ret->us[i] = (double)now.tv_sec * 1e6 + (double)now.tv_nsec * 1e-3;
    }
}

static struct cost
log_in(const char *folder, const char *user)
{
    struct pam_conv conv = {converse, NULL};
    struct cost begin, ret;
    pam_handle_t *pamh;

    read_clocks(&begin);
    if (pam_start_confdir("login", user, &conv, folder, &pamh) != PAM_SUCCESS ||
        pam_authenticate(pamh, 0) != PAM_SUCCESS ||
        pam_acct_mgmt(pamh, 0) != PAM_SUCCESS ||
        pam_open_session(pamh, 0) != PAM_SUCCESS ||
        pam_close_session(pamh, 0) != PAM_SUCCESS) {
        fprintf(stderr, "login: %s: no login\n", folder);
        exit(2);
    }
    pam_end(pamh, PAM_SUCCESS);
    read_clocks(&ret);
    for (int i = 0; i < N_CLOCKS; i++)
        ret.us[i] -= begin.us[i];
    return ret;
}

static int
compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double
median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, compare);
    return values[n / 2];
}

enum { WITHOUT, WITH, MORE, N_COLUMNS };

int
main(int argc, char **argv)
{
    size_t n = argc == 5 ? strtoul(argv[4], NULL, 10) : 0;
    double *us[N_CLOCKS][N_COLUMNS];

    if (n == 0) {
        fprintf(stderr, "usage: login WITHOUT WITH USER N\n");
        return 2;
    }
    for (int i = 0; i < N_CLOCKS * N_COLUMNS; i++)
        us[i / N_COLUMNS][i % N_COLUMNS] = calloc(n, sizeof(double));
    for (int i = 0; i < WARM_UP; i++)
        log_in(argv[1 + i % 2], argv[3]);
    for (size_t i = 0; i < n; i++) {
        struct cost without = log_in(argv[1], argv[3]);
        struct cost with = log_in(argv[2], argv[3]);

        for (int c = 0; c < N_CLOCKS; c++) {
            us[c][WITHOUT][i] = without.us[c];
            us[c][WITH][i] = with.us[c];
            us[c][MORE][i] = with.us[c] - without.us[c];
        }
    }
    for (int i = 0; i < N_CLOCKS * N_COLUMNS; i++) {
        printf("%.0f ", median(us[i / N_COLUMNS][i % N_COLUMNS], n));
        free(us[i / N_COLUMNS][i % N_COLUMNS]);
    }
    putchar('\n');
    return 0;
}
