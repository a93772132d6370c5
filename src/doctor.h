#ifndef DOCTOR_H
#define DOCTOR_H

/*
 * `usherctl doctor`: asks HAProxy's stats socket, and prints what keeps
 * usher's replies from taking effect there.
 */
enum doctor_form { DOCTOR_TEXT, DOCTOR_JSON, DOCTOR_SILENT };

/*
 * `where` as hasocket.h has it.  What usherctl ends with: COMMAND_EXIT_DONE,
 * _ERROR where something is wrong, _UNREACHABLE with a sentence on stderr.
 */
int doctor_run(const char *where, enum doctor_form form);

#endif
