#include "screen/model.h"
#include "messages/messages.h"

#include <stdio.h>
#include <string.h>

void model_init(struct model *m)
{
	*m = (struct model){0};
}

void model_finish(struct model *m)
{
	for (size_t i = 0; i < m->tile_n; i++)
		json_decref(m->tiles[i].ended);
}

void model_forget(struct model *m)
{
	model_finish(m);
	model_init(m);
}

static void copy(char *out, size_t size, const json_t *event, const char *member)
{
	snprintf(out, size, "%s", message_string(event, member));
}

#define COPY(out, event, member) copy(out, sizeof(out), event, member)

struct tile *model_tile(struct model *m, int slot)
{
	for (size_t i = 0; i < m->tile_n; i++)
		if (m->tiles[i].slot == slot)
			return &m->tiles[i];
	return NULL;
}

static struct tile *tile_of(struct model *m, const json_t *event)
{
	int slot = (int)message_integer(event, "slot");
	struct tile *t = model_tile(m, slot);

	if (t || slot < 1 || slot > FIXTURE_SLOTS || m->tile_n == FIXTURE_SLOTS)
		return t;
	t = &m->tiles[m->tile_n++];
	*t = (struct tile){.slot = slot, .ended = json_array()};
	return t;
}

/* ---- events ---- */

static void on_station(struct model *m, const json_t *e, int64_t now_ms)
{
	(void)now_ms;
	COPY(m->state, e, "state");
	COPY(m->job, e, "job");
	COPY(m->plan, e, "plan");
	COPY(m->product, e, "product");
	COPY(m->paused, e, "paused");
	COPY(m->code, e, "code");
	COPY(m->cause, e, "error");
	m->lab = json_is_true(json_object_get(e, "lab"));
	m->production = json_is_true(json_object_get(e, "production"));
	m->connected = true;
}

static enum tile_state state_of(const char *word)
{
	static const struct {
		const char *word;
		enum tile_state state;
	} states[] = {{"starting", TILE_STARTING}, {"idle", TILE_IDLE}, {"waiting", TILE_WAITING},
		{"asking", TILE_WORKING}, {"working", TILE_WORKING}, {"ending", TILE_WORKING},
		{"broken", TILE_BROKEN}};

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (!strcmp(states[i].word, word))
			return states[i].state;
	return TILE_NONE;
}

static void forget_verdict(struct tile *t)
{
	t->verdict[0] = t->code[0] = t->cause[0] = t->action[0] = '\0';
}

static void begin(struct tile *t, int64_t begun_ms)
{
	forget_verdict(t);
	t->begun_ms = begun_ms;
	t->step[0] = '\0';
	t->at = t->done = t->steps = 0;
	t->prompt = NULL;
	json_array_clear(t->ended);
}

/* The verdict stays until the next unit is in the slot. */
static void set_present(struct tile *t, bool present)
{
	if (present && !t->present && t->state != TILE_NONE)
		forget_verdict(t);
	t->present = present;
	if (t->state == TILE_IDLE && !t->verdict[0])
		t->label[0] = '\0';
}

static void on_slot(struct model *m, const json_t *e, int64_t now_ms)
{
	struct tile *t = tile_of(m, e);
	enum tile_state was;

	if (!t)
		return;
	was = t->state;
	t->state = state_of(message_string(e, "state"));
	COPY(t->link, e, "link");
	COPY(t->broken, e, "error");
	if (json_object_get(e, "label"))
		COPY(t->label, e, "label");
	if (t->state == TILE_WORKING && was != TILE_WORKING) {
		begin(t, now_ms);
		if (!json_object_get(e, "label"))
			t->label[0] = '\0';
	}
	if (was == TILE_NONE)
		t->present = json_is_true(json_object_get(e, "present"));
	set_present(t, json_is_true(json_object_get(e, "present")));
}

static void on_presence(struct model *m, const json_t *e, int64_t now_ms)
{
	struct tile *t = tile_of(m, e);

	(void)now_ms;
	if (t)
		set_present(t, json_is_true(json_object_get(e, "present")));
}

static void on_unit_begin(struct model *m, const json_t *e, int64_t now_ms)
{
	struct tile *t = tile_of(m, e);

	if (!t)
		return;
	begin(t, now_ms - message_integer(e, "ms"));
	COPY(t->label, e, "label");
	t->attempt = message_integer(e, "attempt");
	t->attempt_try = (int)message_integer(e, "try");
}

static void on_step_begin(struct model *m, const json_t *e, int64_t now_ms)
{
	struct tile *t = tile_of(m, e);

	(void)now_ms;
	if (!t)
		return;
	COPY(t->step, e, "step");
	t->at = t->done = (int)message_integer(e, "position");
	t->steps = (int)message_integer(e, "steps");
}

static void on_step_end(struct model *m, const json_t *e, int64_t now_ms)
{
	struct tile *t = tile_of(m, e);

	(void)now_ms;
	if (!t)
		return;
	t->done = (int)message_integer(e, "position") + 1;
	json_array_append_new(t->ended, json_deep_copy(e));
}

static void on_unit_end(struct model *m, const json_t *e, int64_t now_ms)
{
	struct tile *t = tile_of(m, e);

	(void)now_ms;
	if (!t)
		return;
	COPY(t->label, e, "label");
	COPY(t->verdict, e, "verdict");
	COPY(t->code, e, "code");
	COPY(t->cause, e, "cause");
	COPY(t->action, e, "action");
	t->took_ms = message_integer(e, "ms");
	t->attempt = message_integer(e, "attempt");
	t->attempt_try = (int)message_integer(e, "try");
	t->prompt = NULL;
}

static void on_prompt(struct model *m, const json_t *e, int64_t now_ms)
{
	struct tile *t = tile_of(m, e);

	if (!t)
		return;
	t->prompt = prompt_find(message_string(e, "prompt"));
	t->prompt_since_ms = now_ms;
	t->prompt_until_ms = now_ms + message_integer(e, "timeout_ms");
}

static void on_prompt_end(struct model *m, const json_t *e, int64_t now_ms)
{
	struct tile *t = tile_of(m, e);

	(void)now_ms;
	if (t)
		t->prompt = NULL;
}

static void on_counts(struct model *m, const json_t *e, int64_t now_ms)
{
	const struct {
		const char *member;
		int64_t *to;
	} numbers[] = {
		{"pass", &m->counts.pass},
		{"fail", &m->counts.fail},
		{"error", &m->counts.error},
		{"abort", &m->counts.abort},
		{"first", &m->counts.first},
		{"first_pass", &m->counts.first_pass},
		{"per_hour", &m->counts.per_hour},
		{"cards_left", &m->counts.cards_left},
		{"expected_ms", &m->counts.expected_ms},
	};

	(void)now_ms;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		*numbers[i].to = message_integer(e, numbers[i].member);
	COPY(m->counts.shift, e, "shift");
	m->counts.known = true;
}

static void on_session(struct model *m, const json_t *e, int64_t now_ms)
{
	(void)now_ms;
	COPY(m->person, e, "name");
	COPY(m->role, e, "role");
}

static void on_unsettled(struct model *m, const json_t *e, int64_t now_ms)
{
	(void)e;
	(void)now_ms;
	m->unsettled++;
}

bool model_event(struct model *m, const json_t *event, int64_t now_ms)
{
	static const struct {
		const char *type;
		void (*take)(struct model *m, const json_t *e, int64_t now_ms);
	} events[] = {
		{"counts", on_counts},
		{"presence", on_presence},
		{"prompt", on_prompt},
		{"prompt_end", on_prompt_end},
		{"session", on_session},
		{"slot", on_slot},
		{"station", on_station},
		{"step_begin", on_step_begin},
		{"step_end", on_step_end},
		{"unit_begin", on_unit_begin},
		{"unit_end", on_unit_end},
		{"unsettled", on_unsettled},
	};

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		if (strcmp(events[i].type, message_type(event)) != 0)
			continue;
		events[i].take(m, event, now_ms);
		return true;
	}
	return false;
}

bool model_moves(const struct model *m)
{
	for (size_t i = 0; i < m->tile_n; i++)
		if (m->tiles[i].state == TILE_WORKING)
			return true;
	return false;
}
