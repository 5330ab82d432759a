/* Why no unit starts: over the whole area, with what to do. */
#include "plan/codes.h"
#include "screen/private.h"

#include <string.h>

void stop_draw(struct screen *s, struct area a)
{
	const struct code *code = code_find(s->gone[0] ? "TOOL-STATION" : s->model.code);
	const char *cause = s->gone[0] ? s->gone : s->model.cause;
	struct area box = {a.y, a.x + (a.w - 70) / 2, a.h, 70};
	char text[ROW];
	int y;

	if (a.w < 70) {
		box.x = a.x;
		box.w = a.w;
	}
	draw_border(box, BORDER_DASHED, ROLE_ERROR);
	y = box.y + (box.h > 14 ? 3 : 1);
	draw_big(y, box.x + (box.w - 23) / 2, box.w - 2, ROLE_ERROR, "STOP");
	y += 6;
	if (!s->gone[0])
		draw_format(y++, box.x + 3, box.w - 6, ROLE_STRONG, "%s", s->model.code);
	y += draw_wrapped((struct area){y, box.x + 3, 3, box.w - 6}, ROLE_ERROR,
		words_sentence(cause, text, sizeof(text)));
	if (s->gone[0])
		draw_wrapped((struct area){y + 1, box.x + 3, 3, box.w - 6}, ROLE_STRONG,
			_("Units that were in work are made safe and recorded. Connecting again."));
	else if (code)
		draw_wrapped((struct area){y + 1, box.x + 3, 3, box.w - 6}, ROLE_STRONG,
			_(code->action));
	draw_wrapped((struct area){box.y + box.h - 3, box.x + 3, 2, box.w - 6}, ROLE_DIM,
		_("No unit starts; units in work were ended, none is blamed. d: doctor"));
}
