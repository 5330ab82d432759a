/* The board: one tile a slot. */
#include "plan/codes.h"
#include "plan/titles.h"
#include "screen/private.h"

#include <stdio.h>
#include <string.h>

enum { TILE_W = 38, TILE_H = 9, TILE_MOST_W = 60, TILE_MOST_H = 13, STRIP_W = 4, READ_MS = 250 };

/* ---- what is in a tile ---- */

static void time_text(int64_t ms, char out[16])
{
	snprintf(out, 16, "%d:%02d", (int)(ms / 60000), (int)(ms / 1000 % 60));
}

/* What to do with the unit stands always at the bottom; the cause has the rest. */
static void draw_verdict(struct area in, const struct tile *t, enum role role)
{
	char text[ROW], line[ROW + 64];
	int big = draw_big(in.y, in.x + (in.w - (int)strlen(t->verdict) * 6 + 1) / 2, in.w, role,
			  t->verdict)
			  ? 5
			  : 0;
	struct area below = {in.y + big, in.x, in.h - big, in.w};

	if (!big)
		below.y += draw_text(in.y, in.x, in.w, role, t->verdict) ? 1 : 0;
	if (t->code[0]) {
		snprintf(line, sizeof(line), "%s: %s", t->code,
			words_sentence(t->cause, text, sizeof(text)));
		below.h--;
		draw_wrapped(below, role, line);
		below.h++;
	}
	draw_format(below.y + below.h - 1, in.x, in.w, ROLE_STRONG, "%s %s", "→", _(t->action));
}

static void draw_prompt(struct area in, const struct screen *s, const struct tile *t)
{
	const char *const *picture = picture_of(t->prompt->name);
	bool here = t->slot == s->chosen_slot;
	int64_t left = (t->prompt_until_ms - screen_now(s) + 999) / 1000;
	int y = in.y + 2, answers = 0;

	draw_wrapped((struct area){in.y, in.x, 2, in.w}, ROLE_ASKS, _(t->prompt->text));
	for (int i = 0; picture[i]; i++)
		draw_text(y + i, in.x, 14, ROLE_ASKS, picture[i]);
	for (; answers < PROMPT_ANSWERS && t->prompt->answers[answers]; answers++) {
		int x = in.x + 16;

		if (here)
			x += draw_format(y + answers, x, 3, ROLE_KEY, "F%d", answers + 1);
		else
			x += draw_text(y + answers, x, 3, ROLE_DIM, "- ");
		draw_format(y + answers, x, in.w - (x - in.x), ROLE_STRONG, " %s",
			_(t->prompt->answers[answers]));
	}
	draw_format(
		in.y + in.h - 1, in.x, in.w, ROLE_DIM, _("%d s left"), (int)(left > 0 ? left : 0));
}

static void draw_steps(struct area in, const struct tile *t)
{
	size_t n = json_array_size(t->ended), seen = in.h > 4 ? (size_t)in.h - 4 : 0;

	for (size_t i = n > seen ? n - seen : 0; i < n; i++) {
		const json_t *step = json_array_get(t->ended, i);
		const char *verdict = message_string(step, "verdict");

		draw_format(in.y + in.h - (int)(n - i), in.x, in.w, ROLE_DIM, "%s %s %.1f s",
			strcmp(verdict, "PASS") ? "✘" : "✔",
			_(step_title(message_string(step, "step"))),
			(double)message_integer(step, "ms") / 1000);
	}
}

static void draw_work(struct area in, const struct screen *s, const struct tile *t)
{
	char spent[16], expected[16];

	if (t->step[0])
		draw_format(in.y, in.x, in.w, ROLE_WORK, "%d/%d %s", t->at + 1, t->steps,
			_(step_title(t->step)));
	else
		draw_text(in.y, in.x, in.w, ROLE_WORK, _("begins"));
	draw_bar(in.y + 1, in.x, in.w, ROLE_WORK, t->done, t->steps);
	time_text(screen_now(s) - t->begun_ms, spent);
	time_text(s->model.counts.expected_ms, expected);
	if (s->model.counts.expected_ms)
		draw_format(in.y + 2, in.x, in.w, ROLE_PLAIN, _("%s of about %s"), spent, expected);
	else
		draw_text(in.y + 2, in.x, in.w, ROLE_PLAIN, spent);
	draw_steps(in, t);
}

static void draw_words(struct area in, enum role role, const char *text)
{
	draw_wrapped((struct area){in.y + in.h / 2 - 1, in.x, in.h / 2 + 1, in.w}, role, text);
}

static void draw_inside(struct area in, const struct screen *s, const struct tile *t)
{
	switch (t->state) {
	case TILE_NONE: break;
	case TILE_STARTING: draw_words(in, ROLE_DIM, _("is being started")); break;
	case TILE_WAITING: draw_words(in, ROLE_ASKS, _("put this unit into the slot")); break;
	case TILE_BROKEN: draw_words(in, ROLE_FAIL, t->broken); break;
	case TILE_WORKING:
		if (t->prompt)
			draw_prompt(in, s, t);
		else
			draw_work(in, s, t);
		break;
	case TILE_IDLE:
		if (t->verdict[0])
			draw_verdict(in, t, theme_verdict(t->verdict));
		else if (t->present)
			draw_words(in, ROLE_STRONG, _("scan the label of the unit"));
		else
			draw_words(in, ROLE_DIM, _("put a unit in"));
		break;
	}
}

static void look_of(const struct tile *t, enum border *border, enum role *role)
{
	static const enum border borders[ROLES] = {[ROLE_PASS] = BORDER_DOUBLE,
		[ROLE_FAIL] = BORDER_HEAVY,
		[ROLE_ERROR] = BORDER_DASHED};

	*role = ROLE_DIM;
	if (t->state == TILE_IDLE && t->verdict[0])
		*role = theme_verdict(t->verdict);
	else if (t->state == TILE_WORKING)
		*role = t->prompt ? ROLE_ASKS : ROLE_WORK;
	else if (t->state == TILE_WAITING)
		*role = ROLE_ASKS;
	else if (t->state == TILE_BROKEN)
		*role = ROLE_FAIL;
	*border = borders[*role];
}

static void draw_tile(struct area a, const struct screen *s, const struct tile *t)
{
	struct area in = {a.y + 1, a.x + 1, a.h - 2, a.w - 2};
	bool here = t->slot == s->chosen_slot;
	enum border border;
	enum role role;
	int x;

	look_of(t, &border, &role);
	draw_border(a, border, role);
	x = a.x + 1;
	x += draw_format(a.y, x, 4, here ? ROLE_CHOSEN : ROLE_STRONG, " %d ", t->slot);
	if (t->label[0])
		draw_format(a.y, x, a.w - 12, ROLE_STRONG, " %s ", t->label);
	draw_format(a.y, a.x + a.w - (int)strlen(t->link) - 3, (int)strlen(t->link) + 2, ROLE_DIM,
		" %s ", t->link);
	if (t->state == TILE_IDLE && t->verdict[0]) {
		char spent[16];

		time_text(t->took_ms, spent);
		draw_format(a.y + a.h - 1, a.x + 2, a.w - 4, role, _(" %s, attempt %d, %s "),
			_(t->verdict), t->attempt_try, spent);
	}
	draw_inside(in, s, t);
}

/* ---- the board ---- */

struct grid {
	int columns, rows, w, h;
};

/* As many columns as fit; tiles grow when there are few. */
static struct grid grid_of(struct area a, int tiles)
{
	struct grid g = {.columns = a.w / TILE_W, .rows = a.h / TILE_H};
	int rows;

	if (g.columns < 1)
		g.columns = 1;
	if (g.rows < 1)
		g.rows = 1;
	if (g.columns > tiles)
		g.columns = tiles > 0 ? tiles : 1;
	rows = (tiles + g.columns - 1) / g.columns;
	if (rows < 1)
		rows = 1;
	if (g.rows > rows)
		g.rows = rows;
	g.w = a.w / g.columns;
	g.h = a.h / g.rows;
	if (g.w > TILE_MOST_W)
		g.w = TILE_MOST_W;
	if (g.h > TILE_MOST_H)
		g.h = TILE_MOST_H;
	return g;
}

static int chosen_index(const struct screen *s)
{
	for (size_t i = 0; i < s->model.tile_n; i++)
		if (s->model.tiles[i].slot == s->chosen_slot)
			return (int)i;
	return 0;
}

/* Where there are more tiles than fit: every slot in one line, so that none is out of sight. */
static void draw_strip(const struct screen *s, int y, struct area a)
{
	static const char *const marks[] = {[TILE_NONE] = " ",
		[TILE_STARTING] = "…",
		[TILE_IDLE] = "·",
		[TILE_WAITING] = "w",
		[TILE_WORKING] = "▸",
		[TILE_BROKEN] = "X"};
	bool numbers = (int)s->model.tile_n * STRIP_W <= a.w; /* else one at every fifth */
	int x = a.x;

	for (size_t i = 0; i < s->model.tile_n; i++) {
		const struct tile *t = &s->model.tiles[i];
		const char *mark = marks[t->state];
		char verdict[2] = {t->verdict[0]};
		enum border border;
		enum role role;

		look_of(t, &border, &role);
		if (t->state == TILE_IDLE && t->verdict[0])
			mark = verdict;
		if (t->prompt)
			mark = "?";
		if (numbers || i % 5 == 0)
			x += draw_format(
				y, x, a.x + a.w - x, ROLE_DIM, "%s%d", i ? " " : "", t->slot);
		x += draw_text(
			y, x, a.x + a.w - x, t->slot == s->chosen_slot ? ROLE_CHOSEN : role, mark);
	}
}

static void draw(struct screen *s, struct area a)
{
	int n = (int)s->model.tile_n, at = chosen_index(s), shown;
	struct grid g;

	if (s->gone[0] || !strcmp(s->model.state, "stopped")) {
		stop_draw(s, a);
		return;
	}
	g = grid_of(a, n);
	shown = g.columns * g.rows;
	if (n > shown) {
		draw_strip(s, a.y, a);
		a.y++;
		a.h--;
		g = grid_of(a, n);
		shown = g.columns * g.rows;
	}
	if (at < s->first_tile || at >= s->first_tile + shown || s->first_tile % shown)
		s->first_tile = at / shown * shown;
	for (int i = 0; i < shown && s->first_tile + i < n; i++)
		draw_tile((struct area){a.y + i / g.columns * g.h, a.x + i % g.columns * g.w, g.h,
				  g.w},
			s, &s->model.tiles[s->first_tile + i]);
}

/* ---- keys ---- */

static void choose(struct screen *s, int by)
{
	int n = (int)s->model.tile_n, at = chosen_index(s) + by;

	if (!n)
		return;
	if (at < 0)
		at = 0;
	if (at >= n)
		at = n - 1;
	s->chosen_slot = s->model.tiles[at].slot;
}

static bool answer(struct screen *s, int32_t key)
{
	struct tile *t = model_tile(&s->model, s->chosen_slot);
	int i = key - (KEY_OF + KEY_F(1));

	if (i < 0 || i >= PROMPT_ANSWERS)
		return false;
	if (!t || !t->prompt || !t->prompt->answers[i])
		screen_notice(s, ROLE_NOTICE, N_("nothing is asked at this slot"));
	else if (screen_now(s) - t->prompt_since_ms < READ_MS)
		beep(); /* meant for what was there before: nobody has read this yet */
	else
		screen_send(s, json_pack("{ss, si, ss}", "type", "answer", "slot", t->slot,
				       "answer", t->prompt->answers[i]));
	return true;
}

static enum result key(struct screen *s, int32_t k)
{
	int columns = grid_of((struct area){0, 0, LINES - 5, COLS}, (int)s->model.tile_n).columns;
	const struct {
		int32_t key;
		int by;
	} moves[] = {{KEY_OF + KEY_LEFT, -1}, {KEY_OF + KEY_RIGHT, 1}, {KEY_OF + KEY_UP, -columns},
		{KEY_OF + KEY_DOWN, columns}, {KEY_OF + KEY_PPAGE, -2 * columns},
		{KEY_OF + KEY_NPAGE, 2 * columns}, {'\t', 1}, {KEY_OF + KEY_BTAB, -1},
		{KEY_OF + KEY_HOME, -FIXTURE_SLOTS}, {KEY_OF + KEY_END, FIXTURE_SLOTS}};

	for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++) {
		if (moves[i].key != k)
			continue;
		choose(s, moves[i].by);
		return HANDLED;
	}
	if (k == SCREEN_ENTER && s->model.tile_n) {
		unit_show_slot(s, &s->model.tiles[chosen_index(s)]);
		return HANDLED;
	}
	return answer(s, k) ? HANDLED : IGNORED;
}

const struct panel panel_board = {
	.title = N_("board"), .letter = 'b', .draw = draw, .key = key, .keys = N_("Enter look in")};
