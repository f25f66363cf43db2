-- What a fix that waits for approval would do, as its system said when it was asked: kept, so that whoever shows it needs
-- no credentials that change something.
alter table approvals
  add column dry_run text,
  -- Why it could not be made.
  add column dry_run_fault text,
  add column dry_run_at timestamptz,
  add check (num_nonnulls(dry_run, dry_run_fault) <= 1 and (dry_run_at is null) = (num_nonnulls(dry_run, dry_run_fault) = 0));
grant update (dry_run, dry_run_fault, dry_run_at) on approvals to dim_app;
