/*
 * What the station has told so far: plain data, no drawing. Times are on the caller's clock (ms).
 */
#ifndef SCREEN_MODEL_H
#define SCREEN_MODEL_H

#include "plan/fixture.h"
#include "plan/prompts.h"
#include "plan/verdict.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum { MODEL_TEXT = 64, MODEL_CAUSE = 512 };

enum tile_state { TILE_NONE, TILE_STARTING, TILE_IDLE, TILE_WAITING, TILE_WORKING, TILE_BROKEN };

/* One slot. */
struct tile {
	int slot; /* 0: none */
	enum tile_state state;
	bool present;
	char link[16], label[MODEL_TEXT], broken[MODEL_CAUSE];
	/* the unit in work */
	int64_t begun_ms;
	char step[MODEL_TEXT];
	int at, done, steps; /* the step that runs, from 0; how many are done; of all */
	int attempt_try;
	json_t *ended; /* step_end events of this unit */
	/* what its step asks */
	const struct prompt *prompt;
	int64_t prompt_since_ms, prompt_until_ms;
	/* the last unit, until the next one is in the slot */
	char verdict[8], code[32], cause[MODEL_CAUSE], action[MODEL_CAUSE];
	int64_t took_ms, attempt;
};

struct model {
	char state[16], job[MODEL_TEXT], plan[MODEL_TEXT], product[MODEL_TEXT], paused[MODEL_TEXT];
	char code[32], cause[MODEL_CAUSE]; /* why the station is stopped */
	bool lab, production, connected;
	char person[MODEL_TEXT], role[16];
	struct {
		char shift[8];
		int64_t pass, fail, error, abort, first, first_pass, per_hour, cards_left,
			expected_ms;
		bool known;
	} counts;
	struct tile tiles[FIXTURE_SLOTS]; /* in the order the station names them */
	size_t tile_n;
	int unsettled; /* cards that were in work when the station started */
};

void model_init(struct model *model);
void model_finish(struct model *model);

/* A new connection: the station tells everything again. */
void model_forget(struct model *model);

/* Takes an event; true if the model knows its type. */
bool model_event(struct model *model, const json_t *event, int64_t now_ms);

struct tile *model_tile(struct model *model, int slot); /* NULL: there is no such slot */

/* Whether anything in it moves with the clock: a unit in work, a prompt. */
bool model_moves(const struct model *model);

#endif
