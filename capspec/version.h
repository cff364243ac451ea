/* The version of this program, in bundles, records and --version. */
#ifndef KRUX_VERSION_H
#define KRUX_VERSION_H

#define KRUX_VERSION "0.1.0"

#endif
