/* The places of a daemon that no agent may reach, as reach_check takes them. */
#ifndef KRUX_PLACES_H
#define KRUX_PLACES_H

struct krux_err;

enum { PLACES_MOST = 24 };

struct places {
	char *text[PLACES_MOST + 1];   /* NULL-terminated */
	unsigned n;
};

/* A file or folder; its last part need not be there yet. One that a link leads to is a second place. */
int places_add(struct places *, const char *what, const char *path, struct krux_err *err);
/* The folders that kruxrt and its programs are in. */
int places_programs(struct places *, struct krux_err *err);
void places_free(struct places *);

#endif
