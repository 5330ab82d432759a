/* The plug, and the DC resistance of microphone and speakers. The data channel must be closed. */
#include "slot/audio.h"
#include "slot/steps.h"

#include <math.h>

enum {
	OPEN_OHM = 900000, /* the jig says 1E6 for open */
	STUCK_PERCENT = 5, /* parts and meter together are within 3 */
};

int audio_take(struct unit *u)
{
	struct err err;

	return u->link->driver->close(u->link, &err) < 0 ? unit_jig_finding(u, &err) : 0;
}

int step_plug(struct unit *u)
{
	double plug;
	int ret = unit_jig_number(u, "plug", &plug);

	if (ret < 0)
		return ret;
	if (plug == 3)
		return unit_finding(u, "PLUG-PINOUT", "%s", "");
	return plug == 2 ? 0 : unit_finding(u, "JIG-PLUG", "%s", "");
}

/* A key that is closed already reads as its own resistance; key A like a short. */
static int judge_mic(struct unit *u, double ohm)
{
	const struct profile_key *zero = NULL;

	for (size_t i = 0; i < u->profile->key_n; i++) {
		const struct profile_key *k = &u->profile->keys[i];

		if (k->ohm <= 0)
			zero = k;
		else if (fabs(ohm / k->ohm - 1) <= STUCK_PERCENT / 100.0)
			return unit_finding(
				u, "BTN-STUCK", "key %s: %.0f ohm without a press", k->name, ohm);
	}
	if (ohm <= (zero ? zero->phone_high : 70))
		return unit_finding(u, "MIC-SHORT", "%.1f ohm", ohm);
	if (ohm >= OPEN_OHM)
		return unit_finding(u, "MIC-OPEN", "%s", "");
	return 0;
}

int step_audio(struct unit *u)
{
	double mic, left, right;
	int ret = audio_take(u);

	if (ret < 0 || (ret = unit_jig_number(u, "mic", &mic)) < 0 ||
		(ret = unit_jig_number(u, "ear_left", &left)) < 0 ||
		(ret = unit_jig_number(u, "ear_right", &right)) < 0)
		return ret;
	judge_mic(u, mic);
	unit_measure(u, "mic_resistance", "mic_resistance", mic, "MIC-OHM");
	unit_measure(u, "ear_left", "ear_resistance", left, "EAR-OHM");
	unit_measure(u, "ear_right", "ear_resistance", right, "EAR-OHM");
	return u->finding.verdict == VERDICT_NONE ? 0 : E_REFUSED;
}
