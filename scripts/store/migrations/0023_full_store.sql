-- What keeps pages and figures quick over a store of a million alerts: what they count is answered by an index alone.

-- Whether rules stood in for the model. Read from `record`, which is wide.
alter table decisions add column fell_back boolean generated always as (record ->> 'fallback' is not null) stored;
create index decisions_spent on decisions (tenant, incident) include (analyzer, tokens, cost_usd, fell_back);

-- Who the catalogue names as owner, in its own evidence; no longer than an index takes, and than anybody asks for.
alter table evidence add column owner text
  generated always as (case when kind = 'catalog_entry' and source = 'catalog' then left(item #>> '{data,owner}', 200) end) stored;
create index evidence_owner on evidence (tenant, incident, revision, position) include (owner) where owner is not null;

create index actions_sent on actions (tenant, incident) where message is not null and state in ('sent', 'confirmed');
create index actions_tried on actions (tenant, incident) where kind = 'fix' and attempt > 0;

-- A ticket is looked up by its incident when that closes or goes.
create index tickets_incident on tickets (tenant, incident);
