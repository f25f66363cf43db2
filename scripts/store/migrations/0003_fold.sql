-- Lineage, the conditions that an incident is made of, and what folding remembers of an incident.

-- Which asset feeds which: canonical, lower-case names. Each origin ('catalog', 'dbt:NAME') says its own edges.
create table lineage_edges (
  tenant text not null check (tenant <> ''),
  origin text not null,
  upstream text not null,
  downstream text not null,
  primary key (tenant, origin, upstream, downstream),
  check (upstream <> downstream)
);
create index lineage_edges_upstream on lineage_edges (tenant, upstream);
create index lineage_edges_downstream on lineage_edges (tenant, downstream);

-- What of an origin was written last: the same version again writes nothing.
create table lineage_origins (
  tenant text not null check (tenant <> ''),
  origin text not null,
  version text not null,
  written_at timestamptz not null default now(),
  primary key (tenant, origin)
);

-- An incident holds one condition or more; one of them, by its fingerprint, is the root. An incident that an earlier
-- release opened has none until its next alert.
create table conditions (
  tenant text not null check (tenant <> ''),
  id bigint generated always as identity,
  incident text not null,
  fingerprint text not null,
  asset_key text,
  -- The asset's name in the lineage, and what it must share with another one to be the same.
  node text,
  scope text,
  environment text,
  -- The platform that the asset lives on.
  platform text,
  -- Nothing else in its incident is upstream of it.
  is_source boolean not null default true,
  -- What the incident shows when this is its root.
  severity text not null check (severity in ('CRITICAL', 'HIGH', 'MEDIUM', 'LOW')),
  category text not null,
  title text not null,
  source text not null,
  asset jsonb,
  opened_at timestamptz not null,
  last_seen_at timestamptz not null,
  -- The latest start that its firings claimed, never ahead of the store's clock.
  latest_start timestamptz,
  resolved_at timestamptz,
  primary key (tenant, id),
  foreign key (tenant, incident) references incidents (tenant, id)
);
create unique index conditions_one_open on conditions (tenant, fingerprint) where resolved_at is null;
create index conditions_fingerprint on conditions (tenant, fingerprint, last_seen_at desc);
create index conditions_incident on conditions (tenant, incident);
create index conditions_node on conditions (tenant, node) where resolved_at is null;
create index conditions_platform on conditions (tenant, platform, opened_at) where resolved_at is null;
create index conditions_asset on conditions (tenant, asset_key) where resolved_at is null;

-- The incident in which this one goes on; it is closed, as `expired`.
alter table incidents add column merged_into text;
alter table incidents add foreign key (tenant, merged_into) references incidents (tenant, id);
-- How often it fired again soon after it was closed.
alter table incidents add column flaps integer not null default 0 check (flaps >= 0);
-- The state in which it was closed, to go back to when it fires again soon.
alter table incidents add column closed_from text;
-- Set on the incident of a platform: the others of that platform are part of it.
alter table incidents add column platform text;
create unique index incidents_one_platform on incidents (tenant, platform) where closed_at is null and platform is not null;
create index incidents_merged on incidents (tenant, merged_into) where merged_into is not null;

do $$
declare
  name text;
begin
  foreach name in array array['lineage_edges', 'lineage_origins', 'conditions']
  loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy one_tenant on %I using (tenant = current_setting(''dim.tenant'', true))
      with check (tenant = current_setting(''dim.tenant'', true))', name);
    execute format('grant select, insert on %I to dim_app', name);
  end loop;
end
$$;
grant delete on lineage_edges to dim_app;
grant update on lineage_origins, conditions to dim_app;
