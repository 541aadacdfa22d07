#include "core/regress.h"

#include <math.h>
#include <stdbool.h>

#define MIN_POINTS 6

static void
fit(const struct sg_point *points, int n, double prior_slope, double prior_sd,
    struct sg_line *ret)
{
    /* the prior counts as one more equation: slope = prior_slope */
    double a = 0, b = 0, c = 1 / (prior_sd * prior_sd);
    double u = 0, v = prior_slope * c, det, chi2 = 0, scale = 1;

    for (int i = 0; i < n; i++) {
        double w = 1 / (points[i].sd_s * points[i].sd_s);

        a += w;
        b += w * points[i].t_s;
        c += w * points[i].t_s * points[i].t_s;
        u += w * points[i].x_s;
        v += w * points[i].t_s * points[i].x_s;
    }
    det = a * c - b * b;
    ret->x_s = (c * u - b * v) / det;
    ret->slope = (a * v - b * u) / det;
    ret->used = n;
    for (int i = 0; i < n; i++) {
        double r = points[i].x_s - ret->x_s - ret->slope * points[i].t_s;

        chi2 += r * r / (points[i].sd_s * points[i].sd_s);
    }
    /* the stated deviations are a guess; many points know better */
    if (n >= MIN_POINTS)
        scale = fmin(fmax(sqrt(chi2 / (n - 2)), 0.5), 10);
    ret->sd_s = scale * sqrt(c / det);
    ret->slope_sd = scale * sqrt(a / det);
}

/* One line leaves residuals whose signs change about every other point. */
static bool
has_too_few_runs(const struct sg_point *points, int n,
                 const struct sg_line *line)
{
    int runs = 1;
    bool was = false;

    for (int i = 0; i < n; i++) {
        bool is = points[i].x_s > line->x_s + line->slope * points[i].t_s;

        if (i > 0 && is != was)
            runs++;
        was = is;
    }
    /* mean n/2 + 1, deviation sqrt(n - 1)/2; one in 20 by chance */
    return runs < n / 2.0 + 1 - 1.65 * sqrt(n - 1) / 2;
}

void
sg_regress(const struct sg_point *points, int n, double prior_slope,
           double prior_sd, struct sg_line *ret)
{
    fit(points, n, prior_slope, prior_sd, ret);
    while (n > MIN_POINTS && has_too_few_runs(points, n, ret)) {
        int drop = n / 4 > 0 ? n / 4 : 1;

        if (n - drop < MIN_POINTS)
            drop = n - MIN_POINTS;
        points += drop;
        n -= drop;
        fit(points, n, prior_slope, prior_sd, ret);
    }
}
