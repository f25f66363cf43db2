-- What asking a warehouse may have cost so far, a day and instance, in its own credits: at worst, not as billed.

create table warehouse_credits (
  tenant text not null check (tenant <> ''),
  -- The instance, as evidence calls it.
  system text not null,
  -- In UTC.
  day date not null,
  credits numeric not null check (credits >= 0),
  primary key (tenant, system, day)
);

alter table warehouse_credits enable row level security;
alter table warehouse_credits force row level security;
create policy one_tenant on warehouse_credits using (tenant = current_setting('dim.tenant', true))
  with check (tenant = current_setting('dim.tenant', true));
grant select, insert, update, delete on warehouse_credits to dim_app;
