"""A DAG whose file can no longer be imported once a file named `broken` lies in Airflow's home."""

import datetime
import os
import pathlib

from airflow.sdk import dag, task

if pathlib.Path(os.environ["AIRFLOW_HOME"], "broken").exists():
    raise ImportError("cannot import name 'normalize' from 'stock_rules'")


@dag(
    dag_id="Stock.Brittle",
    schedule=None,
    start_date=datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc),
    catchup=False,
    default_args={"owner": "stock-team", "retries": 0},
)
def brittle():
    @task
    def fetch():
        print("fetched")

    fetch()


brittle()
