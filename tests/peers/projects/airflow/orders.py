"""Two DAGs whose source goes away, once and for good, and one that gets stuck when a run of it is told to."""

import datetime
import time

from airflow.sdk import dag, task
from callback import tell

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


@dag(dag_id="orders_stuck", **by_hand)
def orders_stuck():
    @task
    def load(ti=None, dag_run=None):
        if (dag_run.conf or {}).get("stuck") and ti.try_number == 1:
            time.sleep(600)

    load()


orders_once()
orders_always()
orders_stuck()
