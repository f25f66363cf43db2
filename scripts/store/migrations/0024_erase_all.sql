-- A person's data goes out of every column, those of keys and of the audit log too. `erase_words` stays for the release
-- before this one.

-- A key follows where it is named, so that what is in it can be erased.
do $$
declare
  named record;
begin
  for named in
    select class.relname as table_name, con.conname, pg_get_constraintdef(con.oid) as definition
    from pg_constraint as con
    join pg_class as class on class.oid = con.conrelid
    where con.contype = 'f' and con.connamespace = 'public'::regnamespace and con.confupdtype = 'a'
      and con.confrelid in ('accounts'::regclass, 'actions'::regclass, 'dbt_projects'::regclass)
  loop
    execute format('alter table %I drop constraint %I', named.table_name, named.conname);
    execute format('alter table %I add constraint %I %s on update cascade', named.table_name, named.conname, named.definition);
  end loop;
end
$$;

create function erased(value text[], words text[]) returns text[]
language sql immutable set search_path = public, pg_temp as $$
  select coalesce(array_agg(erased(item, words) order by nth), '{}') from unnest(value) with ordinality as items(item, nth)
$$;

-- In a key, where two that differ must go on differing: the words, and a hash of what it was.
create function erased_key(value text, words text[]) returns text
language sql immutable set search_path = public, pg_temp as $$
  select replace(erased(value, words), 'erased', 'erased-' || left(md5(value), 8))
$$;

-- Takes words out of every text, list and JSON column of the tenant's rows, in tables of later releases too. What is left as
-- it is: columns that may only hold words of the product's own, and those that follow another by a foreign key. Without
-- `apply` it only counts.
create function erase_everywhere(words text[], apply boolean)
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
    select class.relname as table_name, attribute.attname as column_name, attribute.atttypid as kind,
      exists (
        select from pg_index where indrelid = class.oid and indisunique and attribute.attnum = any(indkey::smallint[])
      ) as is_key
    from pg_class as class
    join pg_attribute as attribute on attribute.attrelid = class.oid and attribute.attnum > 0 and not attribute.attisdropped
    where class.relnamespace = 'public'::regnamespace and class.relkind = 'r' and attribute.attname <> 'tenant'
      and attribute.atttypid in ('text'::regtype, 'jsonb'::regtype, 'text[]'::regtype) and attribute.attgenerated = ''
      and exists (select from pg_attribute where attrelid = class.oid and attname = 'tenant' and not attisdropped)
      and not exists (
        select from pg_constraint
        where conrelid = class.oid and attribute.attnum = any(conkey)
          and (contype = 'f' or contype = 'c' and pg_get_constraintdef(oid) like '%= ANY (ARRAY[%')
      )
    order by 1, 2
  loop
    condition := format('exists (select from unnest($1) as word where strpos(lower(%s), lower(word)) > 0)',
      case when spot.kind = 'text[]'::regtype then format('array_to_string(%I, chr(10))', spot.column_name)
        else format('%I::text', spot.column_name) end);
    if apply then
      execute format('update %I set %I = %s(%I, $1) where %s', spot.table_name, spot.column_name,
        case when spot.is_key and spot.kind = 'text'::regtype then 'erased_key' else 'erased' end, spot.column_name, condition)
        using words;
      get diagnostics hits = row_count;
    else
      execute format('select count(*)::int from %I where %s', spot.table_name, condition) into hits using words;
    end if;
    place := spot.table_name || '.' || spot.column_name;
    if hits > 0 then return next; end if;
  end loop;
end
$$;
revoke all on function erase_everywhere from public;
