/*
 * Weighted straight line through points, with a prior on its slope.
 *
 * Time is counted from the instant of interest, so that the line's value and
 * variance at zero are the answer.
 */
#ifndef SG_CORE_REGRESS_H
#define SG_CORE_REGRESS_H

struct sg_point {
    double t_s; /* <= 0: before the instant of interest */
    double x_s;
    double sd_s; /* > 0 */
};

struct sg_line {
    double x_s;   /* at t = 0 */
    double slope; /* seconds per second */
    double sd_s;  /* of x_s, scaled by how well the points agree */
    double slope_sd;
    int used; /* the newest points that one line describes */
};

/*
 * Fit the newest of n >= 1 points (oldest first).  Points that lie on another
 * line than the newest ones, as the signs of the residuals tell (too few
 * runs: Wald and Wolfowitz 1940), are left out, but never all but 6.  The
 * prior slope has the given mean and standard deviation (> 0) and makes two
 * points, or one, enough.
 */
void sg_regress(const struct sg_point *points, int n, double prior_slope,
                double prior_sd, struct sg_line *ret);

#endif
