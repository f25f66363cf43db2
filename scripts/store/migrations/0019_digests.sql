-- A message that belongs to no incident: a digest of many.
alter table actions alter column incident drop not null;
create index actions_of_none on actions (tenant, created_at) where incident is null;

-- Removes messages of that age that belong to no incident; those of an incident go with it.
create function retire_messages(days integer, most integer) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  messages integer;
begin
  if days is null or days < 30 then
    raise exception 'messages are kept for 30 days at least' using errcode = 'invalid_parameter_value';
  end if;
  delete from actions where key in (
    select key from actions where incident is null and created_at < now() - make_interval(days => days)
    order by created_at limit least(most, 1000)
  );
  get diagnostics messages = row_count;
  return messages;
end
$$;
revoke all on function retire_messages from public;
grant execute on function retire_messages to dim_app;
