-- What gatherings know of the systems they ask: who is left alone for now, what was answered seconds ago, what changed.

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

-- What people changed, as deploys tell the webhook: no alerts, but what explains the next one.
create table changes (
  tenant text not null,
  -- A digest of what was changed, where and when: told twice it is the same.
  id text not null,
  what text not null,
  ref text,
  who text,
  at timestamptz not null,
  environment text,
  -- The assets that it names, in lower case; empty when it names none.
  assets text[] not null,
  files text[] not null,
  summary text not null,
  received_at timestamptz not null default now(),
  primary key (tenant, id)
);
create index changes_at on changes (tenant, at desc);

do $$
declare
  name text;
begin
  foreach name in array array['system_health', 'system_answers', 'changes']
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
