/* Link "jack": a wired headset on 3.5 mm, through the jig's audio modem (asked of the station). */
#ifndef LINK_JACK_H
#define LINK_JACK_H

#include "link/link.h"

extern const struct link_driver link_jack;

#endif
