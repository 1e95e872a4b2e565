/* Lab 0.28: a server that adds up what several clients say, and answers while they wait. */
#pragma once

enum { ADDER_CLIENTS = 8 }; /* at the same time, at most */

/* Accepts connections of the listening socket, at any time. A client sends lines, a decimal number
 * of at most 9 digits each, and gets back for each the sum of all numbers so far, of all clients,
 * as a line of its own, at once. A line may come in pieces, or several together. A client that ends
 * is closed; what it began and did not finish does not count. The line "stop" closes all of them.
 * Returns the sum. The listener stays open. */
long adder_serve(int listener);
