/* The subcommands of `payjig job` that have files of their own. */
#ifndef CMD_JOB_H
#define CMD_JOB_H

int job_make(int argc, char **argv);

#endif
