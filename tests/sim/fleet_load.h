/*
 * What many hosts together ask of a few servers, second by second.
 */
#ifndef SG_SIM_FLEET_LOAD_H
#define SG_SIM_FLEET_LOAD_H

#include <stdbool.h>

#define FLEET_MAX_SERVERS 20
#define FLEET_ALL (-1) /* instead of a server: all of them together */
#define FLEET_PARTS 100

struct fleet_load {
    int servers, seconds;
    unsigned *counts[FLEET_MAX_SERVERS];
    unsigned parts[FLEET_PARTS]; /* which hundredth of a second it was */
};

/* A span of it, one server's or all servers'. */
struct fleet_figures {
    unsigned long requests;
    double mean;         /* per second, as are all of these: */
    unsigned worst;      /* second */
    unsigned high;       /* 99.9 % of all seconds have no more */
    double worst_minute; /* any 60 s */
};

/* Ends the program if memory runs out. */
void fleet_load_init(struct fleet_load *load, int servers, double run_s);
void fleet_load_clear(struct fleet_load *load);

/* n requests at t_s; those outside the run are left out. */
void fleet_load_add(struct fleet_load *load, int server, double t_s, int n);

/* 0 beyond the end. */
unsigned fleet_load_at(const struct fleet_load *load, int server, int second);

void fleet_load_figures(const struct fleet_load *load, int server, int from_s,
                        int to_s, struct fleet_figures *ret);

/* The share of all requests that fell into the busiest hundredth of their
 * seconds. */
double fleet_load_bunched_frac(const struct fleet_load *load);

#endif
