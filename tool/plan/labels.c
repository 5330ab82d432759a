#include "plan/labels.h"
#include "core/num.h"
#include "core/words.h"
#include "plan/fixture.h"

#include <ctype.h>
#include <string.h>

const char *label_wrong(const char *label)
{
	size_t n = strlen(label);

	if (n < 1 || n >= LABEL_TEXT)
		return N_("a label has 1 to 16 characters");
	for (; *label; label++)
		if (!isalnum((unsigned char)*label) && *label != '-')
			return N_("a label has letters, digits and '-' only");
	return NULL;
}

int label_read(const char *text, unsigned *slot, const char **label, struct err *err)
{
	const char *colon = strchr(text, ':'), *wrong;
	char number[4] = "";
	int64_t n = 0;

	*slot = 0;
	*label = colon ? colon + 1 : text;
	if (colon) {
		if ((size_t)(colon - text) < sizeof(number))
			memcpy(number, text, (size_t)(colon - text));
		if (num_integer(number, &n) < 0 || n < 1 || n > FIXTURE_SLOTS)
			return err_set(
				err, E_CONFIG, N_("before the colon stands the number of a slot"));
		*slot = (unsigned)n;
	}
	wrong = label_wrong(*label);
	return wrong ? err_set(err, E_CONFIG, "%s", wrong) : 0;
}
