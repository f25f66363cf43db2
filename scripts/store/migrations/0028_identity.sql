-- The identity that an alert's payload alone gives, and the instance that is certain: by them a condition that is open is
-- found again when configuration, or a release, says its identity in another way. Null in rows of the release before.
alter table conditions
  add column read_fingerprint text,
  add column read_asset_key text,
  add column instance text;
create index conditions_read on conditions (tenant, read_fingerprint) where resolved_at is null;
create index conditions_read_asset on conditions (tenant, read_asset_key) where resolved_at is null;
create index conditions_instance on conditions (tenant, instance, opened_at) where resolved_at is null;

-- Of which environment the catalogue says that an asset is: one row for each that an entry names, '' for none.
create table asset_environments (
  tenant text not null check (tenant <> ''),
  family text not null,
  name text not null,
  -- The instance that the entry speaks of; '' for any.
  system text not null,
  environment text not null,
  primary key (tenant, family, name, system, environment)
);
alter table asset_environments enable row level security;
alter table asset_environments force row level security;
create policy one_tenant on asset_environments using (tenant = current_setting('dim.tenant', true))
  with check (tenant = current_setting('dim.tenant', true));
grant select, insert, delete on asset_environments to dim_app;

-- An issue that we opened is known by its key when it comes back.
create index actions_reference on actions (tenant, (result ->> 'reference')) where kind = 'jira';
