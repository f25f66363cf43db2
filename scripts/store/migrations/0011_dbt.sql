-- dbt projects as they were last read, so that a question about one node does not read a manifest.

create table dbt_projects (
  tenant text not null check (tenant <> ''),
  -- The instance, as evidence calls it.
  system text not null,
  name text not null,
  version text not null,
  -- Of the artifact that was read: another one says that there may be a new manifest.
  stamp text not null,
  generated_at text not null,
  read_at timestamptz not null default now(),
  primary key (tenant, system)
);

create table dbt_nodes (
  tenant text not null check (tenant <> ''),
  system text not null,
  id text not null,
  kind text not null,
  -- All that may mean it.
  names text[] not null,
  parents text[] not null,
  node jsonb not null,
  primary key (tenant, system, id),
  foreign key (tenant, system) references dbt_projects (tenant, system) on delete cascade
);
create index dbt_nodes_names on dbt_nodes using gin (names);
create index dbt_nodes_parents on dbt_nodes using gin (parents) where kind = 'test';

-- What differed from one manifest to the next.
create table dbt_changes (
  tenant text not null check (tenant <> ''),
  id bigint generated always as identity,
  system text not null,
  node text not null,
  at timestamptz not null default now(),
  change jsonb not null,
  primary key (tenant, id)
);
create index dbt_changes_node on dbt_changes (tenant, system, node, at desc);

do $$
declare
  name text;
begin
  foreach name in array array['dbt_projects', 'dbt_nodes', 'dbt_changes']
  loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy one_tenant on %I using (tenant = current_setting(''dim.tenant'', true))
      with check (tenant = current_setting(''dim.tenant'', true))', name);
    execute format('grant select, insert, delete on %I to dim_app', name);
  end loop;
end
$$;
grant update on dbt_projects, dbt_nodes to dim_app;
