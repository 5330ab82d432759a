#include "plan/buttons.h"

#include <math.h>

/* The two clocks are put together to about a millisecond, on a busy host to some more. A report
 * this much before its press is still its: the key before it has opened long since (gap at least
 * 0.1 s). */
static const double early_s = 0.030;

static const struct profile_key *key_of(const struct profile *profile, uint32_t usage)
{
	for (size_t i = 0; i < profile->key_n; i++)
		if (profile_key_usage(&profile->keys[i]) == usage)
			return &profile->keys[i];
	return NULL;
}

static void add_edge(struct button_run *run, const struct button_report *r)
{
	if (run->edge_n < BUTTON_EDGES)
		run->edges[run->edge_n++] = (struct button_edge){r->t, r->down};
}

/* The press that a report falls into, NULL: before the first. */
static struct button_press *press_at(struct button_run *run, double t)
{
	struct button_press *found = NULL;

	for (size_t i = 0; i < run->n; i++)
		if (t >= run->presses[i].t_cmd - early_s)
			found = &run->presses[i];
	return found;
}

void button_reports(struct button_run *run, const struct button_report *reports, size_t n)
{
	uint32_t usage = 0; /* of the press that is looked at */
	const struct button_press *last = NULL;

	run->edge_n = 0;
	for (size_t i = 0; i < n; i++) {
		const struct button_report *r = &reports[i];
		struct button_press *p = press_at(run, r->t);
		bool mine;

		if (p != last)
			usage = 0;
		last = p;
		mine = p && (!usage || usage == r->usage);
		if (mine && r->down && !isfinite(p->t_close)) {
			usage = r->usage;
			p->t_close = r->t;
			p->seen = key_of(run->profile, usage);
			p->strange = !p->seen;
			add_edge(run, r);
		} else if (mine && r->down && isfinite(p->t_open) &&
			   r->t < p->t_cmd + run->hold_s) {
			p->bounce_close = r->t - p->t_close;
			p->t_open = NAN;
		} else if (mine && !r->down && isfinite(p->t_close) && !isfinite(p->t_open)) {
			p->t_open = r->t;
		} else {
			add_edge(run, r);
		}
	}
}
