"""A DAG that is to be retried, one whose pool is too small, and one that waits for the asset that another one makes."""

import datetime
import time

from airflow.sdk import Asset, dag, task

stock = Asset(name="stock", uri="postgres://127.0.0.1:5432/shop/raw/stock")
start = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
common = {"start_date": start, "catchup": False}
once = {"owner": "stock-team", "retries": 0}


@dag(
    dag_id="Stock.Retried",
    schedule=None,
    default_args={"owner": "stock-team", "retries": 2, "retry_delay": datetime.timedelta(hours=1)},
    **common,
)
def retried():
    @task
    def fetch():
        raise ConnectionError("connection to vendor.example timed out")

    fetch()


@dag(dag_id="Stock.Crowded", schedule=None, default_args={**once, "pool": "narrow"}, **common)
def crowded():
    @task
    def count(number):
        time.sleep(40)

    count.expand(number=[1, 2])


@dag(dag_id="Stock.Make", schedule=None, default_args=once, **common)
def make():
    @task(outlets=[stock])
    def write():
        print("written")

    write()


@dag(dag_id="Stock.Read", schedule=[stock], default_args=once, **common)
def read():
    @task
    def sum_up():
        raise ValueError("less stock than yesterday")

    sum_up()


retried()
crowded()
make()
read()
