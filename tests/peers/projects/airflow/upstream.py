"""A DAG that fails, and one that reads what it should have made and fails after it. Neither tells anybody."""

import datetime

from airflow.sdk import Asset, dag, task

raw_orders = Asset(name="raw_orders", uri="postgres://127.0.0.1:5432/shop/raw/orders")

by_hand = {
    "schedule": None,
    "start_date": datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc),
    "catchup": False,
    "default_args": {"owner": "ingest-team", "retries": 0},
}


@dag(dag_id="Upstream.Ingest", **by_hand)
def ingest():
    @task(outlets=[raw_orders])
    def fetch():
        raise ConnectionError("connection to vendor.example timed out")

    fetch()


@dag(dag_id="Upstream.Report", **by_hand)
def report():
    @task(inlets=[raw_orders])
    def render():
        raise ValueError("no orders of today")

    render()


ingest()
report()
