/* Lab 0.29: a store of words that survives its process. */
#pragma once

enum { STORE_KEYS = 64, STORE_WORD = 31 }; /* at most; bytes of a word, at most */

/* Serves one client, which speaks in lines of words:
 *
 *     put KEY VALUE    answered by "ok" once the record is in the journal, where no end of the
 *                      process can take it away
 *     get KEY          answered by the value put last, or by "none"
 *
 * `journal` is a file in the working directory that the process before may have left, and which is
 * made where it is missing. A last line of it that has no end was never acknowledged: it does not
 * count, and what comes next must not be glued to it. Returns the number of keys once the client
 * has ended; -1 where the journal cannot be used. The listener stays open. */
int store_serve(int listener, const char *journal);
