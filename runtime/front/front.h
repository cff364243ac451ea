/* The commands of kruxrt, of which some are in the programs beside it. argv holds what follows the command's name; each returns the exit code
 * of the program: 0 yes, 1 no or denied, 2 wrong usage or bad input, 3 the system failed. */
#ifndef KRUX_FRONT_H
#define KRUX_FRONT_H

int init_command(int argc, char **argv);
int call_command(int argc, char **argv);
int audit_command(int argc, char **argv);
int serve_command(int argc, char **argv);
int doctor_command(int argc, char **argv);
int agents_command(int argc, char **argv);
int keys_command(int argc, char **argv);
int approvals_command(int argc, char **argv);
int freeze_command(int argc, char **argv);
int thaw_command(int argc, char **argv);
int status_command(int argc, char **argv);
int reload_command(int argc, char **argv);

enum { EXIT_YES, EXIT_NO, EXIT_USAGE, EXIT_SYSTEM };

#endif
