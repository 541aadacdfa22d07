/*
 * simerror <STATUS: how far the simulated clock of a published status is from
 * this host's, in seconds; positive: ahead.  What the daemon believes of its
 * sources does not enter.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static long long
now_ns(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

int
main(void)
{
    long long raw_ns = 0, wall_ns = 0, span_ns;
    double rate_ppm = 0;
    char line[1024];
    int n = 0;

    while (fgets(line, sizeof line, stdin))
        n += sscanf(line, "clock.sim_raw_ns=%lld", &raw_ns) == 1 ||
             sscanf(line, "clock.sim_wall_ns=%lld", &wall_ns) == 1 ||
             sscanf(line, "clock.sim_rate_ppm=%lf", &rate_ppm) == 1;
    if (n != 3) {
        fprintf(stderr, "simerror: no simulated clock\n");
        return 1;
    }
    span_ns = now_ns(CLOCK_MONOTONIC_RAW) - raw_ns;
    wall_ns += span_ns + (long long)((double)span_ns * rate_ppm * 1e-6);
    printf("%.6f\n", (double)(wall_ns - now_ns(CLOCK_REALTIME)) * 1e-9);
    return 0;
}
