"""The DAG that runs the dbt project of `projects/shop`. What it makes is an asset; nothing says by hand what it failed in."""

import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Asset
from callback import tell

revenue = Asset(name="revenue", uri="postgres://127.0.0.1:5432/shop/analytics/fct_revenue")

with DAG(
    dag_id="Shop.Daily",
    schedule=None,
    start_date=datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc),
    catchup=False,
    default_args={"owner": "shop-platform", "retries": 0, "on_failure_callback": tell},
):
    BashOperator(task_id="dbt_build", bash_command="$SHOP_DBT build", outlets=[revenue])
