-- Who has taken an incident on, and for which decision: what becomes worse is told anew.
alter table incidents add column acknowledged_at timestamptz;
alter table incidents add column acknowledged_by text;
alter table incidents add column acknowledged_revision integer;

-- What was told before to the same place about the same incident is looked up before each message.
create index actions_told on actions (tenant, incident, kind, target, created_at) where message is not null;

-- When a channel may be used next, over all processes that send by it.
create table paces (
  tenant text not null check (tenant <> ''),
  channel text not null,
  -- The time up to which its allowance is used.
  used_until timestamptz not null,
  primary key (tenant, channel)
);
alter table paces enable row level security;
alter table paces force row level security;
create policy one_tenant on paces using (tenant = current_setting('dim.tenant', true))
  with check (tenant = current_setting('dim.tenant', true));
grant select, insert, update on paces to dim_app;
