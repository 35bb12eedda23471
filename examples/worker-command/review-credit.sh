#!/usr/bin/env bash
# What `tunacorn worker` runs for a task: the task comes as JSON on standard input, and what is printed is its output.
#
#   tunacorn worker --task 'Review Credit' -- ./review-credit.sh
set -euo pipefail

task=$(cat)
# Of the input of the process, when it says so; jq does this better, but is not everywhere.
score=$(grep -oE '"creditScore" ?: ?[0-9]+' <<< "$task" | grep -oE '[0-9]+$' | head -n 1 || true)
score=${score:-720}

# Any other exit code than 0 fails the task, and what was said here last is why.
if [ "$score" -lt 600 ]; then
  echo "The credit score $score is too low" >&2
  exit 1
fi
echo "{ \"creditScore\": $score }"
