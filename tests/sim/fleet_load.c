#include "fleet_load.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE 60
#define HIGH_FRAC 0.999

void
fleet_load_init(struct fleet_load *load, int servers, double run_s)
{
    memset(load, 0, sizeof *load);
    load->servers = servers;
    load->seconds = (int)ceil(run_s);
    for (int i = 0; i < servers; i++) {
        load->counts[i] =
            calloc((size_t)load->seconds, sizeof *load->counts[i]);
        if (!load->counts[i])
            abort();
    }
}

void
fleet_load_clear(struct fleet_load *load)
{
    for (int i = 0; i < load->servers; i++)
        free(load->counts[i]);
    memset(load, 0, sizeof *load);
}

void
fleet_load_add(struct fleet_load *load, int server, double t_s, int n)
{
    double second = floor(t_s);

    if (second < 0 || second >= load->seconds)
        return;
    load->counts[server][(int)second] += (unsigned)n;
    load->parts[(int)((t_s - second) * FLEET_PARTS)] += (unsigned)n;
}

unsigned
fleet_load_at(const struct fleet_load *load, int server, int second)
{
    unsigned n = 0;

    if (second >= load->seconds)
        return 0;
    if (server != FLEET_ALL)
        return load->counts[server][second];
    for (int i = 0; i < load->servers; i++)
        n += load->counts[i][second];
    return n;
}

static int
compare_counts(const void *a, const void *b)
{
    unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

    return (x > y) - (x < y);
}

static unsigned
find_high(unsigned *seconds, int n)
{
    qsort(seconds, (size_t)n, sizeof *seconds, compare_counts);
    return seconds[(int)ceil(HIGH_FRAC * n) - 1];
}

void
fleet_load_figures(const struct fleet_load *load, int server, int from_s,
                   int to_s, struct fleet_figures *ret)
{
    int n = to_s - from_s;
    unsigned *seconds = calloc((size_t)n, sizeof *seconds);
    unsigned long minute = 0;

    if (!seconds)
        abort();
    memset(ret, 0, sizeof *ret);
    for (int i = 0; i < n; i++) {
        seconds[i] = fleet_load_at(load, server, from_s + i);
        ret->requests += seconds[i];
        minute += seconds[i];
        if (i >= MINUTE)
            minute -= seconds[i - MINUTE];
        ret->worst_minute = fmax(ret->worst_minute, (double)minute / MINUTE);
    }
    ret->mean = (double)ret->requests / n;
    ret->high = find_high(seconds, n);
    ret->worst = seconds[n - 1];
    free(seconds);
}

double
fleet_load_bunched_frac(const struct fleet_load *load)
{
    unsigned long sum = 0;
    unsigned most = 0;

    for (int i = 0; i < FLEET_PARTS; i++) {
        sum += load->parts[i];
        most = load->parts[i] > most ? load->parts[i] : most;
    }
    return (double)most / fmax((double)sum, 1);
}
