"""A DAG that waits for one that fails, and one that starts a DAG that fails and waits for its end. None of them tells anybody."""

import datetime

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.sdk import dag, task

by_hand = {
    "schedule": None,
    "start_date": datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc),
    "catchup": False,
    "default_args": {"owner": "ingest-team", "retries": 0},
}


@dag(dag_id="Waited.Source", **by_hand)
def source():
    @task
    def fetch():
        raise ConnectionError("connection to vendor.example timed out")

    fetch()


@dag(dag_id="Waiting.Report", **by_hand)
def report():
    @task
    def render():
        print("rendered")

    wait = ExternalTaskSensor(
        task_id="wait_for_source",
        external_dag_id="Waited.Source",
        failed_states=["failed"],
        poke_interval=1,
        timeout=300,
    )
    wait >> render()


@dag(dag_id="Started.Load", **by_hand)
def load():
    @task
    def copy():
        raise ValueError("no orders of today")

    copy()


@dag(dag_id="Starting.Night", **by_hand)
def night():
    TriggerDagRunOperator(
        task_id="start_load", trigger_dag_id="Started.Load", wait_for_completion=True, poke_interval=1
    )


source()
report()
load()
night()
