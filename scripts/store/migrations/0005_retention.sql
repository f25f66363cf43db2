-- What is kept for how long, and how a person's data is taken out. The product's role may drop evidence; everything else is
-- done by functions of the owner, which hold themselves to what may go.
alter table raw_payloads add column cleared_at timestamptz;
create index raw_payloads_uncleared on raw_payloads (tenant, received_at) where cleared_at is null;
create index incidents_closed on incidents (tenant, closed_at) where closed_at is not null;

-- Empties bodies that came so many days ago, oldest first, but those of which an alert has no end or that were not read
-- and not replayed; and dead letters that were replayed so many days ago. How many.
create function clear_bodies(days integer, most integer) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  bodies integer;
  letters integer;
begin
  if days is null or days < 1 then
    raise exception 'bodies are kept for a day at least' using errcode = 'invalid_parameter_value';
  end if;
  with chosen as materialized (
    select tenant as of_tenant, id as of_id from raw_payloads as raw
    where cleared_at is null and received_at < now() - make_interval(days => days)
      and not exists (select from alerts where raw_id = raw.id and end_state is null)
      and not exists (select from dead_letters where original_id = raw.id and replayed_at is null)
    order by received_at limit least(most, 1000) for update skip locked
  )
  update raw_payloads set body = '', headers = '{}', cleared_at = now()
  from chosen where tenant = of_tenant and id = of_id;
  get diagnostics bodies = row_count;
  with chosen as materialized (
    select tenant as of_tenant, execution_id as of_execution, task as of_task from dead_letters
    where payload is not null and replayed_at < now() - make_interval(days => days)
    limit least(most, 1000) for update skip locked
  )
  update dead_letters set payload = null
  from chosen where tenant = of_tenant and execution_id = of_execution and task = of_task;
  get diagnostics letters = row_count;
  return bodies + letters;
end
$$;

-- Removes incidents that were closed so many days ago, with every row that names them by a foreign key: tables of later
-- releases too. Nothing younger than 30 days goes, whoever asks. How many incidents went.
create function retire_incidents(days integer, most integer) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  ids text[];
  child record;
begin
  if days is null or days < 30 then
    raise exception 'incidents are kept for 30 days at least' using errcode = 'invalid_parameter_value';
  end if;
  select array_agg(id) into ids from (
    select id from incidents where closed_at < now() - make_interval(days => days)
    order by closed_at limit least(most, 1000) for update skip locked
  ) as chosen;
  if ids is null then return 0; end if;
  for child in
    select named.conrelid as table_id, named.conrelid::regclass as table_name, attribute.attname as column_name
    from pg_constraint as named
    join pg_attribute as attribute on attribute.attrelid = named.conrelid and attribute.attnum = any(named.conkey)
    where named.contype = 'f' and named.confrelid = 'incidents'::regclass and attribute.attname <> 'tenant'
  loop
    if child.table_id = 'incidents'::regclass then
      execute format('update %s set %I = null where %I = any($1)', child.table_name, child.column_name, child.column_name)
        using ids;
    else
      execute format('delete from %s where %I = any($1)', child.table_name, child.column_name) using ids;
    end if;
  end loop;
  delete from due where subject = any(ids);
  delete from incidents where id = any(ids);
  return cardinality(ids);
end
$$;

-- Removes deliveries of that age that no incident needs any more, with their alerts and dead letters.
create function retire_deliveries(days integer, most integer) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  ids text[];
begin
  if days is null or days < 30 then
    raise exception 'deliveries are kept for 30 days at least' using errcode = 'invalid_parameter_value';
  end if;
  select array_agg(id) into ids from (
    select id from raw_payloads as raw
    where received_at < now() - make_interval(days => days)
      and not exists (
        select from alerts where raw_id = raw.id and (incident is not null or end_state is null)
      )
    order by received_at limit least(most, 1000) for update skip locked
  ) as chosen;
  if ids is null then return 0; end if;
  delete from alerts where raw_id = any(ids);
  delete from dead_letters where original_id = any(ids);
  delete from raw_payloads where id = any(ids);
  return cardinality(ids);
end
$$;

-- Every string of a JSON value, keys too, with each of the words taken out.
create function erased(value text, words text[]) returns text
language plpgsql immutable set search_path = public, pg_temp as $$
declare
  word text;
begin
  foreach word in array words loop
    value := regexp_replace(value, '***=' || word, 'erased', 'gi');
  end loop;
  return value;
end
$$;

create function erased(value jsonb, words text[]) returns jsonb
language plpgsql immutable set search_path = public, pg_temp as $$
begin
  case jsonb_typeof(value)
    when 'string' then return to_jsonb(erased(value #>> '{}', words));
    when 'array' then
      return (select coalesce(jsonb_agg(erased(item, words) order by nth), '[]')
        from jsonb_array_elements(value) with ordinality as items(item, nth));
    when 'object' then
      return (select coalesce(jsonb_object_agg(erased(key, words), erased(item, words)), '{}')
        from jsonb_each(value) as entries(key, item));
    else return value;
  end case;
end
$$;

-- Takes words out of every text and JSON column of the tenant's rows, in tables of later releases too; what a constraint
-- or a unique index needs stays, and the audit log is counted and never changed. Without `apply` it only counts.
create function erase_words(words text[], apply boolean)
returns table (place text, hits integer)
language plpgsql security invoker set search_path = public, pg_temp as $$
declare
  spot record;
  condition text;
begin
  if exists (select from unnest(words) as word where length(word) < 4) then
    raise exception 'a text of fewer than four characters is in too many places' using errcode = 'invalid_parameter_value';
  end if;
  for spot in
    select class.relname as table_name, attribute.attname as column_name
    from pg_class as class
    join pg_attribute as attribute on attribute.attrelid = class.oid and attribute.attnum > 0 and not attribute.attisdropped
    where class.relnamespace = 'public'::regnamespace and class.relkind = 'r'
      and attribute.atttypid in ('text'::regtype, 'jsonb'::regtype) and attribute.attgenerated = ''
      and exists (select from pg_attribute where attrelid = class.oid and attname = 'tenant' and not attisdropped)
      and not exists (select from pg_constraint where conrelid = class.oid and attribute.attnum = any(conkey))
      and not exists (
        select from pg_index where indrelid = class.oid and indisunique and attribute.attnum = any(indkey::smallint[]))
    order by 1, 2
  loop
    condition := format('exists (select from unnest($1) as word where strpos(lower(%I::text), lower(word)) > 0)',
      spot.column_name);
    if apply and spot.table_name <> 'audit' then
      execute format('update %I set %I = erased(%I, $1) where %s', spot.table_name, spot.column_name, spot.column_name,
        condition) using words;
      get diagnostics hits = row_count;
    else
      execute format('select count(*)::int from %I where %s', spot.table_name, condition) into hits using words;
    end if;
    place := spot.table_name || '.' || spot.column_name;
    if hits > 0 then return next; end if;
  end loop;
end
$$;

revoke all on function clear_bodies, retire_incidents, retire_deliveries, erase_words from public;
grant execute on function clear_bodies, retire_incidents, retire_deliveries to dim_app;
