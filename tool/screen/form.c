/* A few fields in a box in the middle: names, passwords, reasons. */
#include "core/secret.h"
#include "screen/private.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

bool type_into(char *text, size_t size, int32_t key)
{
	size_t n = strlen(text);
	mbstate_t state = {0};
	char bytes[8];
	size_t length;

	if (key == 127 || key == '\b' || key == KEY_OF + KEY_BACKSPACE) {
		while (n && (text[n - 1] & 0xC0) == 0x80)
			n--;
		text[n ? n - 1 : 0] = '\0';
		return true;
	}
	if (key < ' ' || key >= KEY_OF || key == 127)
		return false;
	length = wcrtomb(bytes, (wchar_t)key, &state);
	if (length != (size_t)-1 && n + length < size) {
		memcpy(text + n, bytes, length);
		text[n + length] = '\0';
	}
	return true;
}

void form_open(
	struct screen *s, const char *title, const char *note, void (*done)(struct screen *s))
{
	form_close(s);
	s->form.title = title;
	s->form.done = done;
	snprintf(s->form.note, sizeof(s->form.note), "%s", note);
}

void form_field(struct screen *s, const char *label, bool secret)
{
	s->form.fields[s->form.field_n++] = (struct field){.label = label, .secret = secret};
}

void form_close(struct screen *s)
{
	secret_wipe(&s->form, sizeof(s->form));
}

static void draw_field(const struct form *f, size_t i, int y, struct area box, int label_w)
{
	struct area a = {y, box.x + 3 + label_w, 1, box.w - 6 - label_w};
	char stars[FIELD] = "";
	const char *text = f->fields[i].text;

	draw_text(y, box.x + 2, label_w, f->at == i ? ROLE_STRONG : ROLE_PLAIN,
		_(f->fields[i].label));
	draw_fill(a, ROLE_INPUT);
	if (f->fields[i].secret) {
		memset(stars, '*', strlen(text));
		text = stars;
	}
	while (*text && draw_columns(text) > a.w - 1) /* its end is seen */
		for (text++; (*text & 0xC0) == 0x80;)
			text++;
	draw_text(a.y, a.x, a.w, ROLE_INPUT, text);
	if (f->at == i)
		draw_text(a.y, a.x + draw_columns(text), 1, ROLE_CHOSEN, " ");
}

void form_draw(struct screen *s, struct area a)
{
	const struct form *f = &s->form;
	struct area box = {0, 0, (int)f->field_n + 6, a.w < 64 ? a.w : 64};
	char note[ROW];
	int label_w = 0;

	box.y = a.y + (a.h - box.h) / 2;
	box.x = a.x + (a.w - box.w) / 2;
	for (size_t i = 0; i < f->field_n; i++)
		if (draw_columns(_(f->fields[i].label)) > label_w)
			label_w = draw_columns(_(f->fields[i].label));
	draw_fill(box, ROLE_PLAIN);
	draw_border(box, BORDER_HEAVY, ROLE_STRONG);
	draw_format(box.y, box.x + 2, box.w - 4, ROLE_STRONG, " %s ", _(f->title));
	draw_wrapped((struct area){box.y + 1, box.x + 2, 2, box.w - 4}, ROLE_ASKS,
		words_sentence(f->note, note, sizeof(note)));
	for (size_t i = 0; i < f->field_n; i++)
		draw_field(f, i, box.y + 3 + (int)i, box, label_w);
	draw_text(box.y + box.h - 2, box.x + 2, box.w - 4, ROLE_DIM,
		_("Enter: on   Tab: next field   Esc: leave it   F7: language"));
}

void form_key(struct screen *s, int32_t key)
{
	struct form *f = &s->form;

	if (key == SCREEN_ESCAPE) {
		form_close(s);
	} else if (key == KEY_OF + KEY_F(7)) {
		screen_language(s);
	} else if (key == '\t' || key == KEY_OF + KEY_DOWN) {
		f->at = (f->at + 1) % f->field_n;
	} else if (key == KEY_OF + KEY_UP || key == KEY_OF + KEY_BTAB) {
		f->at = (f->at + f->field_n - 1) % f->field_n;
	} else if (key == SCREEN_ENTER) {
		if (++f->at < f->field_n)
			return;
		f->at = f->field_n - 1;
		f->done(s);
	} else {
		type_into(f->fields[f->at].text, FIELD, key);
	}
}
