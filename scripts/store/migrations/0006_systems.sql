-- What gatherings know of the systems they ask: who is left alone for now, and what was answered seconds ago.

create table system_health (
  tenant text not null,
  system text not null,
  -- In a row, since it last answered.
  failures integer not null check (failures >= 1),
  code text not null,
  reason text not null,
  failed_at timestamptz not null default now(),
  -- Until then nobody asks. Whoever comes first afterwards tries it, and moves this on for the others meanwhile.
  paused_until timestamptz,
  primary key (tenant, system)
);

create table system_answers (
  tenant text not null,
  system text not null,
  -- A digest of the question.
  key text not null,
  -- Whoever asks, or asked.
  token text not null,
  -- Null while the question is being asked.
  answer jsonb,
  -- The end of the asking, then of the answer.
  until timestamptz not null,
  primary key (tenant, system, key)
);
create index system_answers_until on system_answers (tenant, until);

do $$
declare
  name text;
begin
  foreach name in array array['system_health', 'system_answers']
  loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy one_tenant on %I using (tenant = current_setting(''dim.tenant'', true))
      with check (tenant = current_setting(''dim.tenant'', true))', name);
    execute format('alter table %I add check (tenant <> '''')', name);
    execute format('grant select, insert, update, delete on %I to dim_app', name);
  end loop;
end
$$;
