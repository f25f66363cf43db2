-- What the model was asked for and what it cost, a day (UTC) and tenant: what budgets are held against.
create table model_usage (
  tenant text not null check (tenant <> ''),
  day date not null,
  calls integer not null default 0 check (calls >= 0),
  tokens bigint not null default 0 check (tokens >= 0),
  cost_usd double precision not null default 0 check (cost_usd >= 0),
  -- When people were told that the day's budget is spent.
  told_at timestamptz,
  primary key (tenant, day)
);
alter table model_usage enable row level security;
alter table model_usage force row level security;
create policy one_tenant on model_usage using (tenant = current_setting('dim.tenant', true))
  with check (tenant = current_setting('dim.tenant', true));
grant select, insert on model_usage to dim_app;
grant update (calls, tokens, cost_usd, told_at) on model_usage to dim_app;
