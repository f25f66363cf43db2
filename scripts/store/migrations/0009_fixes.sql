-- What makes a fix safe: switches, approvals, one fix a target at a time, how fixes ended, what would have been done,
-- and the seals that show whether the audit log was changed.

-- Each row throws or releases a switch; the latest of a subject counts. `*` stops every fix, a template's name its own.
create table switches (
  tenant text not null,
  id bigint generated always as identity,
  subject text not null,
  thrown boolean not null,
  who text not null,
  why text not null,
  at timestamptz not null default clock_timestamp(),
  primary key (tenant, id)
);
create index switches_subject on switches (tenant, subject, id desc);

create table approvals (
  tenant text not null,
  incident text not null,
  revision integer not null,
  remediation jsonb not null,
  state text not null default 'asked' check (state in ('asked', 'approved', 'refused', 'expired')),
  asked_at timestamptz not null default now(),
  expires_at timestamptz not null,
  who text,
  why text,
  answered_at timestamptz,
  primary key (tenant, incident, revision),
  foreign key (tenant, incident) references incidents (tenant, id),
  check ((state = 'asked') = (answered_at is null))
);

-- A fix that was let go: written before its call leaves.
create table fix_runs (
  tenant text not null,
  -- The key of its action.
  key text not null,
  incident text not null,
  template text not null,
  target text not null,
  system text not null,
  -- The thing that nothing else may fix meanwhile.
  thing text not null,
  started_at timestamptz not null default now(),
  ended_at timestamptz,
  outcome text check (outcome in ('well', 'bad', 'not_run')),
  detail text,
  primary key (tenant, key),
  foreign key (tenant, key) references actions (tenant, key),
  foreign key (tenant, incident) references incidents (tenant, id),
  check ((ended_at is null) = (outcome is null))
);
create unique index fix_runs_one_at_a_time on fix_runs (tenant, thing) where ended_at is null;
create index fix_runs_recent on fix_runs (tenant, started_at);
create index fix_runs_incident on fix_runs (tenant, incident);
create index fix_runs_template on fix_runs (tenant, template, ended_at desc);

-- A fix that was proposed and that policy kept from running, and what people did instead.
create table shadow_fixes (
  tenant text not null,
  incident text not null,
  revision integer not null,
  template text not null,
  target text not null,
  remediation jsonb not null,
  -- Why it did not run.
  why text not null,
  noted_at timestamptz not null default now(),
  -- `same`: people did this very thing, and it helped; `other`: it became well without it.
  people text check (people in ('same', 'other', 'unknown')),
  detail text,
  settled_at timestamptz,
  primary key (tenant, incident, revision),
  foreign key (tenant, incident) references incidents (tenant, id)
);
create index shadow_fixes_template on shadow_fixes (tenant, template);

-- One link a row of the audit log, in the order of sealing; each holds the one before it.
create table audit_seals (
  tenant text not null,
  sequence bigint not null check (sequence >= 1),
  audit_id bigint not null,
  seal text not null,
  primary key (tenant, sequence),
  unique (tenant, audit_id)
);

do $$
declare
  name text;
begin
  foreach name in array array['switches', 'approvals', 'fix_runs', 'shadow_fixes', 'audit_seals']
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
grant update (state, who, why, answered_at) on approvals to dim_app;
grant update (ended_at, outcome, detail) on fix_runs to dim_app;
grant update (people, detail, settled_at) on shadow_fixes to dim_app;
