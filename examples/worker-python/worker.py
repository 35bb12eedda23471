#!/usr/bin/env python3
"""A worker for TunaCorn in Python 3.8 or newer, with nothing but the standard library.

It does every task of ../loan-application.yaml. To do others, change the handlers below.

    python3 worker.py                 until Ctrl-C
    python3 worker.py --once          one task, then it ends
    python3 worker.py --max-tasks 5   five tasks, then it ends

TUNACORN_URL says where the server is; http://127.0.0.1:8266 when it is not set.
"""

import argparse
import contextlib
import http.client
import json
import os
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request

URL = os.environ.get("TUNACORN_URL", "http://127.0.0.1:8266").rstrip("/")
WORKER = f"python-worker-{socket.gethostname()}-{os.getpid()}"
WAIT_SECONDS = 30  # how long a claim waits for work to come
LEASE_SECONDS = 30  # how long the server keeps a task for a worker that went silent

# --- The work ---------------------------------------------------------------------------------------
# A handler gets the task's attributes: the input of its process and the outputs of all tasks before it,
# merged. What it returns is the task's output. What it raises fails the task, and with it the process.


def open_loan_application(attributes):
    return {
        "applicant": attributes.get("applicant", "Ada Lovelace"),
        "amount": attributes.get("amount", 250_000),
    }


def review_credit(attributes):
    credit_score = attributes.get("creditScore", 720)
    if credit_score < 600:
        raise ValueError("Credit score was too low!")
    return {"creditScore": credit_score}


def review_assets(attributes):
    return {"assets": attributes["amount"] // 5}


def review_application_details(attributes):
    return {"isComplete": "applicant" in attributes and "amount" in attributes}


def send_email(attributes):
    answer = "granted" if attributes["isComplete"] else "refused"
    print(f"Dear {attributes['applicant']}, your loan of {attributes['amount']} is {answer}.")
    return {"sentTo": attributes["applicant"]}


HANDLERS = {
    "Open Loan Application": open_loan_application,
    "Review Credit": review_credit,
    "Review Assets": review_assets,
    "Review Application Details": review_application_details,
    "Send Email": send_email,
}

# --- The worker -------------------------------------------------------------------------------------


def main():
    arguments = parse_arguments()
    sys.stdout.reconfigure(line_buffering=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as Ctrl-C does
    print(f"{WORKER} works for {URL}")
    results = []  # what the server does not know yet
    tasks_left = arguments.max_tasks
    try:
        while tasks_left != 0:
            # One call reports what is done and claims what is next.
            answer = ask_until_answered(claim_request(results))
            show_refusals(answer)
            results = []
            for task in answer["tasks"]:
                results.append(work_on(task))
                tasks_left -= 1
    except KeyboardInterrupt:
        print("Stopping; Ctrl-C again to give up")
    finally:
        if results:
            show_refusals(ask_until_answered({"worker": WORKER, "max": 0, "results": results}))


def claim_request(results):
    request = {
        "worker": WORKER,
        "names": list(HANDLERS),
        "max": 1,
        "wait": f"{WAIT_SECONDS}s",
        "lease": f"{LEASE_SECONDS}s",
    }
    # With results, the call is answered at once.
    return {**request, "results": results} if results else request


def work_on(task):
    """Does one task and gives its result, as it is reported."""
    claimed = {"task": task["id"], "claim": task["claim"]}
    try:
        with kept_alive(task):
            output = HANDLERS[task["name"]](task.get("attributes", {}))
    except Exception as error:  # whatever it is, the server should know
        print(f"{task['name']} failed: {error}")
        return {**claimed, "error": {"name": type(error).__name__, "message": str(error)}}
    except KeyboardInterrupt:
        with contextlib.suppress(Refused, *NO_ANSWER):
            post(f"/tasks/{task['id']}/release", {"claim": task["claim"]})  # others may do it
        raise
    print(f"{task['name']}: {json.dumps(output)}")
    return {**claimed, "output": output}


@contextlib.contextmanager
def kept_alive(task):
    """Extends the task's lease in a thread of its own, for as long as its handler runs."""
    is_done = threading.Event()

    def beat():
        while not is_done.wait(LEASE_SECONDS / 3):
            try:
                post(f"/tasks/{task['id']}/heartbeat", {"claim": task["claim"]})
            except (Refused, *NO_ANSWER) as error:
                print(f"The lease of {task['name']} could not be extended: {error}")

    threading.Thread(target=beat, daemon=True).start()
    try:
        yield
    finally:
        is_done.set()


def show_refusals(answer):
    """A claim may have been lost: the lease ran out and another worker has the task, or it was cancelled."""
    for result in answer.get("results", []):
        if result["status"] != 200:
            print(f"The result of {result['task']} was refused: {result['code']}")


# --- HTTP -------------------------------------------------------------------------------------------


class Refused(Exception):
    """The server answered, and the answer is no."""


NO_ANSWER = (OSError, http.client.HTTPException)


def ask_until_answered(request):
    """Results may be sent again: a report whose answer was lost gets the same answer."""
    while True:
        try:
            return post("/tasks/claim", request)
        except NO_ANSWER as error:
            print(f"{URL} does not answer ({error}): trying again")
            time.sleep(2)


def post(path, body):
    request = urllib.request.Request(
        URL + path,
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "Accept": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=WAIT_SECONDS + 10) as response:
            text = response.read()
    except urllib.error.HTTPError as error:
        if error.code >= 500:
            raise  # an OSError: not now
        raise Refused(f"{error.code} {error.read().decode(errors='replace')}") from None
    return json.loads(text) if text else None


def parse_arguments():
    parser = argparse.ArgumentParser(description="Does the tasks of loan-application.")
    parser.add_argument("--max-tasks", type=int, default=-1, metavar="N", help="end after N tasks")
    parser.add_argument("--once", action="store_const", const=1, dest="max_tasks", help="end after one task")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("Gave up")
    except Refused as error:
        sys.exit(f"{URL} answered {error}")
