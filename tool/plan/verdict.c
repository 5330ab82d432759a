#include "plan/verdict.h"
#include "core/words.h"

#include <string.h>

static const char *const verdicts[] = {"NONE", N_("PASS"), N_("FAIL"), N_("ERROR"), N_("ABORT")};
static const char *const judgements[] = {"NONE", "PASS", N_("MARGINAL"), "FAIL"};

const char *verdict_word(enum verdict v)
{
	return verdicts[v];
}

enum verdict verdict_from_word(const char *word)
{
	for (int i = VERDICT_PASS; i <= VERDICT_ABORT; i++)
		if (!strcmp(verdicts[i], word))
			return (enum verdict)i;
	return VERDICT_NONE;
}

const char *judgement_word(enum judgement j)
{
	return judgements[j];
}

enum judgement limit_judge(const struct limit *limit, double value)
{
	if (!(value >= limit->low && value <= limit->high))
		return JUDGED_FAIL;
	if ((limit->low != 0 && value < limit->low + limit->marginal) ||
		value > limit->high - limit->marginal)
		return JUDGED_MARGINAL;
	return JUDGED_PASS;
}
