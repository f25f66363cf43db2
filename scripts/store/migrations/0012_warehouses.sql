-- How the tables of warehouses that matter were when they were last looked at, so that "changed" has a before.

create table warehouse_tables (
  tenant text not null check (tenant <> ''),
  -- The instance, as evidence calls it.
  system text not null,
  -- db.schema.table, as the warehouse spells it.
  name text not null,
  state jsonb not null,
  -- Until when it is promised, where the catalogue says so.
  promised jsonb,
  seen_at timestamptz not null default now(),
  primary key (tenant, system, name)
);

-- How many rows they had, hour by hour.
create table warehouse_rows (
  tenant text not null check (tenant <> ''),
  system text not null,
  name text not null,
  hour timestamptz not null,
  rows bigint not null,
  primary key (tenant, system, name, hour)
);

-- What differed from one look to the next.
create table warehouse_changes (
  tenant text not null check (tenant <> ''),
  id bigint generated always as identity,
  system text not null,
  name text not null,
  at timestamptz not null default now(),
  change jsonb not null,
  primary key (tenant, id)
);
create index warehouse_changes_name on warehouse_changes (tenant, system, lower(name), at desc);

do $$
declare
  name text;
begin
  foreach name in array array['warehouse_tables', 'warehouse_rows', 'warehouse_changes']
  loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy one_tenant on %I using (tenant = current_setting(''dim.tenant'', true))
      with check (tenant = current_setting(''dim.tenant'', true))', name);
    execute format('grant select, insert, delete on %I to dim_app', name);
  end loop;
end
$$;
grant update on warehouse_tables to dim_app;
