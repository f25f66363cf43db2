-- What a tenant has in every table that knows tenants, those of later releases included, and how it is all taken out. Row-level
-- security holds both to the tenant that the transaction names; the product's own role may do neither.

create function count_tenant_rows()
returns table (place text, amount bigint)
language plpgsql security invoker set search_path = public, pg_temp as $$
begin
  for place in
    select class.relname from pg_class as class
    where class.relnamespace = 'public'::regnamespace and class.relkind = 'r'
      and exists (select from pg_attribute where attrelid = class.oid and attname = 'tenant' and not attisdropped)
    order by 1
  loop
    execute format('select count(*) from %I', place) into amount;
    if amount > 0 then return next; end if;
  end loop;
end
$$;

-- Deletes so many rows at most, of one table that no row of another one refers to any more: which, and how many. Nothing
-- when there is none left.
create function delete_tenant_rows(most integer)
returns table (place text, amount bigint)
language plpgsql security invoker set search_path = public, pg_temp set enable_seqscan = off as $$
declare
  candidate record;
  own record;
  child regclass;
  has_rows boolean;
  is_referred_to boolean;
begin
  for candidate in
    select class.oid, class.relname from pg_class as class
    where class.relnamespace = 'public'::regnamespace and class.relkind = 'r'
      and exists (select from pg_attribute where attrelid = class.oid and attname = 'tenant' and not attisdropped)
    order by class.relname
  loop
    execute format('select exists (select from %I)', candidate.relname) into has_rows;
    continue when not has_rows;
    is_referred_to := false;
    for child in
      select conrelid from pg_constraint
      where contype = 'f' and confrelid = candidate.oid and conrelid <> candidate.oid
    loop
      execute format('select exists (select from %s)', child) into has_rows;
      is_referred_to := is_referred_to or has_rows;
    end loop;
    continue when is_referred_to;
    -- Rows that refer to others of their own table let go of them first.
    for own in
      select attribute.attname from pg_constraint as named
      join pg_attribute as attribute on attribute.attrelid = named.conrelid and attribute.attnum = any(named.conkey)
      where named.contype = 'f' and named.conrelid = candidate.oid and named.confrelid = candidate.oid
        and attribute.attname <> 'tenant'
    loop
      execute format('update %I set %I = null where %I is not null', candidate.relname, own.attname, own.attname);
    end loop;
    execute format('delete from %I where ctid = any(array(select ctid from %I limit $1))', candidate.relname,
      candidate.relname) using most;
    get diagnostics amount = row_count;
    place := candidate.relname;
    return next;
    return;
  end loop;
end
$$;

revoke all on function count_tenant_rows, delete_tenant_rows from public;
