-- An account whose person logs in by the team's OpenID provider: its subject there stays, a name may change. When the
-- provider last vouched for it bounds what its sessions and tokens may still do.

alter table accounts add column oidc_issuer text;
alter table accounts add column oidc_subject text;
alter table accounts add column oidc_seen_at timestamptz;
-- An admin says that whoever bears this name at the provider is the person of this account: the next log-in binds it.
alter table accounts add column oidc_expected boolean not null default false;
alter table accounts add check ((oidc_issuer is null) = (oidc_subject is null));
alter table accounts add check ((oidc_issuer is null) = (oidc_seen_at is null));
create unique index accounts_oidc on accounts (tenant, oidc_issuer, oidc_subject);
