import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { System } from '../../domain/system.ts'
import { AppError } from '../../lib/errors.ts'
import { HttpStatusError, type JsonRequest, requestJson } from '../../lib/http.ts'
import { parseJson } from '../../lib/json.ts'

const url = z.url({ protocol: /^https?$/ }).max(2048)

/** What `config/systems.yaml` says of each kind. */
export const DbtPlace = z
  .strictObject({
    folder: z.string().min(1).max(1000).optional(),
    /** Of an object store, or of a web server: the files lie beneath it. */
    url: url.optional(),
  })
  .refine((place) => (place.folder === undefined) !== (place.url === undefined), 'must name either folder or url')
/** dbt Cloud: the artifacts of the last finished run of a job. */
export const DbtCloud = z.strictObject({ url: url.optional(), account_id: z.int(), job_id: z.int() })

export type ArtifactFile = 'manifest.json' | 'run_results.json' | 'sources.json'

/** The artifacts of one dbt project, wherever they are left. */
export interface Artifacts {
  /** The parsed file; null when there is none of that name. */
  read(file: ArtifactFile): Promise<unknown>
  /** Is another one when the manifest may be another one: had without reading it. */
  stamp(): Promise<string>
}

/** A manifest of 5,000 nodes has some 40 MB. */
const longestFile = 150_000_000

/** @throws AppError E_SETTING_MISSING without the token that dbt Cloud wants */
export function openArtifacts(system: System, signal: AbortSignal): Artifacts {
  if (system.kind === 'dbt_cloud') return inCloud(system, signal)
  const { folder, url: base } = DbtPlace.parse(system.options)
  if (base === undefined) return inFolder(folder ?? '')
  const { token } = system.credentials
  return atUrl(base, token ? { authorization: `Bearer ${token}` } : {}, system.name, signal)
}

function inFolder(folder: string): Artifacts {
  return {
    async read(file) {
      const path = join(folder, file)
      try {
        const { size } = await stat(path)
        if (size > longestFile) {
          throw new AppError('E_HTTP_ANSWER', `${file} has more than ${longestFile} bytes.`, 'Is it the right file?')
        }
        return parseJson(await readFile(path, 'utf8'), { exact: false })
      } catch (thrown) {
        if (isMissing(thrown)) return null
        throw thrown instanceof AppError ? broken(file, thrown) : thrown
      }
    },
    async stamp() {
      try {
        const { mtimeMs, size } = await stat(join(folder, 'manifest.json'))
        return `${mtimeMs}|${size}`
      } catch (thrown) {
        if (isMissing(thrown)) return 'none'
        throw thrown
      }
    },
  }
}

function isMissing(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && (thrown.code === 'ENOENT' || thrown.code === 'ENOTDIR')
}

/** dbt writes in place: a file may be read half written, and is whole a moment later. */
function broken(file: string, { code, message }: AppError): AppError {
  if (code !== 'E_PAYLOAD_UNREADABLE') return new AppError(code, message, 'Check where the artifacts come from.')
  return new AppError('E_HTTP_ANSWER', `${file} is cut off, or no JSON.`, 'Run dbt again; copy whole files only.')
}

function atUrl(base: string, headers: Record<string, string>, system: string, signal: AbortSignal): Artifacts {
  const request: JsonRequest = { headers, signal, system, maxBytes: longestFile, timeoutMs: 10_000, exact: false }
  const read = (file: ArtifactFile) => orNull(requestJson(beneath(base, file), request))
  return {
    read,
    async stamp() {
      // Every dbt command writes its results, with an id of its own.
      const parsed = Stamped.safeParse(await read('run_results.json'))
      return parsed.success ? `${parsed.data.metadata.invocation_id}|${parsed.data.metadata.generated_at}` : 'none'
    },
  }
}

const Stamped = z.object({ metadata: z.object({ invocation_id: z.string().nullish(), generated_at: z.string() }) })

/** Beneath the path; a query (a signature) stays. */
function beneath(base: string, file: string): string {
  const address = new URL(base)
  address.pathname = `${address.pathname.replace(/\/+$/, '')}/${file}`
  return address.href
}

const Runs = z.object({ data: z.array(z.object({ id: z.int() })) })
const finished = '[10,20,30]'

/** https://docs.getdbt.com/dbt-cloud/api-v2: runs, newest first; status 10 success, 20 error, 30 cancelled. */
function inCloud(system: System, signal: AbortSignal): Artifacts {
  const { url: base = 'https://cloud.getdbt.com', account_id, job_id } = DbtCloud.parse(system.options)
  const { token } = system.credentials
  if (!token) {
    throw new AppError(
      'E_SETTING_MISSING',
      `${system.name} has no token.`,
      `Put {"${system.name}": {"token": "…"}} into SYSTEMS_CREDENTIALS: a service token with Metadata Only or Read-Only.`,
    )
  }
  const request: JsonRequest = {
    headers: { authorization: `Token ${token}` },
    signal,
    system: system.name,
    maxBytes: longestFile,
    exact: false,
  }
  const runs = `${base.replace(/\/+$/, '')}/api/v2/accounts/${account_id}/runs/`
  let last: Promise<number | null> | undefined
  const lastRun = () => {
    const query = new URLSearchParams({
      job_definition_id: String(job_id),
      order_by: '-finished_at',
      limit: '1',
      status__in: finished,
    })
    last ??= requestJson(`${runs}?${query}`, { ...request, schema: Runs }).then(({ data }) => data[0]?.id ?? null)
    return last
  }
  return {
    async read(file) {
      const run = await lastRun()
      return run === null ? null : orNull(requestJson(`${runs}${run}/artifacts/${file}`, request))
    },
    stamp: async () => String(await lastRun()),
  }
}

async function orNull(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer
  } catch (thrown) {
    if (thrown instanceof HttpStatusError && thrown.status === 404) return null
    throw thrown
  }
}
