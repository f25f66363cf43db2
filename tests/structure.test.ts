import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'

const home = join(import.meta.dirname, '..')

/** What each folder may import from, beside itself; `lib` is open to all but `domain`. */
const allowed: Record<string, readonly string[]> = {
  domain: [],
  lib: [],
  monitors: ['domain', 'lib'],
  connectors: ['domain', 'lib'],
  analysis: ['domain', 'lib'],
  channels: ['domain', 'lib'],
  remediation: ['domain', 'lib', 'connectors'],
  store: ['domain', 'lib'],
  workflow: ['domain', 'lib', 'monitors', 'connectors', 'analysis', 'channels', 'remediation', 'store'],
  tasks: ['lib', 'store', 'workflow'],
  cli: ['domain', 'lib', 'monitors', 'connectors', 'analysis', 'channels', 'remediation', 'store', 'workflow'],
  console: ['domain', 'lib', 'store', 'workflow'],
}

/**
 * A vendor's SDK is imported in exactly one place; PostgreSQL in three: as the role that works, as
 * the one that migrates, and where it is a warehouse that is asked.
 */
const vendors: Record<string, string[]> = {
  '@google/genai': ['analysis/gemini.ts'],
  '@hono/node-server': ['console/address.ts', 'console/server.ts'],
  '@kestra-io/libs': ['lib/kestra.ts'],
  '@node-rs/argon2': ['console/security/password.ts'],
  nodemailer: ['channels/email.ts'],
  'openid-client': ['console/security/oidc.ts'],
  'zod-openapi': ['console/api/document.ts'],
  '@slack/web-api': ['channels/slack/web-api.ts'],
  '@slack/webhook': ['channels/slack/webhook.ts'],
  pg: [
    'connectors/warehouse/postgres-session.ts',
    'remediation/postgres/session.ts',
    'store/connection.ts',
    'store/migrate.ts',
  ],
  'node-pg-migrate': ['store/migrate.ts'],
  'snowflake-sdk': ['connectors/snowflake/driver.ts'],
  yaml: ['lib/yaml-file.ts'],
  'cron-parser': ['lib/cron.ts'],
}

interface Source {
  path: string
  /** From the package's folder. */
  file: string
  text: string
  imports: string[]
}

/** The code: a path in scripts/ stands without that, one in console/ with it. */
const sources: Source[] = ['scripts', 'console']
  .flatMap((folder) =>
    readdirSync(join(home, folder), { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)),
  )
  .filter((path) => /(?<!\.test)\.tsx?$/.test(path) && !path.includes('__fixtures__'))
  .map((file) => {
    const path = shortened(file)
    const text = readFileSync(join(home, file), 'utf8')
    const imports = [...text.matchAll(/^(?:import|export|\}) .*from '([^']+)'|\bimport\('([^']+)'\)/gm)].map(
      (match) => match[1] ?? match[2] ?? '',
    )
    return { path, file, text, imports }
  })

function shortened(file: string): string {
  return file.replace(/^scripts\//, '')
}

function folderOf(path: string): string {
  return path.split('/')[0] ?? ''
}

function inside(source: Source): string[] {
  return source.imports
    .filter((name) => name.startsWith('.'))
    .map((name) => shortened(relative(home, join(home, dirname(source.file), name))))
}

describe('structure', () => {
  it('reads a tree that is there', () => {
    expect(sources.length).toBeGreaterThan(40)
  })

  it('lets imports point one way only', () => {
    const wrong = sources.flatMap((source) => {
      const from = folderOf(source.path)
      // Commands may start the engine, the stand-ins and the console; nothing else leaves scripts/.
      const targets = inside(source).filter((path) => from !== 'cli' || !/^(engine|tests|console)\//.test(path))
      return targets
        .filter((path) => folderOf(path) !== from && !allowed[from]?.includes(folderOf(path)))
        .map((path) => `${source.path} → ${path}`)
    })
    expect(wrong).toEqual([])
  })

  it('keeps the domain pure', () => {
    const foreign = sources
      .filter(({ path }) => folderOf(path) === 'domain')
      .flatMap(({ path, imports }) =>
        imports
          .filter((name) => !name.startsWith('.') && !['zod', 'node:crypto'].includes(name))
          .map((name) => `${path} → ${name}`),
      )
    expect(foreign).toEqual([])
  })

  it.each(Object.entries(vendors))('imports %s only in %s', (name, places) => {
    const users = sources.filter(({ imports }) =>
      imports.some((found) => found === name || found.startsWith(`${name}/`)),
    )
    expect(users.map(({ path }) => path).sort()).toEqual(places)
  })

  it('prints only in lib/kestra.ts, in commands and in the log of the console', () => {
    const printers = sources.filter(
      ({ path, text }) =>
        folderOf(path) !== 'cli' && /\bconsole\.(log|info|warn|error|debug)\b|process\.std(out|err)/.test(text),
    )
    expect(printers.map(({ path }) => path)).toEqual(['console/log.ts'])
  })

  it('parses JSON only in lib', () => {
    const parsers = sources.filter(({ path, text }) => folderOf(path) !== 'lib' && /\bJSON\.parse\(/.test(text))
    expect(parsers.map(({ path }) => path)).toEqual([])
  })

  it('reads the environment only in lib/kestra.ts and in commands', () => {
    const readers = sources.filter(({ path, text }) => folderOf(path) !== 'cli' && /process\.env\b/.test(text))
    expect(readers.map(({ path }) => path)).toEqual(['lib/kestra.ts'])
  })

  it('keeps tasks thin', () => {
    const thick = sources.filter(({ path, text }) => folderOf(path) === 'tasks' && text.split('\n').length > 41)
    expect(thick.map(({ path }) => path)).toEqual([])
  })
})
