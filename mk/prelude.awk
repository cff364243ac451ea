# capspec/krux_abi.h as decide.c holds it: without includes and guards, the verdicts written out.
# awk -f prelude.awk capspec/verdicts.def capspec/krux_abi.h
FILENAME ~ /verdicts\.def$/ {
	if (match($0, /^VERDICT\([A-Z]+, *[0-9]+/)) {
		split(substr($0, 9, RLENGTH - 8), part, /, */)
		verdict[nverdicts++] = "\tKRUX_" part[1] " = " part[2] ","
	}
	next
}
/^#include "verdicts.def"/ {
	for (i = 0; i < nverdicts; i++)
		print verdict[i]
	next
}
/^#(include|ifndef|endif|define KRUX_ABI_H|define VERDICT|undef)/ { next }
/^#define VERDICT/ { next }
{ print }
