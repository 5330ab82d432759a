/* Bonds: none is left behind, neither in the headset nor at the station. */
#include "slot/steps.h"
#include "slot/unit.h"

enum { ALL = 0x01, OWN = 0x02 }; /* headset.md, Device: clear bonds */

int step_unbond(struct unit *u)
{
	const struct link_driver *d = u->carrier->driver;
	uint8_t which = u->plan->bonds == PLAN_BONDS_OWN ? OWN : ALL;
	struct apdu clear = apdu_make(0x80F20000U | which, NULL, 0, APDU_NO_LE);
	struct apdu domain = purse_select(
		u->profile->aid.security_domain.bytes, u->profile->aid.security_domain.n);
	struct link_answer a;
	struct err err;
	int ret;

	if (!d->bonded || !d->bonded(u->carrier)) {
		unit_note(u, "there was no bond");
		return 0;
	}
	/* Out of a secure channel, and of a purse that may be blocked. */
	ret = unit_command(u, "SELECT", &domain, UNIT_UNTIMED, "BLE-BOND", &a);
	if (ret == 0)
		ret = unit_command(u, "CLEAR BONDS", &clear, 0, "BLE-BOND", &a);
	if (ret < 0)
		return ret;
	unit_note(u, "%s", which == ALL ? "all bonds" : "the station's own bond");
	return d->unbond(u->carrier, &err) < 0 ? unit_link_finding(u, &err) : 0;
}
