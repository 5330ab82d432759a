#include "plan/titles.h"
#include "core/words.h"

#include <stddef.h>
#include <string.h>

/* Alphabetical, as the table of steps is. */
static const struct {
	const char *step, *title;
} titles[] = {
	{"ask_keys", N_("keys by hand")},
	{"ask_led", N_("light")},
	{"ask_plug", N_("plug reseated")},
	{"audio", N_("microphone and speakers")},
	{"battery", N_("battery")},
	{"block", N_("block for ever")},
	{"connect", N_("connect")},
	{"counters", N_("transaction counters")},
	{"default_key", N_("no default key")},
	{"identify", N_("identify")},
	{"keys", N_("keys")},
	{"load", N_("load")},
	{"log", N_("transaction log")},
	{"pay_compare", N_("same purchase on every carrier")},
	{"pay_nfc", N_("purchase over NFC")},
	{"personalize", N_("personalize")},
	{"plug", N_("plug")},
	{"power_key", N_("power key")},
	{"power_off", N_("power off")},
	{"power_on", N_("power on")},
	{"prove", N_("transaction proof")},
	{"purchase", N_("purchase")},
	{"random", N_("random numbers")},
	{"read_back", N_("read back")},
	{"refuse_replay", N_("refuse a replay")},
	{"refuse_wrong_mac1", N_("refuse a wrong MAC1")},
	{"sealed", N_("sealed")},
	{"test_keys", N_("test keys erased")},
	{"unbond", N_("bonds removed")},
};

const char *step_title(const char *step)
{
	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		if (!strcmp(titles[i].step, step))
			return titles[i].title;
	return step;
}
