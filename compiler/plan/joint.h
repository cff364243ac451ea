/* Two versions of a capability, by the calls that callers of both can make. */
#ifndef KRUX_JOINT_H
#define KRUX_JOINT_H

#include "compiler/dd/decision.h"

/* A call as it is sent, before defaults are filled in where the two do not fill in the same. */
struct joint {
	struct capability call;            /* the new one, with the input that both take */
	bool asked;                        /* the two differ */
	size_t ncommon;                    /* fields that both have: no call of both gives the others */
	bool widens;                       /* by itself, whatever is decided */
	struct krux_str what;              /* what was changed, and how */
	struct krux_str unequal;           /* why their decisions cannot be compared; n 0: they can */
};
void joint_make(struct joint *, struct arena *, const struct build *, const struct capability *old,
                const struct build *, const struct capability *new);
/* f, decided for requests of one of the two, as a function of calls. m: made by dd_new of joint.call. */
uint32_t joint_decision(const struct joint *, struct arena *, struct dd *m, const struct capability *, uint32_t f);

#endif
