"""Two DAGs whose source goes away: once, and for good. What fails is told to the webhook, as a team's own callback does."""

import datetime
import json
import os
import urllib.request

from airflow.sdk import dag, task


def tell(context):
    ti = context["ti"]
    body = {
        "dag_id": ti.dag_id,
        "task_id": ti.task_id,
        "run_id": ti.run_id,
        "try_number": ti.try_number,
        "state": "failed",
        "exception": str(context.get("exception")),
        "log_url": ti.log_url,
        "start_date": ti.start_date.isoformat(),
    }
    request = urllib.request.Request(
        os.environ["INCIDENT_WEBHOOK_URL"],
        data=json.dumps(body).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        answer.read()


by_hand = {
    "schedule": None,
    "start_date": datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc),
    "catchup": False,
    "default_args": {"owner": "data-eng", "retries": 0, "on_failure_callback": tell},
}


@dag(dag_id="orders_once", **by_hand)
def orders_once():
    @task
    def load(ti=None):
        if ti.try_number == 1:
            raise ConnectionError("connection to server at source.example failed: Connection refused")

    @task
    def publish():
        print("published")

    load() >> publish()


@dag(dag_id="orders_always", **by_hand)
def orders_always():
    @task
    def load():
        raise ConnectionError("connection to server at source.example failed: Connection refused")

    load()


orders_once()
orders_always()
