#!/usr/bin/env bash
# Puts known faults into the program, one at a time, and sees that the test named beside each notices.
#
#   tests/mutants.sh [BUILD [NAME…]]     BUILD: build/dev unless given; all mutants unless some are named
#
# A mutant is caught when its test fails by an expectation: not by a crash, not because the server did not start, and not
# without the fault having changed anything. The faults themselves are in tests/support/mutants.cc.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

build="${1:-build/dev}"
shift || true
export build PGMOULT_BINARY="${build}/pgmoult" PGMOULT_SOURCE_DIR="${PWD}"
# Faults whose change is not in a statement's text.
silent=" hash_without_null_markers "
export silent
results="$(mktemp -d)"
export results
trap 'rm -rf "${results}"' EXIT

# mutant, kind of test, test
table="
no_insert_trigger              engine  TrialTest.ModelLateTriggerEveryWriteDuringTheCopyIsCaptured
no_update_trigger              engine  TrialTest.ModelLateTriggerEveryWriteDuringTheCopyIsCaptured
no_delete_trigger              engine  TrialTest.ModelLateTriggerEveryWriteDuringTheCopyIsCaptured
no_rekey_trigger               engine  TrialTest.ModelLateTriggerEveryWriteDuringTheCopyIsCaptured
triggers_late_one_by_one       engine  TrialTest.ModelLateTriggerEveryWriteDuringTheCopyIsCaptured
triggers_not_always            engine  TrialTest.C5AStatementThatChangesTheReplicationRoleInItsMiddleIsCaptured
no_replica_trigger             engine  TrialTest.S1WhatAnApplyWorkerWritesMeanwhileIsCaptured
functions_for_everybody        engine  Bodies/StrangerTest.CannotTurnOurTriggerFunctionsOnUs/Log
functions_for_any_table        engine  Bodies/StrangerTest.CannotTurnOurTriggerFunctionsOnUs/Log
functions_in_any_search_path   engine  Bodies/StrangerTest.CannotMisleadOurFunctionsByNamesOfHisOwn/WriteThrough
functions_under_row_security   engine  CaptureTest.F1X1AnOwnerWithStrangePrivilegesAndRowSecurityIsServed
log_without_grants             engine  CaptureTest.F1X1AnOwnerWithStrangePrivilegesAndRowSecurityIsServed
chunk_without_its_end          engine  TrialTest.ModelLateTriggerEveryWriteDuringTheCopyIsCaptured
replay_read_committed          engine  TrialTest.ModelThreeSnapshotsReplayTakesOnlyWhatItHasSeenOffTheLog
log_trimmed_by_later_snapshot  engine  TrialTest.ModelThreeSnapshotsReplayTakesOnlyWhatItHasSeenOffTheLog
snapshot_before_lock           engine  TrialSwapTest.VerifyTakesItsSnapshotAfterItsLocks
truncate_marker_ignored        engine  TrialSwapTest.T1TruncateWaitsForNoIndexBuild
dual_write_no_key_check        engine  TrialTest.ModelNoLogCheckReplayBringsNoDeletedRowBack
dual_write_log_empty_check     engine  TrialTest.D7AWriteIsLoggedForItsOwnKeysSakeOnly
dual_write_no_log_index        engine  TrialTest.D6AWriterLooksItsKeysUpInTheLogAndDoesNotReadIt
dual_write_no_exception_block  engine  TrialTest.D1AStatementThatOnlyTheShadowWouldRefuseSucceeds
dual_write_isolation_second    engine  TrialTest.D4SerializableWritersMeetNoConflictOfOurMaking
dual_write_repeatable_read     engine  TrialTest.ModelRepeatableReadWritersNeverWriteThrough
dual_write_key_not_set         engine  TrialTest.D5AKeyThatChangesOnlyItsBytesIsFollowed
dual_write_no_lock_timeout     engine  TrialTest.DualWriteWaitsForNoReplay
verify_skips_last_chunk        engine  VerifyTest.FindsRowsThatAreOnlyInTheShadow
repair_without_for_share       engine  TrialSwapTest.V1ARepairWaitsForAnOpenWriteOfItsRow
hash_without_null_markers      engine  VerifyTest.TellsNullFromTheEmptyText
swap_with_a_full_log           engine  TrialSwapTest.ModelNoLastReplayTheSwapNeedsAnEmptyLog
swap_ignores_old_snapshots     engine  SwapTest.R1WaitsForOldSnapshotsWhereWritesGoThrough
forget_trigger                 engine  DependentTest.WhateverHangsOnTheTableIsCarriedOver
forget_policy                  engine  DependentTest.WhateverHangsOnTheTableIsCarriedOver
forget_rule                    engine  DependentTest.WhateverHangsOnTheTableIsCarriedOver
forget_own_foreign_key         engine  DependentTest.WhateverHangsOnTheTableIsCarriedOver
forget_foreign_key             engine  DependentTest.WhateverHangsOnTheTableIsCarriedOver
forget_partitioned_foreign_key engine  DependentTest.WhateverHangsOnTheTableIsCarriedOver
forget_view                    engine  DependentTest.WhateverHangsOnTheTableIsCarriedOver
forget_rule_elsewhere          engine  DependentTest.WhateverHangsOnTheTableIsCarriedOver
forget_policy_elsewhere        engine  DependentTest.WhateverHangsOnTheTableIsCarriedOver
forget_function                engine  DependentTest.WhateverHangsOnTheTableIsCarriedOver
no_row_trigger                 engine  PartitionTest.C1WritesThroughThePartitionedTableAreCaptured
forget_attach                  engine  PartitionTest.C4TruncateOfThePartitionIsCaptured
no_bound_check                 engine  Forms/PartitionFormTest.ItsSuccessorIsAttachedUnreadAndStandsAsItStood/HashOverDates
forget_fence_on_ancestors      engine  PartitionTest.TheFenceKeepsOldSnapshotsFromWritingThroughAnyAncestor
forget_publication             engine  DependentTest.WhateverHangsOnTheTableIsCarriedOver
forget_materialized_view       engine  DependentTest.WhateverHangsOnTheTableIsCarriedOver
tripwire_without_xmin          engine  TrialTest.C3TriggersSwitchedOffAndOnAgainInOneTransactionAreNoticed
lock_without_eviction          engine  TrialSwapTest.L1AnAutovacuumGivesWay
no_insert_trigger              engine  RevertTest.WritesSinceTheSwapAreInTheOldTable
no_rekey_trigger               engine  RevertTest.WritesSinceTheSwapAreInTheOldTable
revert_forgets_kept_values     engine  RevertTest.ADroppedColumnKeepsItsValuesAndGivesNewRowsItsDefault
revert_inserts_before_it_deletes engine RevertTest.ADroppedColumnKeepsItsValuesAndGivesNewRowsItsDefault
"

# Runs one mutant; leaves a line in $results.
try_one() {
  local mutant="$1" kind="$2" test="$3" output status=0 verdict
  output="$(PGMOULT_MUTANT="${mutant}" timeout 180 "${build}/tests/pgmoult_${kind}_tests" --gtest_filter="${test}" 2>&1)" ||
    status=$?
  if grep -q '^\[==========\] Running 0 tests' <<<"${output}" || ! grep -q '^\[ RUN      \]' <<<"${output}"; then
    verdict="no such test"
  elif grep -q '^mutant: 0 statements' <<<"${output}" && [[ "${silent}" != *" ${mutant} "* ]]; then
    verdict="changed nothing"
  elif ((status == 0)); then
    verdict="NOT CAUGHT"
  elif ((status != 1)) || ! grep -qF "[  FAILED  ] ${test}" <<<"${output}"; then
    verdict="ended otherwise (status ${status})"
  else
    echo "caught      ${mutant} by ${test}"
    return
  fi
  printf '%s\n' "${output}" | tail -n 40
  echo "${verdict}  ${mutant} by ${test}"
  echo "${mutant}: ${verdict}" >>"${results}/failed"
}
export -f try_one

chosen() {
  local mutant kind test
  while read -r mutant kind test; do
    if [[ -n "${mutant}" ]] && { (($# == 0)) || [[ " $* " == *" ${mutant} "* ]]; }; then
      printf '%s\0%s\0%s\0' "${mutant}" "${kind}" "${test}"
    fi
  done <<<"${table}"
}

chosen "$@" | xargs -0 -n 3 -P "$(nproc)" bash -c 'try_one "$@"' try_one
if [[ -e "${results}/failed" ]]; then
  echo "mutants.sh: not every fault was noticed:"
  cat "${results}/failed"
  exit 1
fi
