/* Who measures the ladder needs the data channel closed. */
#ifndef SLOT_AUDIO_H
#define SLOT_AUDIO_H

#include "slot/unit.h"

int audio_take(struct unit *u);

#endif
