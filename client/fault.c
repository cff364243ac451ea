/* Codes, their words, and faults. */
#include "client/fault.h"

#include "capspec/frame.h"
#include "capspec/version.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { DAEMON_CODES = -16 };

_Static_assert(KRUX_E_MALFORMED == DAEMON_CODES - FRAME_ERROR_MALFORMED &&
               KRUX_E_STRANGERS == DAEMON_CODES - FRAME_ERROR_STRANGERS &&
               FRAME_ERROR_STRANGERS == FRAME_ERRORS - 1, "one code for each error of the protocol");
_Static_assert((int)KRUX_END_WITHDRAWN == (int)FRAME_END_WITHDRAWN &&
               (int)FRAME_END_WITHDRAWN == FRAME_ENDS - 1, "one end for each of the protocol");

const char *krux_version(void)
{
	return KRUX_VERSION;
}

const char *krux_code_word(int code)
{
	static const char *const here[] = {
		[-KRUX_OK] = "ok", [-KRUX_E_USAGE] = "usage", [-KRUX_E_MEMORY] = "memory",
		[-KRUX_E_SYSTEM] = "system", [-KRUX_E_CONNECT] = "connect",
		[-KRUX_E_SECRET] = "secret", [-KRUX_E_TIMEOUT] = "timeout",
		[-KRUX_E_CLOSED] = "closed", [-KRUX_E_PROTOCOL] = "protocol",
		[-KRUX_E_TOO_LARGE] = "too-large",
	};

	if (code <= 0 && code >= KRUX_E_TOO_LARGE)
		return here[-code];
	if (code == KRUX_E_SLOW)
		return "slow";
	return code < DAEMON_CODES ? frame_error_word((unsigned)(DAEMON_CODES - code)) : NULL;
}

const char *krux_end_word(int end)
{
	return end < 0 ? NULL : frame_end_word((unsigned)end);
}

const char *krux_decision_word(int decision)
{
	static const char *const word[] = {
#define VERDICT(id, value, text) [value] = (text),
#include "capspec/verdicts.def"
#undef VERDICT
	};

	return decision < 0 || decision > KRUX_DECISION_AUTONOMOUS ? NULL : word[decision];
}

#undef fault_set
int fault_set(struct krux_fault *fault, int code, int no, const char *fmt, ...)
{
	char why[128];
	va_list ap;
	size_t n;

	if (!fault)
		return code;
	*fault = (struct krux_fault){ .code = code, .no = no };
	va_start(ap, fmt);
	vsnprintf(fault->text, sizeof fault->text, fmt, ap);
	va_end(ap);
	n = strlen(fault->text);
	if (no)
		snprintf(fault->text + n, sizeof fault->text - n, ": %s",
		         strerror_r(no, why, sizeof why));
	return code;
}

int fault_frame(struct krux_fault *fault, const struct frame *f)
{
	struct krux_str why = f->error.why;
	int code = DAEMON_CODES - (int)f->error.code;

	fault_set(fault, code, 0, "%.*s", (int)(why.n < 240 ? why.n : 240), why.n ? why.p : "");
	if (fault && !fault->text[0])
		fault_set(fault, code, 0, "the daemon says: %s", frame_error_word((unsigned)f->error.code));
	if (fault && f->error.has_retry)
		fault->retry_ms = f->error.retry < UINT32_MAX ? (uint32_t)f->error.retry : UINT32_MAX;
	return code;
}
