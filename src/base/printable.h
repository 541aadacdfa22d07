/*
 * Text from outside that people are going to see.
 */
#ifndef SG_BASE_PRINTABLE_H
#define SG_BASE_PRINTABLE_H

/* Only what is printable in UTF-8 stays; each other byte becomes '?'. */
void sg_printable(char *text);

#endif
