# The template: no complaints, its tests and claims hold, its tables.
"$KRUXC" check stdlib-caps/policies/enterprise-restrictive.yaml -I stdlib-caps; echo "exit $?"
"$KRUXC" test stdlib-caps/policies/enterprise-restrictive.yaml -I stdlib-caps; echo "exit $?"
"$KRUXC" table stdlib-caps/policies/enterprise-restrictive.yaml -I stdlib-caps
