/* Lab 0.26: a server of one line at a time. */
#pragma once

/* Accepts one connection of the listening socket and answers every line (bytes up to and with '\n';
 * the last one may lack it) with the same line, a to z as A to Z, until the client has no more.
 * Returns the number of lines; -1: there was no connection. The listener stays open. */
int serve_one(int listener);
