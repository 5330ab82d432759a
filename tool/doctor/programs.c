/* Programs that grab card readers and serial ports, and the rule that keeps them away. */
#include "core/holder.h"
#include "core/words.h"
#include "doctor/doctor.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const rules[] = {"/etc/udev/rules.d/70-payjig.rules",
	"/run/udev/rules.d/70-payjig.rules", "/usr/lib/udev/rules.d/70-payjig.rules"};

enum grabs { GRABS_USB, GRABS_SERIAL };

static const struct {
	const char *name;
	enum grabs grabs;
	const char *fix;
} programs[] = {
	{"ModemManager", GRABS_SERIAL,
		N_("it talks to new serial ports: install fixtures/70-payjig.rules, or systemctl disable --now ModemManager")},
	{"brltty", GRABS_SERIAL,
		N_("it takes serial adapters for Braille displays: install fixtures/70-payjig.rules, or remove brltty")},
	{"pcscd", GRABS_USB,
		N_("it takes headsets for card readers: systemctl disable --now pcscd.socket pcscd.service, or fixtures/pcscd-payjig.conf")},
};

static bool has_rule(void)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (access(rules[i], F_OK) == 0)
			return true;
	return false;
}

static bool runs(const char *name)
{
	DIR *d = opendir("/proc");
	struct dirent *entry;
	bool found = false;

	while (d && !found && (entry = readdir(d))) {
		char comm[HOLDER_NAME] = "";

		if (isdigit((unsigned char)entry->d_name[0]))
			holder_name(entry->d_name, comm);
		found = !strcmp(comm, name);
	}
	if (d)
		closedir(d);
	return found;
}

static bool uses(const struct doctor *d, enum grabs grabs)
{
	bool usb = false;

	for (size_t i = 0; i < d->fixture->slot_n; i++)
		usb |= d->fixture->slots[i].port[0] != '\0';
	return grabs == GRABS_USB ? usb : !strncmp(d->fixture->jig, "serial:", 7);
}

void doctor_programs(struct doctor *d)
{
	bool rule = has_rule();

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		if (uses(d, programs[i].grabs) && runs(programs[i].name))
			doctor_add(d, rule && programs[i].grabs == GRABS_SERIAL, N_("program"),
				programs[i].fix, "%s", programs[i].name);
	/* root needs no rule. */
	if ((uses(d, GRABS_USB) || uses(d, GRABS_SERIAL)) && geteuid() != 0)
		doctor_add(d, rule, N_("udev rule"),
			N_("install fixtures/70-payjig.rules in /etc/udev/rules.d, put the user into the group plugdev, reconnect"),
			"70-payjig.rules");
}
