-- What people said about decisions, so that it is found again: by its condition, by its asset, and by titles alike.

-- The owner of a database may add it: pg_trgm is a trusted extension since PostgreSQL 13.
create extension if not exists pg_trgm;

-- `wrong_cause`: what it was instead, in the person's words.
alter table feedback add column should_be text not null default '';

-- Under row-level security no index on `%` is used: that operator might leak rows, so it comes after the policy. Equality
-- of numbers does not leak. So titles are found by keys: the trigrams of titles that are alike have many least hashes in
-- common (MinHash; three hashes a key). `similarity()` then ranks the few that share a key. Numbers say which day or run.
create function title_keys(title text) returns bigint[]
language sql immutable strict parallel safe set search_path = public, pg_temp as $$
  select coalesce(array_agg(distinct key), '{}')
  from (
    select hashtextextended(string_agg(least::text, ',' order by nth), band) as key
    from (
      select band, nth, min(hashtextextended(trigram, band * 3 + nth)) as least
      from unnest(show_trgm(regexp_replace(left(title, 300), '[0-9]+', '', 'g'))) as trigram,
        generate_series(0, 11) as band, generate_series(1, 3) as nth
      group by band, nth
    ) as signature
    group by band
  ) as bands
$$;

-- One row a key of an incident that people said something about.
create table memory_keys (
  tenant text not null check (tenant <> ''),
  key bigint not null,
  opened_at timestamptz not null,
  incident text not null,
  primary key (tenant, key, opened_at, incident),
  foreign key (tenant, incident) references incidents (tenant, id)
);
create index memory_keys_incident on memory_keys (tenant, incident);

-- A person said that what was kept quiet is real: what kept it quiet is trusted less for a while.
create table withdrawals (
  tenant text not null check (tenant <> ''),
  incident text not null,
  revision integer not null,
  -- What decided: a rule's name, `confirmed_noise`, or a model with its prompt's version.
  reason text not null,
  fingerprint text not null,
  asset_key text,
  who text not null,
  at timestamptz not null default now(),
  primary key (tenant, incident, revision),
  foreign key (tenant, incident) references incidents (tenant, id)
);
create index withdrawals_at on withdrawals (tenant, at desc);

do $$
declare
  name text;
begin
  foreach name in array array['memory_keys', 'withdrawals']
  loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy one_tenant on %I using (tenant = current_setting(''dim.tenant'', true))
      with check (tenant = current_setting(''dim.tenant'', true))', name);
    execute format('grant select, insert on %I to dim_app', name);
  end loop;
end
$$;
