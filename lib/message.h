#ifndef MESSAGE_H
#define MESSAGE_H

/*
 * What a program says to whoever has called it: one line on stderr, of at most
 * 8,191 bytes, like printf without the '\n'.  What a terminal would obey
 * becomes '?', wherever it has come from.
 */
void message_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
