/* What is there, what is missing, and how to fix it. */
#include "screen/private.h"

static void fill(struct screen *s, const json_t *data)
{
	const json_t *list = json_object_get(data, "findings"), *f;
	char text[ROW];
	size_t i;

	json_array_foreach(list, i, f)
	{
		bool fine = json_is_true(json_object_get(f, "fine"));
		char what[PADDED];

		page_add(&s->page, fine ? ROLE_PASS : ROLE_FAIL, "%s %s %s", fine ? "✔" : "✘",
			draw_padded(_(message_string(f, "what")), 20, what, sizeof(what)),
			words_sentence(message_string(f, "detail"), text, sizeof(text)));
		if (!fine)
			page_add(&s->page, ROLE_STRONG, "    → %s", _(message_string(f, "fix")));
	}
}

const struct panel panel_doctor = {.title = N_("doctor"),
	.letter = 'd',
	.question = "doctor",
	.fill = fill,
	.keys = N_("Esc back")};
