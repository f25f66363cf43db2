-- What keeps an alert quiet, and for how long; who was heard when; how far each book was read.

-- Said by people on the command line. Those of config/catalog.yaml are read from the file.
create table silences (
  tenant text not null,
  id text not null,
  name text not null,
  asset text,
  source text,
  labels jsonb not null default '{}',
  starts_at timestamptz not null default now(),
  ends_at timestamptz,
  -- A recurring one: when it begins each time, for how long, and in which zone that time is meant.
  cron text,
  minutes integer check (minutes > 0),
  zone text,
  created_by text not null,
  created_at timestamptz not null default now(),
  ended_at timestamptz,
  ended_by text,
  primary key (tenant, id),
  check (asset is not null or source is not null or labels <> '{}'),
  check ((cron is null) = (minutes is null)),
  check (cron is not null or ends_at is not null)
);
create index silences_active on silences (tenant, ends_at) where ended_at is null;

-- Incidents that nobody analyses for now.
create table quieted (
  tenant text not null,
  incident text not null,
  kind text not null check (kind in ('silence', 'hold', 'limit', 'old')),
  reason text not null,
  since timestamptz not null default now(),
  -- When it is looked at again; null when only a further firing does that.
  until timestamptz,
  -- `limit`: whether a summary has told of it.
  told boolean not null default false,
  primary key (tenant, incident),
  foreign key (tenant, incident) references incidents (tenant, id)
);
create index quieted_untold on quieted (tenant, since) where kind = 'limit' and not told;

create table source_heard (
  tenant text not null,
  source text not null,
  last_heard_at timestamptz,
  heard bigint not null default 0 check (heard >= 0),
  -- From when on it should have been heard: the first time that somebody expected it.
  expected_since timestamptz,
  -- Since when people have been told of its silence.
  silent_since timestamptz,
  primary key (tenant, source)
);

-- How far something was read, or when something was last done.
create table marks (
  tenant text not null,
  name text not null,
  at timestamptz not null,
  detail jsonb not null default '{}',
  primary key (tenant, name)
);

alter table dead_letters add column headers jsonb;
-- How often an analysis of the current revision was begun.
alter table incidents add column analyses integer not null default 0 check (analyses >= 0);
create index incidents_opened on incidents (tenant, opened_at, source);

do $$
declare
  name text;
begin
  foreach name in array array['silences', 'quieted', 'source_heard', 'marks']
  loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy one_tenant on %I using (tenant = current_setting(''dim.tenant'', true))
      with check (tenant = current_setting(''dim.tenant'', true))', name);
    execute format('alter table %I add check (tenant <> '''')', name);
    execute format('grant select, insert on %I to dim_app', name);
  end loop;
end
$$;
grant update (ended_at, ended_by) on silences to dim_app;
grant update, delete on quieted to dim_app;
grant update on source_heard, marks to dim_app;
