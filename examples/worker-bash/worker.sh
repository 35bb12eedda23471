#!/usr/bin/env bash
# A worker for TunaCorn with nothing but bash and curl: it works off all tasks of one name.
#
#   ./worker.sh                                 tasks named Review Credit, until Ctrl-C
#   ./worker.sh 'Send Email'                    tasks of another name
#   ./worker.sh 'Review Credit' --max-tasks 5   five tasks, then it ends
#
# TUNACORN_URL says where the server is; http://127.0.0.1:8266 when it is not set.
set -euo pipefail

# The work. It is given the task as JSON, and prints the task's output as JSON. When it fails, so does the task.
# It has half a minute: for longer work, ask for a longer lease below, or send heartbeats as ../worker-python does.
work() {
  echo '{ "creditScore": 720 }'
}

url=${TUNACORN_URL:-http://127.0.0.1:8266}
url=${url%/}
worker="bash-worker-$$"
name='Review Credit'
tasks_left=-1

while [ $# -gt 0 ]; do
  case $1 in
    --max-tasks) tasks_left=${2:?--max-tasks needs a number}; shift 2 ;;
    -*) echo "Unknown option $1" >&2; exit 2 ;;
    *) name=$1; shift ;;
  esac
done

# As a JSON string. A backslash goes first, so that it does not double those of the quotes.
json_string() {
  local text=${1//\\/\\\\}
  printf '"%s"' "${text//\"/\\\"}"
}

# post PATH JSON: prints the answer. Ends the worker when the server says no, and waits for one that is away:
# results may be sent again.
post() {
  local answer status
  while true; do
    # curl adds the status as a last line; it is 000 when nobody answered.
    answer=$(curl --silent --show-error --max-time 40 --write-out '\n%{http_code}' \
      --header 'Content-Type: application/json' --data "$2" "$url$1") || true
    status=${answer##*$'\n'}
    case $status in
      2??) printf '%s' "${answer%$'\n'*}"; return ;;
      000 | 5??) echo "$url does not answer ($status): trying again" >&2; sleep 2 ;;
      *) echo "$url answered ${answer%$'\n'*}" >&2; return 1 ;;
    esac
  done
}

# first KEY FORM: the first string of this form under this key. In an answer, a task's id and claim come before
# anything that somebody else has written.
first() {
  grep -oE "\"$1\" ?: ?\"$2\"" | head -n 1 | sed -E 's/.*"([^"]*)"$/\1/' || true
}

# What the server does not know yet.
result=''

# Reports the result, if there is one, and claims up to $1 tasks: one call does both. With a result it is
# answered at once; without, it waits for work to come.
report_and_claim() {
  local request="\"worker\": $(json_string "$worker"), \"names\": [$(json_string "$name")]"
  request="$request, \"max\": $1, \"wait\": \"30s\", \"lease\": \"30s\""
  post /tasks/claim "{ $request${result:+, \"results\": [$result]} }"
}

task='' claim=''
stop() {
  echo 'Stopping'
  if [ -n "$result" ]; then
    report_and_claim 0 > /dev/null
  elif [ -n "$claim" ]; then
    # A task that is not done goes back to the board, for others.
    post "/tasks/$task/release" "{ \"claim\": \"$claim\" }"
  fi
  exit 0
}
# After a kill that reaches this script alone, bash first lets the call under way end.
trap stop INT TERM

echo "$worker works off tasks named $name for $url"
while [ "$tasks_left" -ne 0 ]; do
  answer=$(report_and_claim 1)
  if [ -n "$result" ] && ! grep -qE '"status" ?: ?200' <<< "$answer"; then
    echo 'The result was refused: most likely the claim was lost, and others have the task'
  fi
  result=''

  # There may be no task: then nothing came while the call waited.
  task=$(first id '[0-9a-f-]{36}\.[0-9]+' <<< "$answer")
  claim=$(first claim '[0-9]+\.[A-Za-z0-9_-]+' <<< "$answer")
  if [ -z "$claim" ]; then continue; fi

  if output=$(work "$answer"); then
    result="{ \"task\": \"$task\", \"claim\": \"$claim\", \"output\": $output }"
    echo "$name: $output"
  else
    result="{ \"task\": \"$task\", \"claim\": \"$claim\", \"error\": { \"message\": \"It ended with $?\" } }"
    echo "$name failed"
  fi
  claim=''
  tasks_left=$((tasks_left - 1))
done
if [ -n "$result" ]; then report_and_claim 0 > /dev/null; fi
