# The transparency log: tree, tiles, notes, checkpoints, witnesses.
RUNTIME_SRC += runtime/record/checkpoint.c runtime/record/checkpoint_list.c runtime/record/checkpoints.c \
	runtime/record/log_key.c runtime/record/note.c runtime/record/proof.c runtime/record/tiles.c runtime/record/tree.c \
	runtime/record/witnesses.c
UNIT_TESTS += test_checkpoints test_merkle test_note test_tiles
FUZZERS += checkpoint note proof
