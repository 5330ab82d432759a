/* The names of steps in plain words. */
#ifndef PLAN_TITLES_H
#define PLAN_TITLES_H

/* The step's name itself if it has no title. */
const char *step_title(const char *step);

#endif
