#include "plan/codes.h"

#include <string.h>

#define REJECT	"put the unit into the reject bin"
#define REWORK	"send the unit to rework"
#define AGAIN	"test the unit again"
#define SERVICE "call the technician; the unit is not blamed"

/* Alphabetical within each verdict. */
static const struct code codes[] = {
	/* the unit */
	{"APDU-CHAIN", VERDICT_FAIL, "the chip answers with an endless or wrong GET RESPONSE chain",
		REJECT},
	{"APDU-LENGTH", VERDICT_FAIL, "the chip's answer has the wrong length", REJECT},
	{"APDU-TIME", VERDICT_FAIL, "the chip answers a command too late", REJECT},
	{"BTN-BOUNCE", VERDICT_FAIL, "a key bounces for too long", REWORK},
	{"BTN-DEAD", VERDICT_FAIL, "a key does not close", REWORK},
	{"BTN-DOUBLE", VERDICT_FAIL, "one press of a key is seen twice", REWORK},
	{"BTN-GHOST", VERDICT_FAIL, "a key closes although nobody presses it", REWORK},
	{"BTN-MISS", VERDICT_FAIL, "a key misses presses", REWORK},
	{"BTN-OHM", VERDICT_FAIL, "a key's resistance is out of limits", REWORK},
	{"BTN-RELEASE", VERDICT_FAIL, "a key opens too late after its release", REWORK},
	{"BTN-STUCK", VERDICT_FAIL, "a key is stuck closed", REWORK},
	{"BTN-SWAP", VERDICT_FAIL, "two keys are swapped", REWORK},
	{"BLOCK-FAILED", VERDICT_FAIL, "the unit can't be terminated",
		"keep it locked away; two persons destroy it (payjig card destroy)"},
	{"CARD-DUPLICATE", VERDICT_FAIL, "the unit claims a card that another unit holds",
		"keep the unit aside, call the engineer"},
	{"CARD-TERMINATED", VERDICT_FAIL, "the unit is blocked for ever and its card spoiled",
		"put the unit into the scrap bin"},
	{"EAR-OHM", VERDICT_FAIL, "a speaker's resistance is out of limits", REWORK},
	{"ID-FIRMWARE", VERDICT_FAIL, "the unit has the wrong firmware", REWORK},
	{"ID-MODEL", VERDICT_FAIL, "the unit is another model", "sort the unit out"},
	{"ID-REFUSED", VERDICT_FAIL, "the unit refuses to identify itself", REJECT},
	{"ID-SERIAL", VERDICT_FAIL, "label and unit have different serial numbers",
		"check the label"},
	{"LINK-BOOT", VERDICT_FAIL, "the unit takes too long to start", REJECT},
	{"LINK-DEAD", VERDICT_FAIL, "the unit does not answer", REJECT},
	{"LINK-GONE", VERDICT_FAIL, "the unit stopped answering in the middle of the test", REJECT},
	{"LINK-PROTOCOL", VERDICT_FAIL, "the unit's data channel is disturbed", REJECT},
	{"MIC-OHM", VERDICT_FAIL, "the microphone's resistance is out of limits", REWORK},
	{"MIC-OPEN", VERDICT_FAIL, "the microphone is not connected", REWORK},
	{"MIC-SHORT", VERDICT_FAIL, "microphone shorted or key A stuck", REWORK},
	{"PAY-ACCEPTS-BAD-MAC1", VERDICT_FAIL, "the chip accepts a purchase with a wrong MAC1",
		REJECT},
	{"PAY-ACCEPTS-NO-INIT", VERDICT_FAIL,
		"the chip accepts a purchase that was not initialized", REJECT},
	{"PAY-ACCEPTS-REPLAY", VERDICT_FAIL, "the chip accepts the same purchase twice", REJECT},
	{"PAY-ALGORITHM", VERDICT_FAIL, "the chip names the wrong algorithm", REJECT},
	{"PAY-BALANCE", VERDICT_FAIL, "the balance is not what it must be", REJECT},
	{"PAY-COUNTER", VERDICT_FAIL, "a transaction counter does not count by one", REJECT},
	{"PAY-KEY-VERSION", VERDICT_FAIL, "the chip names the wrong key version", REJECT},
	{"PAY-LOAD-MAC", VERDICT_FAIL, "the chip's MAC1 of the load is wrong", REJECT},
	{"PAY-LOG", VERDICT_FAIL, "the transaction log is wrong", REJECT},
	{"PAY-MAC1-REFUSED", VERDICT_FAIL, "the chip refuses a correct MAC1", REJECT},
	{"PAY-MAC2", VERDICT_FAIL, "the chip's MAC2 is wrong", REJECT},
	{"PAY-PROVE", VERDICT_FAIL, "the chip's proof of the transaction is wrong", REJECT},
	{"PAY-RANDOM", VERDICT_FAIL, "the chip's random numbers are not random", REJECT},
	{"PAY-REFUSED", VERDICT_FAIL, "the chip refuses a payment command", REJECT},
	{"PAY-SPENT", VERDICT_FAIL,
		"an earlier factory payment went wrong, and the job authorizes no other",
		"terminate the unit (payjig card terminate)"},
	{"PAY-TAC", VERDICT_FAIL, "the chip's TAC is wrong", REJECT},
	{"PAY-TIME", VERDICT_FAIL, "the purchase takes too long", REJECT},
	{"PAY-TORN", VERDICT_FAIL, "after a lost answer, balance and proof disagree", REJECT},
	{"PERSO-ALREADY", VERDICT_FAIL, "the unit is personalized already", "keep the unit aside"},
	{"PERSO-AUTH", VERDICT_FAIL, "the chip does not hold the transport keys", REJECT},
	{"PERSO-DEFAULT-KEY", VERDICT_FAIL, "a published default key is still in the chip", REJECT},
	{"PERSO-LOST", VERDICT_FAIL, "the chip forgot or altered what was stored", REJECT},
	{"PERSO-OPEN", VERDICT_FAIL, "the chip lets key files be read", REJECT},
	{"PERSO-RECEIPT", VERDICT_FAIL, "the chip's receipt for its card data is wrong", REJECT},
	{"PERSO-REFUSED", VERDICT_FAIL, "the chip refuses the personalization", REJECT},
	{"PERSO-TEST-KEY", VERDICT_FAIL, "a test key is still in the chip", REJECT},
	{"PLUG-PINOUT", VERDICT_FAIL, "microphone and ground are exchanged on the plug", REWORK},
	{"PWR-CURRENT", VERDICT_FAIL, "the unit takes a wrong current", REJECT},
	{"PWR-RESET", VERDICT_FAIL, "the unit restarts in the middle of the test", REJECT},
	{"PWR-SHORT", VERDICT_FAIL, "the unit shorts its supply", REJECT},
	/* not the unit */
	{"CARD-NONE", VERDICT_ERROR, "the job has no card for this unit", "ask for a new job"},
	{"CARD-PAYMENT", VERDICT_ERROR, "the job does not authorize this payment",
		"call the engineer"},
	{"CARD-STATE", VERDICT_ERROR, "the state of the unit's card does not allow this",
		"look at payjig card list"},
	{"JIG-ACTUATOR", VERDICT_ERROR, "no key of the slot closes: the actuator is weak", SERVICE},
	{"JIG-CALIBRATION", VERDICT_ERROR, "the jig's calibration is due",
		"have the jig calibrated"},
	{"JIG-DUTY", VERDICT_ERROR, "the actuator must cool down", AGAIN},
	{"JIG-ESTOP", VERDICT_ERROR, "the emergency stop is pressed",
		"clear the danger, then release it"},
	{"JIG-GONE", VERDICT_ERROR, "the jig is gone", "check the jig's cable and power"},
	{"JIG-IDENTITY", VERDICT_ERROR, "this is not the jig of the fixture file", SERVICE},
	{"JIG-LID", VERDICT_ERROR, "the lid is open", "close the lid and test the unit again"},
	{"JIG-LIFE", VERDICT_ERROR, "a part of the jig has reached its life limit",
		"replace the part"},
	{"JIG-PLUG", VERDICT_ERROR, "the plug is not fully in", "reseat the unit"},
	{"JIG-PROTOCOL", VERDICT_ERROR, "the jig talks nonsense", SERVICE},
	{"JIG-REFERENCE", VERDICT_ERROR, "the jig measures its reference resistors wrongly",
		SERVICE},
	{"JIG-REFUSED", VERDICT_ERROR, "the jig refuses a command", SERVICE},
	{"JIG-RESET", VERDICT_ERROR, "the jig restarted", SERVICE},
	{"JIG-TIMEOUT", VERDICT_ERROR, "the jig does not answer in time", SERVICE},
	{"TOOL-CONFIG", VERDICT_ERROR, "the station's configuration is wrong", "call the engineer"},
	{"TOOL-KEYS", VERDICT_ERROR, "the station's keys can't be used", "call the engineer"},
	{"TOOL-STATION", VERDICT_ERROR, "the station ended while the unit was in work", AGAIN},
	{"TOOL-STORE", VERDICT_ERROR, "the record can't be written",
		"call the engineer; start no unit"},
	{"TOOL-TIMEOUT", VERDICT_ERROR, "the test did not end within its deadline", AGAIN},
	{"TOOL-WORKER", VERDICT_ERROR, "the test process of the slot failed", AGAIN},
	/* the operator */
	{"ABORTED", VERDICT_ABORT, "the operator ended the test", AGAIN},
};

const struct code *code_find(const char *code)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (!strcmp(codes[i].code, code))
			return &codes[i];
	return NULL;
}

const struct code *code_table(size_t *n)
{
	*n = sizeof(codes) / sizeof(codes[0]);
	return codes;
}
