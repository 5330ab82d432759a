#include "slot/press.h"
#include "core/clock.h"

enum { DUTY = 104, DUTY_TRIES = 20, DUTY_WAIT_MS = 3000 };

int press_key(struct unit *u, const struct press *press, json_t **values)
{
	struct err err;
	int64_t us;
	int ret = E_REFUSED;

	for (int i = 0; i < DUTY_TRIES; i++) {
		ret = unit_jig_raw(u, "press",
			json_pack("{ss, si, sf, sf}", "key", press->key, "count", press->count,
				"hold_s", press->hold_s, "gap_s", press->gap_s),
			values, &us, &err);
		if (ret != E_REFUSED || err.code != DUTY)
			break;
		clock_wait_ms(DUTY_WAIT_MS); /* the actuator cools: nothing is wrong */
		if (press->again && press->again(u, &err) < 0)
			return unit_link_finding(u, &err);
	}
	return ret < 0 ? unit_jig_finding(u, &err) : 0;
}
