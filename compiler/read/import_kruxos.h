/* What the files of the KruxOS importer share. */
#ifndef KRUX_IMPORT_KRUXOS_H
#define KRUX_IMPORT_KRUXOS_H

#include "compiler/read/import_draft.h"
#include "compiler/read/yaml.h"

bool text_is(struct krux_str, const char *word);
bool text_is_any_case(struct krux_str, const char *word);
bool text_has(struct krux_str, const char *part);
/* The text of a scalar; nothing for what is no scalar, and for ~ and null. */
struct krux_str text_of(const struct yaml_node *);
/* The first item of a list, or NULL. */
const struct yaml_node *first_of(const struct yaml_node *list);

/* One capability to a draft whose names are known. */
void import_kruxos_cap(struct importer *, struct draft_cap *, const struct yaml_node *cap);
void import_kruxos_fields(struct importer *, struct draft_cap *, const struct yaml_node *list, bool input);
void import_kruxos_errors(struct importer *, struct draft_cap *, const struct yaml_node *list);
void import_kruxos_effects(struct importer *, struct draft_cap *, const struct yaml_node *cap);

void import_kruxos_policy(struct importer *, const struct yaml_node *root);

#endif
