import { spawnSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { kestraEnvironment, settingNames } from '../scripts/lib/config.ts'
import { parseJson } from '../scripts/lib/json.ts'
import { isOwnSetting, tenantEnvironment } from '../scripts/lib/tenant.ts'

const home = join(import.meta.dirname, '..')
const text = (path: string) => readFileSync(join(home, path), 'utf8')

const Service = z.looseObject({
  image: z.string().optional(),
  build: z.looseObject({ dockerfile: z.string(), target: z.string() }).optional(),
  environment: z.record(z.string(), z.string()).default({}),
  volumes: z.array(z.string()).default([]),
  ports: z.array(z.string()).default([]),
})
const Compose = z.looseObject({ services: z.record(z.string(), Service), volumes: z.record(z.string(), z.null()) })
const compose = Compose.parse(parse(text('docker-compose.yml')))
const dockerfile = text('docker/Dockerfile')
const entrypoint = text('docker/entrypoint.sh')

/** The names of a list in the entry point: `secrets='…'`. */
function listed(name: string): string[] {
  return (new RegExp(`^${name}='([^']*)'`, 'm').exec(entrypoint)?.[1] ?? '').trim().split(/\s+/)
}

describe('the list of settings', () => {
  test('of the entry point is that of the product', () => {
    expect(listed('secrets').sort()).toEqual(settingNames('secret').sort())
    expect(listed('settings').sort()).toEqual(settingNames('setting').sort())
  })

  test('names what tenants share as the product does', () => {
    const handed = [...settingNames('secret'), ...settingNames('setting')]
    expect(listed('shared').sort()).toEqual(handed.filter((name) => !isOwnSetting(name)).sort())
  })

  test('is handed to Kestra by compose, whole', () => {
    const { KESTRA_CONFIGURATION: _, ...handed } = compose.services.kestra?.environment ?? {}
    expect(Object.keys(handed).sort()).toEqual([...settingNames('secret'), ...settingNames('setting')].sort())
    const inside = ['DIM_CONFIG_DIR', 'KESTRA_URL']
    for (const [name, value] of Object.entries(handed)) {
      if (!inside.includes(name)) expect(value).toBe(`\${${name}:-}`)
    }
  })

  test('never hands the owner of the database to Kestra', () => {
    expect(JSON.stringify(compose.services.kestra)).not.toContain('DATABASE_OWNER_URL')
  })
})

describe('the entry point', () => {
  const well = {
    ALERT_WEBHOOK_KEY: ' a-key-of-some-thirty-characters ',
    DATABASE_URL: 'postgresql://dim_app:secret@elsewhere/incident_management',
    KESTRA_USERNAME: 'admin@example.com',
    KESTRA_PASSWORD: "Pass word'1$x",
    SLACK_WEBHOOK_URL: 'https://hooks.example/services/"quoted"/ü',
    GEMINI_MODEL: 'gemini-2.5-flash',
  }
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dim-entrypoint-'))
    // Stands where the image's own entry point is, and says what it was given.
    const stub = `#!${process.execPath}\nprocess.stdout.write(JSON.stringify({ args: process.argv.slice(2), env: process.env }))\n`
    await writeFile(join(folder, 'docker-entrypoint.sh'), stub)
    await chmod(join(folder, 'docker-entrypoint.sh'), 0o755)
    await writeFile(join(folder, 'dim_app'), 'f00d')
    await writeFile(join(folder, 'kestra'), 'beef')
  })
  afterAll(() => rm(folder, { recursive: true }))

  const Started = z.object({ args: z.array(z.string()), env: z.record(z.string(), z.string()) })
  function start(settings: Record<string, string>, passwords = folder) {
    const env = { PATH: `${folder}:${process.env.PATH}`, PASSWORD_FOLDER: passwords, ...settings }
    const run = spawnSync('sh', [join(home, 'docker/entrypoint.sh'), 'server', 'standalone'], { env, encoding: 'utf8' })
    return {
      status: run.status,
      complaint: run.stderr,
      started: Started.safeParse(run.status === 0 && parseJson(run.stdout)).data,
    }
  }

  test('hands every setting on as the product does elsewhere', () => {
    const { started, complaint } = start(well)
    expect(complaint).toBe('')
    expect(started?.args).toEqual(['server', 'standalone'])
    expect(started?.env).toMatchObject(kestraEnvironment(well))
  })

  test('defines every own setting of each tenant, and of nobody else', async () => {
    for (const name of ['acme-eu', 'globex', 'Not_one', 'no--one']) {
      await mkdir(join(folder, 'config', 'tenants', name), { recursive: true })
    }
    const own = { ACME_EU__ALERT_WEBHOOK_KEY: 'k'.repeat(24), ACME_EU__SLACK_CHANNEL: '#eu', OTHER__SMTP_URL: 'x' }
    const settings = { ...well, ...own, DIM_CONFIG_DIR: join(folder, 'config') }
    const { started, complaint } = start(settings)
    expect(complaint).toBe('')
    expect(started?.env).toMatchObject(tenantEnvironment(settings, ['acme-eu', 'globex']))
    const names = Object.keys(started?.env ?? {}).filter((name) => /^(SECRET|ENV)_.+__/.test(name))
    expect(names.filter((name) => !/^(SECRET|ENV)_(ACME_EU|GLOBEX)__/.test(name))).toEqual([])
    expect(Object.keys(started?.env ?? {}).filter((name) => name.startsWith('ACME_EU__'))).toEqual([])
    expect(start({ ...settings, GLOBEX__ALERT_WEBHOOK_KEY: 'short' })).toMatchObject({
      status: 1,
      complaint: expect.stringContaining('GLOBEX__ALERT_WEBHOOK_KEY has 5 characters'),
    })
  })

  test('leaves no plain secret behind for tasks to inherit', () => {
    const { started } = start(well)
    // Kestra’s own configuration reads its log-in; a task forgets whatever begins with KESTRA_.
    const left = settingNames('secret').filter((name) => !name.startsWith('KESTRA_') && name in (started?.env ?? {}))
    expect(left).toEqual([])
    expect(started?.env).toMatchObject({ KESTRA_PASSWORD: well.KESTRA_PASSWORD, KESTRA_DATABASE_PASSWORD: 'beef' })
  })

  test('takes the database that compose made when none is given', () => {
    const { started } = start({ ...well, DATABASE_URL: '' })
    const url = 'postgresql://dim_app:f00d@postgres:5432/incident_management'
    expect(started?.env.SECRET_DATABASE_URL).toBe(Buffer.from(url).toString('base64'))
  })

  test('refuses to start and names all that is missing at once', () => {
    const { status, complaint } = start({}, '/nowhere')
    expect(status).toBe(1)
    expect(complaint.match(/^ {2}[A-Z_]+/gm)?.map((name) => name.trim())).toEqual([
      'ALERT_WEBHOOK_KEY',
      'DATABASE_URL',
      'KESTRA_USERNAME',
      'KESTRA_PASSWORD',
    ])
  })

  test.for([
    ['a short key', { ALERT_WEBHOOK_KEY: 'x'.repeat(23) }, 'ALERT_WEBHOOK_KEY has 23 characters'],
    ['a key that is no part of a URL', { ALERT_WEBHOOK_KEY: `${'x'.repeat(30)}/` }, 'do not fit into a URL'],
    ['a short key from before', { ALERT_WEBHOOK_KEY_PREVIOUS: 'qqq' }, 'ALERT_WEBHOOK_KEY_PREVIOUS has 3 characters'],
    ['a log-in that is no address', { KESTRA_USERNAME: 'admin' }, 'KESTRA_USERNAME'],
    ['a password without a digit', { KESTRA_PASSWORD: 'Passwordly' }, 'KESTRA_PASSWORD'],
    ['a password of seven characters', { KESTRA_PASSWORD: 'Passwo1' }, 'KESTRA_PASSWORD'],
  ] as const)('refuses %s', ([, fault, complaint]) => {
    const run = start({ ...well, ...fault })
    expect(run.status).toBe(1)
    expect(run.complaint).toContain(complaint)
    expect(run.complaint).not.toContain(Object.values(fault)[0])
  })
})

describe('PostgreSQL', () => {
  test('gets a password for each role, once', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dim-passwords-'))
    await writeFile(join(folder, 'docker-entrypoint.sh'), '#!/bin/sh\necho "$POSTGRES_PASSWORD_FILE $*"\n')
    await chmod(join(folder, 'docker-entrypoint.sh'), 0o755)
    const env = { PATH: `${folder}:${process.env.PATH}`, PASSWORD_FOLDER: folder }
    const start = async () => {
      const run = spawnSync('sh', [join(home, 'docker/postgres/entrypoint.sh'), 'postgres'], { env, encoding: 'utf8' })
      expect(run.stdout).toBe(`${folder}/postgres postgres\n`)
      return Promise.all(
        ['postgres', 'kestra', 'dim_owner', 'dim_app'].map((role) => readFile(join(folder, role), 'utf8')),
      )
    }
    const first = await start()
    for (const password of first) expect(password).toMatch(/^[0-9a-f]{48}$/)
    expect(new Set(first).size).toBe(4)
    expect(await start()).toEqual(first)
    await rm(folder, { recursive: true })
  })
})

describe('what the files name', () => {
  const version = (name: string) => new RegExp(`^ARG ${name}=(.+)$`, 'm').exec(dockerfile)?.[1]

  test('is one release of Kestra and of Node everywhere', () => {
    const { devDependencies } = z
      .object({ devDependencies: z.object({ node: z.string() }) })
      .parse(parseJson(text('package.json')))
    expect(version('NODE_VERSION')).toBe(devDependencies.node)
    expect(text('docker-compose.yml')).toContain(`\${KESTRA_VERSION:-${version('KESTRA_VERSION')}}`)
    expect(version('KESTRA_VERSION')).toMatch(/^1\.3\.\d+$/)
  })

  test('is pinned', () => {
    for (const { image, build } of Object.values(compose.services)) {
      if (image) expect(image).toMatch(/:\d+\.\d+(\.\d+)?(-[a-z0-9-]+)?$/)
      else expect(dockerfile).toContain(` AS ${build?.target}\n`)
    }
    const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base)
    expect(bases).toEqual([`node:\${NODE_VERSION}-bookworm-slim`, 'node', 'node', `kestra/kestra:v\${KESTRA_VERSION}`])
  })

  test('exists', () => {
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(?:--\S+ )*(.+) \S+$/gm)].flatMap(([, paths = '']) =>
      paths.split(' '),
    )
    const mounted = Object.values(compose.services).flatMap(({ volumes }) =>
      volumes.map((volume) => volume.replace(/^\$\{\w+:-(.*?)\}/, '$1').split(':')[0] ?? ''),
    )
    const paths = [...copied, ...mounted.filter((path) => path.startsWith('.'))]
    expect(paths.length).toBeGreaterThan(8)
    for (const path of paths) expect(existsSync(join(home, path)), path).toBe(true)
    for (const name of mounted.filter((path) => !path.startsWith('.'))) expect(compose.volumes).toHaveProperty(name)
  })

  test('reaches the builder, and secrets do not', () => {
    const ignore = text('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
    const allowed = ignore.filter((line) => line.startsWith('!')).map((line) => line.slice(1))
    expect(ignore[0]).toBe('*')
    expect(allowed).not.toContain('.env')
    for (const [, paths = ''] of dockerfile.matchAll(/^COPY (?!--from)(?:--\S+ )*(.+) \S+$/gm)) {
      for (const path of paths.split(' ')) expect(allowed).toContain(path.split('/')[0])
    }
  })
})

describe('Kestra in compose', () => {
  const configuration = z
    .looseObject({
      datasources: z.object({ postgres: z.looseObject({ url: z.string(), password: z.string() }) }),
      kestra: z.looseObject({
        server: z.object({
          'basic-auth': z.object({ username: z.string(), password: z.string(), 'open-urls': z.array(z.string()) }),
        }),
        storage: z.object({ local: z.object({ 'base-path': z.string() }), type: z.string() }),
      }),
      micronaut: z.object({ server: z.object({ 'max-request-size': z.number() }) }),
    })
    .parse(parse((compose.services.kestra?.environment.KESTRA_CONFIGURATION ?? '').replaceAll('$$', '$')))

  test('takes bodies of at most 1 MiB', () => {
    expect(configuration.micronaut.server['max-request-size']).toBe(1024 * 1024)
  })

  test('asks for its log-in, webhooks aside, and holds no secret in its configuration', () => {
    const auth = configuration.kestra.server['basic-auth']
    expect([auth.username, auth.password, configuration.datasources.postgres.password]).toEqual([
      `\${KESTRA_USERNAME}`,
      `\${KESTRA_PASSWORD}`,
      `\${KESTRA_DATABASE_PASSWORD}`,
    ])
    expect(auth['open-urls']).toEqual(['/ping', '/api/v1/main/executions/webhook/'])
  })

  test('keeps its storage where a volume is, and reads its database and config where they are', () => {
    const { volumes = [] } = compose.services.kestra ?? {}
    expect(volumes).toContain(`kestra-data:${configuration.kestra.storage.local['base-path']}`)
    expect(configuration.datasources.postgres.url).toBe('jdbc:postgresql://postgres:5432/kestra')
    expect(volumes).toContain(`\${DIM_CONFIG_DIR:-./config}:${compose.services.kestra?.environment.DIM_CONFIG_DIR}:ro`)
    expect(text('docker/postgres/databases.sh')).toContain('create database kestra owner kestra')
  })

  test('is open to this machine only, and sees no Docker socket', () => {
    for (const { ports } of Object.values(compose.services)) {
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/)
    }
    for (const file of ['docker-compose.yml', 'docker/Dockerfile']) expect(text(file)).not.toContain('docker.sock')
  })

  test('finds in the image whatever the flows call', () => {
    const flows = globSync('flows/**/*.yaml', { cwd: home }).map(text).join('\n')
    expect(flows).toContain('{{ envs.dim_home }}/dist/tasks/')
    expect(dockerfile).toContain('COPY --from=build /build/dist/tasks /opt/dim/dist/tasks')
    expect(dockerfile).toMatch(/^ENV ENV_DIM_HOME=\/opt\/dim/m)
    for (const [, task] of flows.matchAll(/dist\/tasks\/([a-z_]+)\.cjs/g)) {
      expect(existsSync(join(home, `scripts/tasks/${task}.ts`)), task).toBe(true)
    }
  })
})

test('the workflow pins its actions and runs commands that exist', () => {
  const workflow = text('.github/workflows/ci.yml')
  for (const [, action] of workflow.matchAll(/uses: (\S+)/g)) expect(action).toMatch(/^[\w/-]+@v\d+\.\d+\.\d+$/)
  const { scripts } = z.object({ scripts: z.record(z.string(), z.string()) }).parse(parseJson(text('package.json')))
  for (const [, script = ''] of workflow.matchAll(/npm run ([a-z-]+)/g)) expect(scripts).toHaveProperty(script)
  for (const [, file = ''] of workflow.matchAll(/@(test_scenarios\/\S+)/g))
    expect(existsSync(join(home, file))).toBe(true)
  expect(existsSync(join(home, 'test_all.sh'))).toBe(true)
})
