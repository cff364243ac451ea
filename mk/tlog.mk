# The transparency log: tree, tiles, notes, checkpoints, witnesses.
RUNTIME_SRC += runtime/record/checkpoint.c runtime/record/checkpoint_list.c runtime/record/checkpoints.c runtime/record/expected.c \
	runtime/record/log_key.c runtime/record/note.c runtime/record/proof.c runtime/record/tiles.c runtime/record/tree.c \
	runtime/record/reader_at.c runtime/record/tiles_follow.c runtime/record/tree_log.c runtime/record/witnesses.c runtime/front/audit_check.c runtime/front/audit_prove.c \
	runtime/front/audit_tiles.c runtime/front/audit_loss.c runtime/front/audit_signed.c runtime/front/audit_trust.c runtime/front/audit_filter.c runtime/front/audit_index.c runtime/front/audit_query.c \
	runtime/front/audit_replay.c runtime/front/csv.c runtime/front/ocsf.c runtime/bundle/kept.c
# krux-witness, a program of its own for the sake of libcurl
WITNESS_SRC += runtime/witness/confine.c runtime/witness/http.c runtime/witness/submit.c
WITNESS_MAIN += runtime/witness/main.c
BENCHES += audit
TEST_SRC += bench/peer_openssl.c bench/peer_redis.c bench/peer_sqlite.c $(WITNESS_SRC) tests/unit/audited.c tests/unit/fake_witness.c
UNIT_TESTS += test_checkpoints test_loss test_merkle test_note test_prove test_query test_submit test_tiles
FUZZERS += checkpoint note proof
