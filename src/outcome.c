#include "outcome.h"

static const struct {
	const char *word;
	const char *sentence;
	enum effect effect;
} outcomes[] = {
#define X(id, word, effect, sentence) { word, sentence, EFFECT_##effect },
	OUTCOMES(X)
#undef X
};

const char *outcome_word(enum outcome o)
{
	return outcomes[o].word;
}

const char *outcome_sentence(enum outcome o)
{
	return outcomes[o].sentence;
}

enum effect outcome_effect(enum outcome o)
{
	return outcomes[o].effect;
}

int outcome_closed(enum outcome o)
{
	return o == OUTCOME_REFUSED;
}
