/* What a prompt looks like, in a few characters. At most 4 rows of 14 columns. */
#include "screen/private.h"

#include <string.h>

static const struct {
	const char *prompt;
	const char *rows[5];
} pictures[] = {
	{"keys", {" .----------.", " | [+] (o)  |", " | [-]      |", " '----------'"}},
	{"led", {"   \\  |  /", "  -- (?) --", "   /  |  \\", NULL}},
	{"plug", {"          ___", " ===|=|=||   |", "   <-->  |___|", NULL}},
};

const char *const *picture_of(const char *prompt)
{
	static const char *const none[] = {NULL};

	for (size_t i = 0; i < sizeof(pictures) / sizeof(pictures[0]); i++)
		if (!strcmp(pictures[i].prompt, prompt))
			return pictures[i].rows;
	return none;
}
