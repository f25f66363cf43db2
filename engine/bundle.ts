import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'

const home = join(import.meta.dirname, '..')

/** Bundles each task of scripts/tasks to one file in dist/tasks: a bundle starts in a quarter of the time of sources. */
export async function buildTasks(): Promise<string[]> {
  const folder = join(home, 'scripts', 'tasks')
  const entries = (await readdir(folder)).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  const output = join(home, 'dist', 'tasks')
  await build({
    entryPoints: entries.map((name) => join(folder, name)),
    outdir: output,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    minify: true,
    legalComments: 'none',
    platform: 'node',
    format: 'cjs',
    target: 'node24',
    // Optional parts of pg that are not used.
    external: ['pg-native', 'pg-cloudflare'],
    logLevel: 'warning',
  })
  return entries.map((name) => join(output, name.replace(/\.ts$/, '.cjs')))
}
