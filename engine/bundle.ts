import { cp, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Plugin } from 'esbuild'
import { withCompiledCode } from './bundle/code.ts'

const home = join(import.meta.dirname, '..')

/** Packages that are large and that not every run needs: files of their own, read when they are first used. */
const apart: ReadonlyMap<string, string> = new Map([
  ['@google/genai', 'google-genai'],
  ['@slack/web-api', 'slack-web-api'],
  ['@slack/webhook', 'slack-webhook'],
  ['cron-parser', 'cron-parser'],
  ['json-p3', 'json-p3'],
  ['nodemailer', 'nodemailer'],
  ['yaml', 'yaml'],
])

const filesApart: Plugin = {
  name: 'files-apart',
  setup(build) {
    build.onResolve({ filter: /^[@a-z]/ }, ({ path, kind }) => {
      const file = apart.get(path)
      return file && kind === 'dynamic-import' ? { path: `./${file}.cjs`, external: true } : null
    })
  },
}

/**
 * Snowflake's driver brings the SDKs of three clouds, to move files and to log in as a machine. Neither is done here, and
 * without them it loads in half the time.
 */
const withoutClouds: Plugin = {
  name: 'without-clouds',
  setup(build) {
    const clouds = /^(?:@aws-sdk|@aws-crypto|@azure|@smithy)\/|^google-auth-library$/
    build.onResolve({ filter: clouds }, ({ path, importer }) =>
      importer.includes('snowflake-sdk') ? { path, namespace: 'clouds' } : null,
    )
    build.onLoad({ filter: /.*/, namespace: 'clouds' }, () => ({ contents: 'module.exports = {}' }))
  },
}

/** What runs in a thread of its own: a file of its own, named where the thread is started. */
const threads: ReadonlyMap<string, string> = new Map([
  [join(home, 'scripts', 'connectors', 'snowflake', 'driver.ts'), 'snowflake-driver'],
])

/**
 * Imports zod as a namespace: of one, esbuild leaves out what nobody uses (its error messages in forty languages, for a
 * start), which makes a third to a half of a task's bundle. Of `{ z }`, which is a namespace handed on, it keeps all.
 */
const namespaceOfZod: Plugin = {
  name: 'namespace-of-zod',
  setup(build) {
    build.onLoad({ filter: /[\\/]scripts[\\/].*\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8')
      return { loader: 'ts', contents: source.replace(/^import \{ z \} from 'zod'$/m, "import * as z from 'zod'") }
    })
  },
}

/**
 * Bundles and compiles each task of scripts/tasks, by default into dist/tasks: `NAME.cjs` is what is started, `NAME.code`
 * what it runs. That starts in a fifth of the time of sources. A stack that runs meanwhile sees old files or new ones,
 * never half of one. Answers the files to start.
 */
export async function buildTasks(output = join(home, 'dist', 'tasks')): Promise<string[]> {
  // Commands import this module also where esbuild is not installed: in production nothing is bundled.
  const { build } = await import('esbuild')
  const folder = join(home, 'scripts', 'tasks')
  const tasks = (await readdir(folder)).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  const { outputFiles } = await build({
    entryPoints: [
      ...tasks.map((name) => ({ in: join(folder, name), out: basename(name, '.ts') })),
      ...[...apart, ...threads].map(([name, file]) => ({ in: name, out: file })),
    ],
    outdir: output,
    bundle: true,
    minify: true,
    legalComments: 'none',
    platform: 'node',
    format: 'cjs',
    target: 'node24',
    define: { 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename' },
    // What is loaded later is loaded by `require`.
    supported: { 'dynamic-import': false },
    plugins: [withoutClouds, filesApart, namespaceOfZod],
    // Optional parts of pg that are not used.
    external: ['pg-native', 'pg-cloudflare'],
    logLevel: 'warning',
    write: false,
  })
  await mkdir(output, { recursive: true })
  const start = await readFile(join(import.meta.dirname, 'bundle', 'start.cjs'))
  for (const { path, text } of outputFiles) {
    const name = basename(path, '.js')
    await replace(join(output, `${name}.code`), withCompiledCode(text))
    await replace(join(output, `${name}.cjs`), start)
  }
  return tasks.map((name) => join(output, name.replace(/\.ts$/, '.cjs')))
}

/**
 * Bundles the console into dist/console, for a machine on which nothing compiles: `console.mjs` is what is started, its
 * own files lie beside it, packages are taken from node_modules.
 */
export async function buildConsole(output = join(home, 'dist', 'console')): Promise<void> {
  const { build } = await import('esbuild')
  await build({
    entryPoints: [{ in: join(home, 'scripts', 'cli', 'console.ts'), out: 'console' }],
    outdir: output,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node24',
    jsx: 'automatic',
    jsxImportSource: 'hono/jsx',
    logLevel: 'warning',
  })
  await cp(join(home, 'console', 'assets'), join(output, 'assets'), { recursive: true })
}

async function replace(path: string, contents: Uint8Array): Promise<void> {
  const partial = `${path}.${process.pid}.part`
  await writeFile(partial, contents)
  await rename(partial, path)
}
