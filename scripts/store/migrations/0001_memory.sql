-- The memory of the product. `tenant` is in every primary and unique key, and 0002 lets a session see one tenant only.

create table raw_payloads (
  tenant text not null,
  -- Kestra's originalId: the same for an execution and its repetitions.
  id text not null,
  execution_id text not null,
  received_at timestamptz not null default now(),
  monitor text,
  headers jsonb not null,
  -- The JSON text as it was handed over, whole.
  body text not null,
  -- What was answered to the flow; a repetition answers the same. Null only inside the transaction that writes it.
  outcome jsonb,
  primary key (tenant, id)
);
create index raw_payloads_execution on raw_payloads (tenant, execution_id);
create index raw_payloads_received on raw_payloads (tenant, received_at);

create table incidents (
  tenant text not null,
  id text not null,
  fingerprint text not null,
  asset_key text,
  state text not null check (state in ('open', 'analyzing', 'dismissed', 'logged', 'notified', 'awaiting_approval',
    'fixing', 'verifying', 'resolved', 'escalated')),
  severity text not null check (severity in ('CRITICAL', 'HIGH', 'MEDIUM', 'LOW')),
  -- The worst that monitors claimed; `severity` is what was decided.
  claimed_severity text not null check (claimed_severity in ('CRITICAL', 'HIGH', 'MEDIUM', 'LOW')),
  category text not null,
  title text not null,
  source text not null,
  environment text,
  asset jsonb,
  revision integer not null default 1 check (revision >= 1),
  occurrences integer not null default 0 check (occurrences >= 0),
  opened_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  -- The latest start that its firings claimed, never ahead of the store's clock.
  latest_start timestamptz,
  decided_at timestamptz,
  told_at timestamptz,
  -- A resolve that came while a fix was under way.
  resolved_seen_at timestamptz,
  closed_at timestamptz,
  closed_how text check (closed_how in ('resolve', 'recovery', 'quiet', 'fixed', 'expired', 'manual')),
  -- Until then, whoever was told to start the analysis is expected to do it.
  dispatched_until timestamptz,
  -- The execution that analyses, and until when it is expected to answer.
  holder text,
  held_until timestamptz,
  primary key (tenant, id),
  check ((closed_at is null) = (closed_how is null)),
  check (state <> 'resolved' or closed_at is not null)
);
create unique index incidents_one_open on incidents (tenant, fingerprint) where closed_at is null;
create index incidents_open on incidents (tenant, state, opened_at) where closed_at is null;
create index incidents_asset on incidents (tenant, asset_key, opened_at desc);
create index incidents_fingerprint on incidents (tenant, fingerprint, opened_at desc);

create table alerts (
  tenant text not null,
  raw_id text not null,
  position integer not null,
  incident text,
  fingerprint text not null,
  asset_key text,
  source text not null,
  status text not null check (status in ('firing', 'resolved', 'info')),
  severity text not null check (severity in ('CRITICAL', 'HIGH', 'MEDIUM', 'LOW')),
  received_at timestamptz not null,
  -- As the payload claims, never ahead of the store's clock.
  started_at timestamptz,
  ended_at timestamptz,
  alert jsonb not null,
  -- What it did: one of the steps of domain/fold.ts.
  step text not null,
  -- Null while its incident is undecided, or is being fixed.
  end_state text check (end_state in ('folded', 'dismissed', 'logged', 'notified', 'fixed', 'ignored', 'silenced',
    'observed', 'would_dismiss', 'dead_letter')),
  end_reason text,
  primary key (tenant, raw_id, position),
  foreign key (tenant, raw_id) references raw_payloads (tenant, id),
  foreign key (tenant, incident) references incidents (tenant, id)
);
create index alerts_incident on alerts (tenant, incident, received_at);
create index alerts_fingerprint on alerts (tenant, fingerprint, received_at desc);
create index alerts_unfinished on alerts (tenant, received_at) where end_state is null;

create table occurrences (
  tenant text not null,
  incident text not null,
  delivery text not null,
  seen_at timestamptz not null,
  primary key (tenant, incident, delivery),
  foreign key (tenant, incident) references incidents (tenant, id)
);

create table evidence (
  tenant text not null,
  incident text not null,
  revision integer not null,
  id text not null,
  position integer not null,
  source text not null,
  kind text not null,
  asset text,
  item jsonb not null,
  primary key (tenant, incident, revision, id),
  foreign key (tenant, incident) references incidents (tenant, id)
);

create table decisions (
  tenant text not null,
  incident text not null,
  revision integer not null,
  holder text not null,
  proposal jsonb not null,
  record jsonb not null,
  decision jsonb,
  analyzer text not null,
  model text,
  tokens integer,
  cost_usd double precision,
  created_at timestamptz not null default now(),
  decided_at timestamptz,
  -- A later revision decided anew.
  superseded boolean not null default false,
  primary key (tenant, incident, revision),
  foreign key (tenant, incident) references incidents (tenant, id)
);

-- The outbox: a row is here before anything leaves.
create table actions (
  tenant text not null,
  -- Stable, so that a repetition is recognised here and at the other side.
  key text not null,
  incident text not null,
  revision integer not null,
  kind text not null,
  template text,
  target text,
  state text not null default 'planned' check (state in ('planned', 'sending', 'sent', 'failed', 'unknown', 'confirmed',
    'cancelled')),
  attempt integer not null default 0,
  -- An attempt ended without an answer: it may have gone through.
  outcome_unknown boolean not null default false,
  lease_token text,
  -- Null in `unknown` and `failed`: it is not tried again.
  not_before timestamptz default now(),
  message jsonb,
  remediation jsonb,
  result jsonb,
  created_at timestamptz not null default now(),
  sent_at timestamptz,
  changed_at timestamptz not null default now(),
  primary key (tenant, key),
  foreign key (tenant, incident) references incidents (tenant, id)
);
create index actions_claimable on actions (tenant, not_before) where state in ('planned', 'sending', 'failed', 'unknown');
create index actions_incident on actions (tenant, incident);
create index actions_target on actions (tenant, target, created_at) where kind = 'fix';

create table tickets (
  tenant text not null,
  id text not null,
  -- The key of the action that opened it: opened again it is the same ticket.
  key text not null,
  incident text not null,
  title text not null,
  severity text not null,
  created_at timestamptz not null default now(),
  closed_at timestamptz,
  primary key (tenant, id),
  unique (tenant, key),
  foreign key (tenant, incident) references incidents (tenant, id)
);

create table dead_letters (
  tenant text not null,
  execution_id text not null,
  task text not null,
  original_id text not null,
  incident text,
  code text not null,
  message text not null,
  payload text,
  created_at timestamptz not null default now(),
  replayed_at timestamptz,
  primary key (tenant, execution_id, task)
);
create index dead_letters_open on dead_letters (tenant, created_at) where replayed_at is null;
create index dead_letters_original on dead_letters (tenant, original_id);

-- Whatever happens later is a row here, which the clock works.
create table due (
  tenant text not null,
  kind text not null,
  subject text not null,
  due_at timestamptz not null,
  attempt integer not null default 0,
  lease_token text,
  lease_until timestamptz,
  primary key (tenant, kind, subject)
);
create index due_next on due (tenant, due_at);
create index due_subject on due (tenant, subject);

-- An incident's timeline.
create table transitions (
  tenant text not null,
  id bigint generated always as identity,
  incident text not null,
  from_state text,
  to_state text not null,
  who text not null,
  why text not null,
  at timestamptz not null default clock_timestamp(),
  primary key (tenant, id),
  foreign key (tenant, incident) references incidents (tenant, id)
);
create index transitions_incident on transitions (tenant, incident, id);

create table audit (
  tenant text not null,
  id bigint generated always as identity,
  at timestamptz not null default clock_timestamp(),
  actor text not null,
  what text not null,
  subject text,
  detail jsonb not null,
  primary key (tenant, id)
);
create index audit_subject on audit (tenant, subject, id);
