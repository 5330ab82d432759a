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

/* Twelve hex digits. */
static int read_address(const char *text, char address[LABEL_ADDRESS], struct err *err)
{
	size_t n = 0;

	for (size_t i = 0; i < 12; i++) {
		if (!isxdigit((unsigned char)text[i]))
			return err_set(err, E_CONFIG,
				N_("behind the @ stands the unit's address, 12 hex digits"));
		if (i && i % 2 == 0)
			address[n++] = ':';
		address[n++] = (char)toupper((unsigned char)text[i]);
	}
	address[n] = '\0';
	return text[12] ? err_set(err, E_CONFIG,
				  N_("behind the @ stands the unit's address, 12 hex digits"))
			: 0;
}

int label_read(const char *text, struct label *label, struct err *err)
{
	const char *colon = strchr(text, ':'), *at, *wrong;
	char number[4] = "";
	int64_t n = 0;

	*label = (struct label){0};
	if (colon) {
		if ((size_t)(colon - text) < sizeof(number))
			memcpy(number, text, (size_t)(colon - text));
		if (num_integer(number, &n) < 0 || n < 1 || n > FIXTURE_SLOTS)
			return err_set(
				err, E_CONFIG, N_("before the colon stands the number of a slot"));
		label->slot = (unsigned)n;
		text = colon + 1;
	}
	at = strchr(text, '@');
	if (at && read_address(at + 1, label->address, err) < 0)
		return E_CONFIG;
	n = at ? at - text : (int64_t)strlen(text);
	if (n < LABEL_TEXT)
		memcpy(label->serial, text, (size_t)n);
	wrong = label_wrong(label->serial);
	return wrong ? err_set(err, E_CONFIG, "%s", wrong) : 0;
}
