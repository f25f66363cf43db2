-- Which webhook key a delivery came with, so that it is seen when the previous one may go.
alter table raw_payloads add column webhook_key text check (webhook_key in ('current', 'previous'));
create index raw_payloads_previous_key on raw_payloads (tenant, received_at) where webhook_key = 'previous';

alter table source_heard
  add column current_key_at timestamptz,
  add column previous_key_at timestamptz;

-- A late page of the incidents is read in the order of the index, by it alone.
create index incidents_listed on incidents (tenant, opened_at desc, id) include (source);
drop index incidents_opened;

-- Row-level security keeps `&&` from being asked of an index: the operator is not known to tell nothing of other rows.
-- A tenant's nodes are some thousands, and are found by their key.
drop index dbt_nodes_names;
drop index dbt_nodes_parents;
