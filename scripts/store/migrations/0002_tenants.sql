-- A session sees and writes the rows of the one tenant that its transaction names, and without a name none. The tables'
-- owner is held to it too.
do $$
declare
  name text;
begin
  foreach name in array array['raw_payloads', 'incidents', 'alerts', 'occurrences', 'evidence', 'decisions', 'actions',
    'tickets', 'dead_letters', 'due', 'transitions', 'audit']
  loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy one_tenant on %I using (tenant = current_setting(''dim.tenant'', true))
      with check (tenant = current_setting(''dim.tenant'', true))', name);
    execute format('alter table %I add check (tenant <> '''')', name);
    execute format('grant select, insert on %I to dim_app', name);
  end loop;
  -- No temporary tables, no schema of its own: the product's role writes rows, and nothing else.
  execute format('revoke all on database %I from public', current_database());
  execute format('grant connect on database %I to dim_app', current_database());
end
$$;
revoke create on schema public from public;

-- Beyond reading and adding rows. Timeline and audit log are only ever added to.
grant update (outcome) on raw_payloads to dim_app;
grant update (incident, end_state, end_reason) on alerts to dim_app;
grant update on incidents, decisions, actions to dim_app;
grant update (closed_at) on tickets to dim_app;
grant update (replayed_at) on dead_letters to dim_app;
grant update, delete on due to dim_app;
grant delete on evidence to dim_app;

-- So that the product can tell which release the schema is of.
grant select on schema_migrations to dim_app;
