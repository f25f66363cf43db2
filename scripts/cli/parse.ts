import { readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { AppError, toAppError } from '../lib/errors.ts'
import { safeStringify, tryParseJson } from '../lib/json.ts'
import { findMonitor } from '../monitors/index.ts'
import type { Monitor } from '../monitors/monitor.ts'
import { readBody } from '../workflow/read-body.ts'
import { readTaughtMonitors } from '../workflow/taught-monitors.ts'

const help = `Usage: npm run --silent parse -- [--monitor NAME] [--headers FILE.json] [--config FOLDER] FILE…

Shows what the product makes of recorded webhook bodies. Reads files only: no store, no network.

  --monitor NAME      read every file as this monitor's, instead of recognising it
  --headers FILE      the headers that came with the bodies, a JSON object
  --config FOLDER     where monitors.yaml teaches shapes of your own; default DIM_CONFIG_DIR, else config/

Prints one line of JSON a file: {"file", "monitor", "alerts"}, for a deploy or another change {…, "changes"}, or
{"file", "error": {"code", "message", "hint"}}.
Exit code 0 when every file was understood or cleanly refused, 1 when one could not be opened, 2 for wrong usage.
`

const Headers = z.record(z.string(), z.string())

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      monitor: { type: 'string' },
      headers: { type: 'string' },
      config: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) {
    process.stdout.write(help)
    return 0
  }
  if (positionals.length === 0) throw new Usage('Name at least one file.')
  if (values.config !== undefined && !(await isFolder(values.config)))
    throw new Usage(`There is no folder ${values.config}.`)
  const folder = values.config ?? process.env.DIM_CONFIG_DIR ?? join(import.meta.dirname, '..', '..', 'config')
  const taught = await readTaughtMonitors(folder)
  if (values.monitor !== undefined) findMonitor(values.monitor, taught)
  const headers = values.headers === undefined ? {} : await readHeaders(values.headers)
  let code = 0
  for (const file of positionals) {
    const answer = await parseFile(file, headers, { only: values.monitor, taught })
    if ('unopened' in answer) code = 1
    process.stdout.write(`${safeStringify(answer.line)}\n`)
  }
  return code
}

async function parseFile(
  file: string,
  headers: Record<string, string>,
  how: { only: string | undefined; taught: readonly Monitor[] },
) {
  const name = basename(file)
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch {
    const error = { code: 'E_PAYLOAD_UNREADABLE', message: 'The file cannot be opened.', hint: 'Check its path.' }
    return { unopened: true, line: { file: name, error } }
  }
  try {
    const receivedAt = new Date().toISOString()
    // What is no JSON is handed on by Kestra as a string.
    const body = tryParseJson(text) ?? text
    return { line: { file: name, ...readBody({ body, headers, receivedAt }, how) } }
  } catch (thrown) {
    const { code, message, hint } = toAppError(thrown)
    return { line: { file: name, error: { code, message, hint } } }
  }
}

async function readHeaders(file: string): Promise<Record<string, string>> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch {
    throw new Usage(`The headers file ${file} cannot be opened. Check its path.`)
  }
  const parsed = Headers.safeParse(tryParseJson(text))
  if (!parsed.success) throw new Usage('The headers file must hold a JSON object of strings.')
  return Object.fromEntries(Object.entries(parsed.data).map(([key, value]) => [key.toLowerCase(), value]))
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    return false
  }
}

class Usage extends Error {}

try {
  process.exitCode = await main()
} catch (thrown) {
  const isUsage = thrown instanceof Usage || thrown instanceof AppError || thrown instanceof TypeError
  const said = thrown instanceof Error ? thrown.message : String(thrown)
  const hint = thrown instanceof AppError ? ` ${thrown.hint}` : ''
  process.stderr.write(`${said}${hint}\n\n${isUsage ? help : ''}`)
  process.exitCode = 2
}
