#include "plan/codes.h"
#include "core/words.h"

#include <string.h>

#define REJECT	N_("put the unit into the reject bin")
#define REWORK	N_("send the unit to rework")
#define AGAIN	N_("test the unit again")
#define SERVICE N_("call the technician; the unit is not blamed")

/* Alphabetical within each verdict. */
static const struct code codes[] = {
	/* the unit */
	{"APDU-CHAIN", VERDICT_FAIL,
		N_("the chip answers with an endless or wrong GET RESPONSE chain"), REJECT},
	{"APDU-LENGTH", VERDICT_FAIL, N_("the chip's answer has the wrong length"), REJECT},
	{"APDU-TIME", VERDICT_FAIL, N_("the chip answers a command too late"), REJECT},
	{"BTN-BOUNCE", VERDICT_FAIL, N_("a key bounces for too long"), REWORK},
	{"BTN-DEAD", VERDICT_FAIL, N_("a key does not close"), REWORK},
	{"BTN-DOUBLE", VERDICT_FAIL, N_("one press of a key is seen twice"), REWORK},
	{"BTN-GHOST", VERDICT_FAIL, N_("a key closes although nobody presses it"), REWORK},
	{"BTN-MISS", VERDICT_FAIL, N_("a key misses presses"), REWORK},
	{"BTN-OHM", VERDICT_FAIL, N_("a key's resistance is out of limits"), REWORK},
	{"BTN-RELEASE", VERDICT_FAIL, N_("a key opens too late after its release"), REWORK},
	{"BTN-STUCK", VERDICT_FAIL, N_("a key is stuck closed"), REWORK},
	{"BTN-SWAP", VERDICT_FAIL, N_("two keys are swapped"), REWORK},
	{"BTN-USAGE", VERDICT_FAIL, N_("a key reports itself as another kind of key"), REWORK},
	{"BLOCK-FAILED", VERDICT_FAIL, N_("the unit can't be terminated"),
		N_("keep it locked away; two persons destroy it (payjig card destroy)")},
	{"CARD-DUPLICATE", VERDICT_FAIL, N_("the unit claims a card that another unit holds"),
		N_("keep the unit aside, call the engineer")},
	{"CARD-TERMINATED", VERDICT_FAIL, N_("the unit is blocked for ever and its card spoiled"),
		N_("put the unit into the scrap bin")},
	{"EAR-OHM", VERDICT_FAIL, N_("a speaker's resistance is out of limits"), REWORK},
	{"ID-FIRMWARE", VERDICT_FAIL, N_("the unit has the wrong firmware"), REWORK},
	{"ID-MODEL", VERDICT_FAIL, N_("the unit is another model"), N_("sort the unit out")},
	{"ID-REFUSED", VERDICT_FAIL, N_("the unit refuses to identify itself"), REJECT},
	{"ID-SERIAL", VERDICT_FAIL, N_("label and unit have different serial numbers"),
		N_("check the label")},
	{"LINK-CAPACITY", VERDICT_FAIL, N_("the unit's interface can't carry a whole command"),
		REJECT},
	{"LINK-BOOT", VERDICT_FAIL, N_("the unit takes too long to start"), REJECT},
	{"LINK-DEAD", VERDICT_FAIL, N_("the unit does not answer"), REJECT},
	{"LINK-GONE", VERDICT_FAIL, N_("the unit stopped answering in the middle of the test"),
		REJECT},
	{"LINK-PROTOCOL", VERDICT_FAIL, N_("the unit's data channel is disturbed"), REJECT},
	{"MIC-OHM", VERDICT_FAIL, N_("the microphone's resistance is out of limits"), REWORK},
	{"MIC-OPEN", VERDICT_FAIL, N_("the microphone is not connected"), REWORK},
	{"MIC-SHORT", VERDICT_FAIL, N_("microphone shorted or key A stuck"), REWORK},
	{"OPERATOR-NO", VERDICT_FAIL, N_("the operator sees that the unit is not right"), REWORK},
	{"PAY-ACCEPTS-BAD-MAC1", VERDICT_FAIL, N_("the chip accepts a purchase with a wrong MAC1"),
		REJECT},
	{"PAY-ACCEPTS-NO-INIT", VERDICT_FAIL,
		N_("the chip accepts a purchase that was not initialized"), REJECT},
	{"PAY-ACCEPTS-REPLAY", VERDICT_FAIL, N_("the chip accepts the same purchase twice"),
		REJECT},
	{"PAY-ALGORITHM", VERDICT_FAIL, N_("the chip names the wrong algorithm"), REJECT},
	{"PAY-BALANCE", VERDICT_FAIL, N_("the balance is not what it must be"), REJECT},
	{"PAY-COUNTER", VERDICT_FAIL, N_("a transaction counter does not count by one"), REJECT},
	{"PAY-KEY-VERSION", VERDICT_FAIL, N_("the chip names the wrong key version"), REJECT},
	{"PAY-LOAD-MAC", VERDICT_FAIL, N_("the chip's MAC1 of the load is wrong"), REJECT},
	{"PAY-LOG", VERDICT_FAIL, N_("the transaction log is wrong"), REJECT},
	{"PAY-MAC1-REFUSED", VERDICT_FAIL, N_("the chip refuses a correct MAC1"), REJECT},
	{"PAY-MAC2", VERDICT_FAIL, N_("the chip's MAC2 is wrong"), REJECT},
	{"PAY-PROVE", VERDICT_FAIL, N_("the chip's proof of the transaction is wrong"), REJECT},
	{"PAY-RANDOM", VERDICT_FAIL, N_("the chip's random numbers are not random"), REJECT},
	{"PAY-REFUSED", VERDICT_FAIL, N_("the chip refuses a payment command"), REJECT},
	{"PAY-SPENT", VERDICT_FAIL,
		N_("an earlier factory payment went wrong, and the job authorizes no other"),
		N_("terminate the unit (payjig card terminate)")},
	{"PAY-TAC", VERDICT_FAIL, N_("the chip's TAC is wrong"), REJECT},
	{"PAY-TIME", VERDICT_FAIL, N_("the purchase takes too long"), REJECT},
	{"PAY-TORN", VERDICT_FAIL, N_("after a lost answer, balance and proof disagree"), REJECT},
	{"PERSO-ALREADY", VERDICT_FAIL, N_("the unit is personalized already"),
		N_("keep the unit aside")},
	{"PERSO-AUTH", VERDICT_FAIL, N_("the chip does not hold the transport keys"), REJECT},
	{"PERSO-DEFAULT-KEY", VERDICT_FAIL, N_("a published default key is still in the chip"),
		REJECT},
	{"PERSO-LOST", VERDICT_FAIL, N_("the chip forgot or altered what was stored"), REJECT},
	{"PERSO-OPEN", VERDICT_FAIL, N_("the chip lets key files be read"), REJECT},
	{"PERSO-RECEIPT", VERDICT_FAIL, N_("the chip's receipt for its card data is wrong"),
		REJECT},
	{"PERSO-REFUSED", VERDICT_FAIL, N_("the chip refuses the personalization"), REJECT},
	{"PERSO-TEST-KEY", VERDICT_FAIL, N_("a test key is still in the chip"), REJECT},
	{"PLUG-PINOUT", VERDICT_FAIL, N_("microphone and ground are exchanged on the plug"),
		REWORK},
	{"PWR-CURRENT", VERDICT_FAIL, N_("the unit takes a wrong current"), REJECT},
	{"PWR-RESET", VERDICT_FAIL, N_("the unit restarts in the middle of the test"), REJECT},
	{"PWR-SHORT", VERDICT_FAIL, N_("the unit shorts its supply"), REJECT},
	/* not the unit */
	{"CARD-NONE", VERDICT_ERROR, N_("the job has no card for this unit"),
		N_("ask for a new job")},
	{"CARD-PAYMENT", VERDICT_ERROR, N_("the job does not authorize this payment"),
		N_("call the engineer")},
	{"CARD-STATE", VERDICT_ERROR, N_("the state of the unit's card does not allow this"),
		N_("look at payjig card list")},
	{"JIG-ACTUATOR", VERDICT_ERROR, N_("no key of the slot closes: the actuator is weak"),
		SERVICE},
	{"JIG-CALIBRATION", VERDICT_ERROR, N_("the jig's calibration is due"),
		N_("have the jig calibrated")},
	{"JIG-DUTY", VERDICT_ERROR, N_("the actuator must cool down"), AGAIN},
	{"JIG-ESTOP", VERDICT_ERROR, N_("the emergency stop is pressed"),
		N_("clear the danger, then release it")},
	{"JIG-GONE", VERDICT_ERROR, N_("the jig is gone"), N_("check the jig's cable and power")},
	{"JIG-IDENTITY", VERDICT_ERROR, N_("this is not the jig of the fixture file"), SERVICE},
	{"JIG-LID", VERDICT_ERROR, N_("the lid is open"),
		N_("close the lid and test the unit again")},
	{"JIG-LIFE", VERDICT_ERROR, N_("a part of the jig has reached its life limit"),
		N_("replace the part")},
	{"JIG-PLUG", VERDICT_ERROR, N_("the plug is not fully in"), N_("reseat the unit")},
	{"JIG-PROTOCOL", VERDICT_ERROR, N_("the jig talks nonsense"), SERVICE},
	{"JIG-REFERENCE", VERDICT_ERROR, N_("the jig measures its reference resistors wrongly"),
		SERVICE},
	{"JIG-REFUSED", VERDICT_ERROR, N_("the jig refuses a command"), SERVICE},
	{"JIG-RESET", VERDICT_ERROR, N_("the jig restarted"), SERVICE},
	{"JIG-TIMEOUT", VERDICT_ERROR, N_("the jig does not answer in time"), SERVICE},
	{"OPERATOR-LATE", VERDICT_ERROR, N_("the operator did not answer in time"), AGAIN},
	{"TOOL-CONFIG", VERDICT_ERROR, N_("the station's configuration is wrong"),
		N_("call the engineer")},
	{"TOOL-KEYS", VERDICT_ERROR, N_("the station's keys can't be used"),
		N_("call the engineer")},
	{"TOOL-STATION", VERDICT_ERROR, N_("the station ended while the unit was in work"), AGAIN},
	{"TOOL-STORE", VERDICT_ERROR, N_("the record can't be written"),
		N_("call the engineer; start no unit")},
	{"TOOL-TIMEOUT", VERDICT_ERROR, N_("the test did not end within its deadline"), AGAIN},
	{"TOOL-WORKER", VERDICT_ERROR, N_("the test process of the slot failed"), AGAIN},
	{"USB-ACCESS", VERDICT_ERROR, N_("the station may not open the unit's USB device"),
		N_("install the udev rule (payjig doctor says how)")},
	{"USB-HELD", VERDICT_ERROR, N_("another program holds the unit's USB interface"),
		N_("end that program (payjig doctor says which), then test again")},
	/* the operator */
	{"ABORTED", VERDICT_ABORT, N_("the operator ended the test"), AGAIN},
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
