# Every source file of the project, in the order that data flows. Includes point left only.

include mk/store.mk
include mk/tlog.mk
include mk/daemon.mk

CAPSPEC_SRC += capspec/bpf.c capspec/bundle.c capspec/canon.c capspec/canon_bytes.c capspec/canon_host.c \
	capspec/canon_ip.c capspec/canon_number.c capspec/canon_path.c capspec/canon_refuse.c \
	capspec/canon_scalar.c capspec/canon_text.c capspec/canon_time.c capspec/canon_url.c \
	capspec/canon_utf8.c capspec/cbor.c capspec/digest.c capspec/digest_block.c capspec/gzip.c capspec/item.c capspec/json.c capspec/json_write.c \
	capspec/guard.c capspec/key.c capspec/key_file.c capspec/landlock.c capspec/layers.c capspec/pattern.c capspec/pool.c capspec/schema.c \
	capspec/schema_member.c capspec/schema_read.c capspec/schema_types.c capspec/schema_write.c \
	capspec/type.c capspec/uncanon.c capspec/value.c
# both protocols, and libkrux
CAPSPEC_SRC += capspec/frame.c
UNIT_TESTS += test_frame
FUZZERS += frame
CLIENT_SRC += client/block.c client/connect.c client/fault.c client/result.c client/step.c client/stream.c \
	client/submit.c
UNIT_TESTS += test_card test_client test_client_hostile test_registry
RUNTIME_SRC += runtime/base/lookalike.c runtime/base/reach.c runtime/front/act.c runtime/front/ctl.c runtime/front/agent_uids.c runtime/front/places.c runtime/record/registry.c runtime/front/agents.c runtime/front/agents_add.c runtime/front/keys.c \
	runtime/front/agents_list.c runtime/front/approvals.c runtime/front/card.c runtime/front/card_source.c runtime/front/freeze.c \
	runtime/front/rights.c runtime/front/show.c runtime/front/supervisor.c
TEST_SRC += tests/unit/client_rig.c tests/unit/fake_daemon.c tests/unit/frame_text.c

BASE_SRC += compiler/base/arena.c compiler/base/buf.c compiler/base/diag.c compiler/base/diag_print.c compiler/base/diag_sarif.c \
	compiler/base/escape.c compiler/base/source.c
GRAMMAR_GEN += grammar/cap_lex grammar/cap_parse
AST_SRC += compiler/ast/expr_print.c grammar/tree.c
READ_SRC += compiler/read/capfile.c compiler/read/condition.c compiler/read/expect.c compiler/read/format.c \
	compiler/read/import.c compiler/read/import_cap.c compiler/read/import_claude.c compiler/read/import_claude_beside.c \
	compiler/read/import_kruxos.c \
	compiler/read/import_kruxos_cap.c compiler/read/import_kruxos_field.c compiler/read/import_kruxos_glob.c compiler/read/import_kruxos_policy.c \
	compiler/read/import_kruxos_rule.c compiler/read/import_mcp.c compiler/read/import_mcp_reach.c compiler/read/import_mcp_scalar.c \
	compiler/read/import_mcp_schema.c compiler/read/import_mcp_words.c compiler/read/import_name.c compiler/read/import_policy.c \
	compiler/read/inputs.c compiler/read/parse.c compiler/read/place.c compiler/read/policyfile.c \
	compiler/read/policyformat.c compiler/read/policykeys.c compiler/read/source.c compiler/read/yaml.c \
	compiler/read/yaml_mask.c compiler/read/yaml_node.c compiler/read/yaml_words.c
MODEL_SRC += compiler/model/access.c compiler/model/build.c compiler/model/capability.c \
	compiler/model/claims.c compiler/model/clauses.c compiler/model/commands.c compiler/model/cond.c compiler/model/cond_list.c \
	compiler/model/cond_number.c compiler/model/cond_place.c compiler/model/cond_set.c \
	compiler/model/cond_test.c compiler/model/cond_text.c compiler/model/dashes.c \
	compiler/model/effects.c compiler/model/examples.c compiler/model/glob.c compiler/model/handler.c compiler/model/held.c \
	compiler/model/kinds.c compiler/model/literal.c compiler/model/lookup.c \
	compiler/model/meet.c compiler/model/names.c compiler/model/number.c compiler/model/on.c \
	compiler/model/program.c compiler/model/program_name.c compiler/model/regex.c compiler/model/report.c compiler/model/rules.c \
	compiler/model/scopes.c compiler/model/testcase.c compiler/model/types.c compiler/model/usage.c compiler/model/usage_fix.c \
	compiler/model/usage_place.c compiler/model/words.c
CHECK_SRC += compiler/check/check.c compiler/check/claims.c compiler/check/empty_all.c compiler/check/explain.c \
	compiler/check/zone.c
GRAMMAR_GEN += check/explain_text
DD_SRC += compiler/dd/apply.c compiler/dd/check.c compiler/dd/children.c compiler/dd/component.c \
	compiler/dd/cond.c compiler/dd/dd.c compiler/dd/decision.c compiler/dd/decision_alike.c compiler/dd/domain.c compiler/dd/eval.c \
	compiler/dd/graph.c compiler/dd/growth.c compiler/dd/host.c compiler/dd/language.c compiler/dd/length.c compiler/dd/list.c \
	compiler/dd/nfa.c compiler/dd/node.c compiler/dd/outcome.c compiler/dd/pair.c compiler/dd/product.c compiler/dd/project.c compiler/dd/refine.c compiler/dd/substitute.c \
	compiler/dd/regions.c compiler/dd/scratch.c compiler/dd/store.c compiler/dd/text.c compiler/dd/tree.c \
	compiler/dd/text_view.c compiler/dd/var.c compiler/dd/view.c compiler/dd/witness.c
PLAN_SRC += compiler/plan/call.c compiler/plan/compat.c compiler/plan/condense.c compiler/plan/cond_print.c compiler/plan/coverage.c \
	compiler/plan/below.c compiler/plan/diff.c compiler/plan/joint.c compiler/plan/evaluate.c compiler/plan/folders.c compiler/plan/given.c compiler/plan/nearest.c compiler/plan/nearest_print.c compiler/plan/prove.c \
	compiler/plan/reach.c compiler/plan/rows.c compiler/plan/rows_join.c compiler/plan/rows_words.c compiler/plan/words.c compiler/plan/words_cone.c compiler/plan/words_cover.c compiler/plan/words_list.c \
	compiler/plan/words_names.c compiler/plan/words_own.c compiler/plan/words_path.c compiler/plan/words_regex.c \
	compiler/plan/words_shape.c compiler/plan/words_text.c
EMIT_SRC += compiler/emit/c_cite.c compiler/emit/c_code.c compiler/emit/c_decide.c \
	compiler/emit/c_find.c compiler/emit/c_list.c compiler/emit/c_names.c compiler/emit/c_nodes.c \
	compiler/emit/c_octets.c compiler/emit/c_order.c compiler/emit/c_origin.c \
	compiler/emit/c_outcome.c compiler/emit/c_pattern.c compiler/emit/c_record.c \
	compiler/emit/c_sample.c compiler/emit/c_shape.c compiler/emit/c_table.c compiler/emit/c_text.c \
	compiler/emit/c_text_print.c compiler/emit/cc.c compiler/emit/cc_confine.c compiler/emit/cc_run.c compiler/emit/emit_c.c \
	compiler/emit/filter.c compiler/emit/filter_text.c compiler/emit/filter_verify.c \
	compiler/emit/gzip.c compiler/emit/json_schema.c compiler/emit/landlock_text.c compiler/emit/layers.c compiler/emit/nft.c compiler/emit/package.c compiler/emit/policyschema.c \
	compiler/emit/reference.c compiler/emit/sandbox_plan.c compiler/emit/table.c compiler/emit/table_text.c compiler/emit/tools.c
PIPELINE_SRC += compiler/pipeline.c
COMMAND_SRC += compiler/command/build.c compiler/command/clock.c compiler/command/command.c compiler/command/confine.c compiler/command/diff.c \
	compiler/command/eval.c compiler/command/facts.c compiler/command/files.c compiler/command/options.c compiler/command/package_old.c compiler/command/package_write.c \
	compiler/command/past.c compiler/command/prove.c compiler/command/replay.c compiler/command/save.c compiler/command/show.c compiler/command/tests.c
COMPILER_MAIN += compiler/main.c

RUNTIME_SRC += runtime/base/eager.c runtime/base/err.c runtime/base/file.c runtime/base/head.c runtime/base/loop.c runtime/base/message.c runtime/base/screen.c runtime/base/state.c \
	runtime/bundle/abi.c runtime/bundle/abi_try.c runtime/bundle/elf.c runtime/bundle/loaded.c \
	runtime/bundle/map.c runtime/bundle/trust.c runtime/request/request.c \
	runtime/decide/facts.c runtime/decide/judge.c runtime/decide/query.c runtime/decide/remedy.c runtime/decide/tally.c runtime/decide/window.c runtime/decide/zone.c \
	runtime/record/blob.c runtime/record/entry.c runtime/record/head.c \
	runtime/record/record.c \
	runtime/approve/quorum.c runtime/sandbox/descriptors.c runtime/sandbox/idmap.c runtime/sandbox/namespaces.c runtime/sandbox/network.c \
	runtime/sandbox/privileges.c runtime/sandbox/probe.c runtime/sandbox/process.c runtime/sandbox/rlimits.c runtime/sandbox/root.c runtime/sandbox/typed.c \
	runtime/sandbox/seccomp.c runtime/sandbox/sockets.c runtime/sandbox/view.c runtime/spawn/again.c runtime/spawn/answer.c runtime/spawn/birth.c runtime/spawn/changes.c runtime/spawn/changes_put.c runtime/spawn/changes_tell.c runtime/spawn/child.c runtime/spawn/clones.c runtime/spawn/command.c runtime/spawn/command_answer.c runtime/spawn/command_start.c runtime/spawn/group_used.c runtime/spawn/groups.c runtime/spawn/listing.c runtime/spawn/look.c runtime/spawn/look_tree.c runtime/spawn/looking.c runtime/spawn/mounts.c runtime/spawn/nest.c runtime/spawn/operands.c runtime/spawn/parent.c runtime/spawn/plan.c runtime/spawn/planned.c runtime/spawn/pool.c runtime/spawn/program.c runtime/spawn/snapshot.c runtime/spawn/spares.c \
	runtime/spawn/redact.c \
	runtime/spawn/spawn.c runtime/spawn/spawner.c runtime/spawn/spawner_call.c runtime/spawn/spawner_freeze.c runtime/spawn/spawner_line.c runtime/spawn/spawner_tell.c runtime/spawn/template.c runtime/spawn/template_asked.c runtime/spawn/template_call.c runtime/spawn/template_group.c runtime/spawn/template_nest.c runtime/spawn/template_workspace.c runtime/spawn/warrant.c runtime/front/audit.c \
	runtime/front/audit_open.c runtime/front/audit_tail.c runtime/front/audit_verify.c runtime/front/call.c runtime/front/call_daemon.c \
	runtime/front/call_local.c runtime/front/init.c \
	runtime/front/options.c runtime/front/reply.c
HANDLER_SRC += stdlib-caps/common/answer.c stdlib-caps/common/builtins.c stdlib-caps/common/builtins_pure.c \
	stdlib-caps/common/change.c \
	stdlib-caps/common/entries.c stdlib-caps/common/handler.c \
	stdlib-caps/common/pathglob.c stdlib-caps/common/place.c stdlib-caps/common/select.c stdlib-caps/common/walk.c \
	stdlib-caps/filesystem/append.c stdlib-caps/filesystem/copy.c stdlib-caps/filesystem/delete.c \
	stdlib-caps/filesystem/edit.c stdlib-caps/filesystem/list.c stdlib-caps/filesystem/move.c \
	stdlib-caps/filesystem/moved.c stdlib-caps/filesystem/read.c stdlib-caps/filesystem/restore.c \
	stdlib-caps/filesystem/search.c stdlib-caps/filesystem/search_content.c stdlib-caps/filesystem/stat.c \
	stdlib-caps/filesystem/trash.c stdlib-caps/filesystem/watch.c stdlib-caps/filesystem/write.c \
	stdlib-caps/network/check_port.c stdlib-caps/network/dns_lookup.c stdlib-caps/network/line.c \
	stdlib-caps/system/figures.c stdlib-caps/system/health.c stdlib-caps/system/info.c \
	stdlib-caps/system/metrics.c stdlib-caps/system/ping.c stdlib-caps/system/time.c stdlib-caps/system/zone.c
# what a person approves of what a command has changed
RUNTIME_SRC += runtime/base/changeset.c runtime/spawn/changes_approved.c runtime/spawn/changes_keep.c runtime/gate/changes.c \
	runtime/front/card_changes.c runtime/front/unified.c
UNIT_TESTS += test_changeset test_unified
FUZZERS += changeset
RUNTIME_MAIN += runtime/main.c
# Programs beside kruxrt, whose commands kruxrt becomes: what people type is in no process of the daemon.
RUNTIME_SRC += runtime/front/program.c
# The daemon's other processes, one program each, which the first executes.
PARTS := krux-egress krux-gate krux-handler krux-recorder krux-spawner krux-web
PARTS_MAIN := $(patsubst krux-%,runtime/%_main.c,$(PARTS))
RUNTIME_SRC += runtime/base/begin.c runtime/sandbox/part.c
BESIDE := krux-audit krux-call krux-ctl
BESIDE_MAIN := $(patsubst krux-%,runtime/%_main.c,$(BESIDE))

# what several unit tests share
TEST_SRC += bench/measure.c bench/workload.c tests/unit/attempt.c tests/unit/commanding.c tests/unit/compiled.c \
	tests/unit/diagrams.c tests/unit/diagrams_naive.c tests/unit/ebpf.c tests/unit/faulty.c tests/unit/filtering.c tests/unit/handler_calls.c tests/unit/here.c \
	tests/unit/modeling.c tests/unit/parsing.c tests/unit/reading.c tests/unit/records.c \
	tests/unit/requests.c tests/unit/spawning.c tests/unit/tiny_bundle.c tests/unit/waiting.c tests/unit/without.c
UNIT_TESTS += test_again test_automaton test_bundle test_c_text test_canon test_capfile test_cbor test_cc test_changes test_check test_clones test_command test_commit test_cond test_confine test_coverage test_evaluate \
	test_dd test_digest test_eager test_elf test_emit_c test_emit_forms test_ended test_facts test_filter test_filter_verify test_folders test_format test_gate_facts test_gate_waits test_group_used test_groups test_grammar test_guard test_gzip test_handler test_handlers \
	test_handlers_hostile test_handlers_moves test_handlers_system test_idmap test_import test_import_claude test_json test_lang test_layers test_length test_list test_loop test_message test_model test_mounts test_nft test_package_write test_pathglob test_patterns test_planned test_pool \
	test_policyfile test_policyformat test_project test_quorum test_record test_remedy test_request test_sandbox test_schema test_seccomp test_secrets test_sockets \
	test_snapshot test_source test_spares test_spawner test_spawner_command test_spawner_group test_spawner_idmapped test_spawner_nest test_spawner_pool test_state test_tally test_ticket test_tree test_usages test_value test_window test_witness test_words test_yaml

# tests/fuzz/fuzz_NAME.c each
FUZZERS += bundle canon capfile cbor condition elf gzip import json layers log model pathglob pattern policy schema zone
BENCHES += decide

# the gate of the daemon
RUNTIME_SRC += runtime/approve/propose.c \
	runtime/gate/agents.c runtime/gate/call.c runtime/gate/calls.c runtime/gate/connection.c runtime/gate/defer.c \
	runtime/gate/ended.c runtime/gate/gate_run.c runtime/gate/handover.c runtime/gate/json.c runtime/gate/lend.c runtime/gate/limits.c \
	runtime/gate/links.c runtime/gate/news.c runtime/gate/pure.c runtime/gate/release.c \
	runtime/gate/report.c runtime/gate/server.c runtime/gate/supervise.c runtime/gate/tell.c \
	runtime/gate/ticket.c
TEST_SRC += tests/unit/gate_client.c tests/unit/gate_peers.c tests/unit/gate_people.c tests/unit/gate_steps.c tests/unit/gate_world.c
UNIT_TESTS += test_gate_acts test_gate_calls test_gate_clients test_gate_handover test_gate_tickets test_limits
TEST_SRC += bench/daemon.c bench/served.c
BENCHES += gate sandbox footprint
HOT_SRC += runtime/base/eager.c runtime/base/loop.c runtime/base/message.c runtime/decide/facts.c runtime/decide/judge.c \
	runtime/decide/query.c runtime/decide/tally.c runtime/decide/window.c runtime/gate/call.c runtime/gate/calls.c \
	runtime/gate/connection.c runtime/gate/lend.c runtime/gate/links.c runtime/gate/pure.c runtime/gate/server.c \
	runtime/gate/tell.c runtime/record/entry.c runtime/request/request.c
FUZZERS += config gate

# connections, for calls that have none of their own
RUNTIME_SRC += runtime/egress/address.c runtime/egress/connect.c runtime/egress/egress.c runtime/egress/line.c runtime/egress/proxy.c \
	runtime/egress/relay.c runtime/egress/resolver.c
# handlers that need libcurl, in a program of their own
WEB_SRC += stdlib-caps/network/download.c stdlib-caps/network/fetch.c stdlib-caps/network/transfer.c stdlib-caps/network/web.c
TEST_SRC += tests/unit/names.c tests/unit/outside.c
FUZZERS += line proxy
UNIT_TESTS += test_calls_needed test_egress test_egress_ends test_network test_proxy test_web

# commands in the background
RUNTIME_SRC += runtime/gate/background.c runtime/spawn/jobs.c runtime/spawn/jobs_answer.c runtime/spawn/ring.c runtime/spawn/shown.c \
	runtime/spawn/spawner_run.c
UNIT_TESTS += test_gate_background test_jobs

# what a program of a command says first, when it connects
RUNTIME_SRC += runtime/spawn/opening_head.c runtime/spawn/opening_hello.c runtime/spawn/opening_request.c runtime/spawn/targets.c runtime/spawn/tunnel.c
FUZZERS += opening
UNIT_TESTS += test_opening test_opening_request test_tunnel
