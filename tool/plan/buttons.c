#include "plan/buttons.h"

#include <math.h>

/* PJ-1: a later closing within 30 ms of t_open is a double; a change undone within 5 ms is bounce.
 */
static const double double_s = 0.030, same_s = 0.005;

/* Between the highest key (680 ohm) and the lowest microphone (1000 ohm). */
static const double open_ohm = 800;

/* Where a press ended; if the jig saw it open only after the next press, the edges tell. */
static double opened(const struct button_run *run, const struct button_press *p)
{
	if (isfinite(p->t_open))
		return p->t_open;
	for (size_t i = 0; i < run->edge_n; i++)
		if (run->edges[i].t > p->t_close + same_s && !run->edges[i].closed)
			return run->edges[i].t;
	return NAN;
}

static double larger(double a, double b)
{
	return isnan(a) || b > a ? b : a;
}

struct button_worst button_worst(const struct button_run *run)
{
	struct button_worst w = {0, NAN, NAN, NAN, NAN, NAN};
	double nominal = run->key->ohm;

	for (size_t i = 0; i < run->n; i++) {
		const struct button_press *p = &run->presses[i];
		double end = opened(run, p);

		if (!isfinite(p->t_close))
			continue;
		w.closed++;
		if (isnan(w.ohm) || fabs(p->ohm - nominal) > fabs(w.ohm - nominal))
			w.ohm = p->ohm;
		if (isnan(w.closed_s) || !(end - p->t_close >= w.closed_s))
			w.closed_s = end - p->t_close;
		w.bounce_s = larger(w.bounce_s, larger(p->bounce_close, p->bounce_open));
		w.release_s = larger(w.release_s, end - (p->t_cmd + run->hold_s));
	}
	if (nominal > 0)
		w.deviation = (w.ohm - nominal) / nominal * 100;
	return w;
}

static const struct profile_key *key_like(const struct profile *profile, double ohm)
{
	for (size_t i = 0; i < profile->key_n; i++)
		if (ohm >= profile->keys[i].phone_low && ohm <= profile->keys[i].phone_high)
			return &profile->keys[i];
	return NULL;
}

bool button_closes(double ohm)
{
	return ohm <= open_ohm;
}

void button_ladder(struct button_run *run)
{
	for (size_t i = 0; i < run->n; i++)
		run->presses[i].seen = key_like(run->profile, run->presses[i].ohm);
}

const char *button_contact(const struct button_run *run, const struct button_worst *w)
{
	size_t other = 0, never_open = 0, strange = 0;

	if (!run->n || !w->closed)
		return "BTN-DEAD";
	for (size_t i = 0; i < run->n; i++) {
		const struct button_press *p = &run->presses[i];

		if (!isfinite(p->t_close))
			continue;
		strange += p->strange;
		other += p->seen && p->seen != run->key;
		if (isnan(opened(run, p)))
			never_open++;
	}
	if (strange)
		return "BTN-USAGE";
	if (other == w->closed)
		return "BTN-SWAP";
	if (never_open)
		return "BTN-STUCK";
	return w->closed < run->n ? "BTN-MISS" : NULL;
}

const char *button_edges(const struct button_run *run)
{
	bool twice = false, ghost = false;

	for (size_t i = 0; i < run->edge_n; i++) {
		const struct button_edge *e = &run->edges[i];
		bool known = false, again = false;

		if (!e->closed)
			continue;
		for (size_t k = 0; k < run->n; k++) {
			double after = e->t - run->presses[k].t_open;

			known |= fabs(e->t - run->presses[k].t_close) <= same_s;
			again |= after >= 0 && after <= double_s;
		}
		twice |= !known && again;
		ghost |= !known && !again;
	}
	return twice ? "BTN-DOUBLE" : ghost ? "BTN-GHOST" : NULL;
}
