/*
 * The description of a simulated clock, as in
 *     offset=+600s,drift=40ppm,wander=1e-9,step=+200s@30s,
 *     rival=+50ppm@30s,refuse=20s@30s
 */
#ifndef SG_CLOCK_SIMULATED_SPEC_H
#define SG_CLOCK_SIMULATED_SPEC_H

#include "base/err.h"

#define SG_SIMULATED_MAX_STEPS 8

struct sg_simulated_step {
    double offset_s;
    double at_s; /* after the start */
};

struct sg_simulated_spec {
    double offset_s;  /* reference - local at start, +-100 years */
    double drift_ppm; /* +-1000 */
    double wander;    /* per square root of a second, 0 to 1e-6 */
    int n_steps;
    struct sg_simulated_step steps[SG_SIMULATED_MAX_STEPS]; /* by at_s */
    double rival_ppm;  /* added by somebody else ... */
    double rival_at_s; /* ... then; 0 ppm: nobody */
    double refuse_s;   /* it may not be moved for so long ... */
    double refuse_at_s;
};

/*
 * Keys that are not given are 0.  Spans take ns, us, ms, s, min, h or d,
 * drift takes ppm or ppb, wander takes no unit.  -EINVAL with a reason that
 * names value, units and limits if the text is wrong; *ret is then undefined.
 */
int sg_simulated_spec_parse(const char *text, struct sg_simulated_spec *ret,
                            struct sg_err *err);

#endif
