/*
 * issue STORE STATE STATION.key JOB PREFIX N: takes the next N units of a job through the ledger;
 * one in ten fails and is destroyed by two persons.
 */
#include "driver.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	struct signer *signer = NULL;
	struct store *store = NULL;
	struct err err = {0};
	int ret = argc == 7 ? signer_open(&signer, argv[3], &err) : -1;

	if (ret == 0)
		ret = store_open(&store,
			&(struct store_options){
				.path = argv[1], .signer = signer, .state = argv[2]},
			&err);
	for (int i = 0; ret == 0 && i < atoi(argv[6]); i++) {
		char serial[32], card[CARD_NUMBER];
		bool bad = i % 10 == 3;
		json_t *act;

		snprintf(serial, sizeof(serial), "%.8s%06d", argv[5], i);
		ret = driver_attempt(store, argv[4], &(struct driver_unit){.serial = serial},
			bad ? DRIVER_FAIL : DRIVER_PASS, card, &err);
		if (ret < 0 || !bad)
			continue;
		act = json_pack("{ss, ss, s[s, s], ss}", "act", "destroy", "unit", serial,
			"persons", "Ann", "Bob", "reason", "a test");
		ret = store_act(store, act, &err);
		json_decref(act);
	}
	if (ret < 0)
		fprintf(stderr, "issue: %s\n", err.text);
	store_close(store);
	signer_close(signer);
	return ret < 0;
}
