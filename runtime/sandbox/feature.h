/* What this machine has: each feature is tried, not looked up, in a child that is gone afterwards. */
#ifndef KRUX_FEATURE_H
#define KRUX_FEATURE_H

#include <stdbool.h>
#include <stddef.h>

enum feature_need { FEATURE_NEEDED, FEATURE_WAIVABLE, FEATURE_COMMANDS, FEATURE_CONNECTS, FEATURE_LIMITS, FEATURE_WORKSPACE, FEATURE_SECOND, FEATURE_UNUSED, FEATURE_NEEDS };

enum feature_number {
#define FEATURE(need, name, try, loses, get) FEATURE_IS_##try,
#include "runtime/sandbox/features.def"
#undef FEATURE
	FEATURES
};

struct feature {
	enum feature_need need;
	const char *name, *loses, *get;
	/* 0: it is there; -1 with errno. Runs in a child of its own and may leave it in any state. */
	int (*try)(void);
};
extern const struct feature feature_list[FEATURES];
const char *feature_need_word(enum feature_need);

struct features {
	int no[FEATURES];              /* 0: present; else why not, an errno */
	int landlock_abi;              /* 0: none */
	bool root;                     /* tried as root, for calls as root */
};
/* Tries them all, one child each. 0, or -1 with errno: a child could not be made. */
int features_try(struct features *);
/* The operator named it, or what comes before its dot. NULL-terminated. */
bool feature_is_waived(enum feature_number, const char *const *waived);
/* The same of a name, for who has no code that tries features. */
bool feature_name_is_waived(const char *name, const char *const *waived);
/* Something is refused without it unless the operator names it. */
bool feature_is_waivable(enum feature_number);
/* A feature that is waivable has this name. */
bool feature_can_be_waived(const char *name);
/* Tries one in the same way. */
int feature_try(enum feature_number, int *no);

#endif
