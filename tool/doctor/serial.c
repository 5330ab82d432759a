/* Serial ports, and the jig's among them. */
#include "core/words.h"
#include "doctor/doctor.h"

#include <libserialport.h>
#include <string.h>
#include <unistd.h>

static const char *text(const char *t)
{
	return t ? t : "";
}

static bool is_jigs(const char *jig, struct sp_port *port)
{
	if (strncmp(jig, "serial:", 7) != 0)
		return false;
	return !strcmp(jig + 7, sp_get_port_name(port)) ||
	       !strcmp(jig + 7, text(sp_get_port_usb_serial(port)));
}

void doctor_serial(struct doctor *d)
{
	static const char what[] = N_("serial port");
	struct sp_port **list = NULL;
	bool found = strncmp(d->fixture->jig, "serial:", 7) != 0;

	if (sp_list_ports(&list) != SP_OK)
		return;
	for (size_t i = 0; list[i]; i++) {
		const char *name = sp_get_port_name(list[i]);
		bool jigs = is_jigs(d->fixture->jig, list[i]);
		bool mine = access(name, R_OK | W_OK) == 0;

		found |= jigs;
		doctor_add(d, mine || !jigs, what,
			N_("put the user into the group dialout, log in again"), "%s: %s%s%s%s",
			name, text(sp_get_port_description(list[i])), jigs ? ", the jig's" : "",
			sp_get_port_usb_serial(list[i]) ? ", number " : "",
			text(sp_get_port_usb_serial(list[i])));
	}
	sp_free_port_list(list);
	if (!found)
		doctor_add(d, false, what,
			N_("connect the jig's adapter, or correct jig in the fixture file"),
			"%s: not connected", d->fixture->jig);
}
