-- Who may see and steer by the console and its API. No password and no token is kept: hashes are.

create table accounts (
  tenant text not null check (tenant <> ''),
  name text not null check (name ~ '^[a-z0-9][a-z0-9._@+-]{0,99}$'),
  role text not null check (role in ('viewer', 'responder', 'admin')),
  password_hash text,
  -- A one-time link by which the person sets a password; whoever sets it ends it.
  invite_hash text,
  invite_until timestamptz,
  created_at timestamptz not null default now(),
  created_by text not null,
  deactivated_at timestamptz,
  deactivated_by text,
  primary key (tenant, name),
  check ((invite_hash is null) = (invite_until is null))
);
create unique index accounts_invite on accounts (tenant, invite_hash);

create table sessions (
  tenant text not null check (tenant <> ''),
  token_hash text not null,
  account text not null,
  created_at timestamptz not null default now(),
  used_at timestamptz not null default now(),
  primary key (tenant, token_hash),
  foreign key (tenant, account) references accounts (tenant, name)
);
create index sessions_account on sessions (tenant, account);

create table api_tokens (
  tenant text not null check (tenant <> ''),
  id text not null,
  token_hash text not null,
  account text not null,
  label text not null,
  scope text not null check (scope in ('viewer', 'responder', 'admin')),
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at timestamptz,
  revoked_at timestamptz,
  primary key (tenant, id),
  unique (tenant, token_hash),
  foreign key (tenant, account) references accounts (tenant, name)
);
create index api_tokens_account on api_tokens (tenant, account);

-- What people say about a decision. Somebody may say more than once; the latest counts.
create table feedback (
  tenant text not null check (tenant <> ''),
  id bigint generated always as identity,
  incident text not null,
  revision integer not null,
  verdict text not null check (verdict in ('right', 'false_alarm', 'was_real', 'wrong_cause')),
  note text not null default '',
  who text not null,
  at timestamptz not null default now(),
  primary key (tenant, id),
  foreign key (tenant, incident) references incidents (tenant, id)
);
create index feedback_incident on feedback (tenant, incident, who, id desc);

do $$
declare
  name text;
begin
  foreach name in array array['accounts', 'sessions', 'api_tokens', 'feedback']
  loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy one_tenant on %I using (tenant = current_setting(''dim.tenant'', true))
      with check (tenant = current_setting(''dim.tenant'', true))', name);
    execute format('grant select, insert on %I to dim_app', name);
  end loop;
end
$$;
grant update on accounts to dim_app;
grant update (used_at), delete on sessions to dim_app;
grant update (used_at, revoked_at) on api_tokens to dim_app;

-- What the pages ask for: the open ones by severity, what came in a range of time, what has just changed.
create index incidents_worst_open on incidents
  (tenant, array_position(array['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'], severity), opened_at) where closed_at is null;
create index alerts_received on alerts (tenant, received_at desc);
create index decisions_created on decisions (tenant, created_at desc);
create index transitions_at on transitions (tenant, at desc);
create index audit_at on audit (tenant, at desc);
create index actions_created on actions (tenant, created_at desc);
