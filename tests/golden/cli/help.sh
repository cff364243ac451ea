# --help fits a screen, exit codes are those of the manual.
$KRUXC --help | head -24; echo "lines: $(( $($KRUXC --help | wc -l) <= 24 ))"
$KRUXC; echo "exit $?"
$KRUXC chekc; echo "exit $?"
$KRUXC check; echo "exit $?"
$KRUXC eval --help; echo "exit $?"
$KRUXC table --colour x; echo "exit $?"
$KRUXC explain 12x; echo "exit $?"
$KRUXC explain K0000; echo "exit $?"
