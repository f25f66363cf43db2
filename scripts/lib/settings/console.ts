import type { Setting } from './setting.ts'

/** The console, and who logs in to it. */
export const webConsole = {
  CONSOLE_HOST: { kind: 'operator', required: false, what: 'Address the console binds to; default 127.0.0.1.' },
  CONSOLE_PORT: { kind: 'operator', required: false, what: 'Its port; default 8090.' },
  CONSOLE_URL: {
    kind: 'operator',
    required: false,
    what: 'The console as people reach it, such as https://incidents.example.com. With https its cookie is Secure.',
  },
  CONSOLE_KESTRA_URL: {
    kind: 'operator',
    required: false,
    what: 'Kestra’s own pages as people reach them, for links to executions. Empty: executions are named without.',
  },
  CONSOLE_TENANTS: {
    kind: 'operator',
    required: false,
    what: 'The tenants it serves, by comma, such as acme; empty: all.',
  },
  OIDC_ISSUER: {
    kind: 'operator',
    required: false,
    what: 'OpenID provider that people log in to the console by, as it names itself: https://login.example.com/realms/data',
  },
  OIDC_CLIENT_ID: { kind: 'operator', required: false, what: 'The client that the provider knows the console as.' },
  OIDC_CLIENT_SECRET: {
    kind: 'operator',
    required: false,
    what: 'Its secret (client_secret_post). Empty for a public client: PKCE guards either.',
  },
  OIDC_SCOPES: {
    kind: 'operator',
    required: false,
    what: 'What is asked for; default `openid profile email`. Many providers want `groups` as well.',
  },
  OIDC_NAME_CLAIM: { kind: 'operator', required: false, what: 'The claim that names an account; default email.' },
  OIDC_GROUPS_CLAIM: { kind: 'operator', required: false, what: 'The claim that lists the groups; default groups.' },
  OIDC_ROLES: {
    kind: 'operator',
    required: false,
    what: 'Which group has which role: admin=GROUP, responder=GROUP, viewer=*; with several tenants acme:admin=GROUP.',
  },
} as const satisfies Record<string, Setting>
