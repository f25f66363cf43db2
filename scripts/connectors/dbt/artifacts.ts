import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { System } from '../../domain/system.ts'
import { AppError } from '../../lib/errors.ts'
import { type JsonRequest, orNull, requestJson } from '../../lib/http.ts'
import { parseJson } from '../../lib/json.ts'
import { optionsOf } from '../gathering/options.ts'
import { type ArtifactFile, type CloudRun, longestFile, openJob } from './cloud.ts'

const url = z.url({ protocol: /^https?$/ }).max(2048)

/** What `config/systems.yaml` says of each kind. */
export const DbtPlace = z
  .strictObject({
    folder: z
      .string()
      .min(1)
      .max(1000)
      .refine((place) => !/^[a-z][a-z0-9+.-]*:\/\//i.test(place), {
        message: 'it takes a folder, or an http(s) address under which the files lie; of a bucket, its https address',
      })
      .optional(),
    /** Of an object store, or of a web server: the files lie beneath it. */
    url: url.optional(),
  })
  .refine((place) => (place.folder === undefined) !== (place.url === undefined), 'must name either folder or url')

/** The artifacts of one dbt project, wherever they are left. */
export interface Artifacts {
  /** The parsed file; null when there is none of that name. */
  read(file: ArtifactFile): Promise<unknown>
  /** Is another one when the manifest may be another one: had without reading it. */
  stamp(): Promise<string>
  /** The job and the run of dbt Cloud that left them; null where they lie elsewhere. */
  origin(): Promise<{ job_id: string; run_id: string } | null>
}

const noOrigin = async () => null

/** @throws AppError E_SETTING_MISSING without the token that dbt Cloud wants */
export function openArtifacts(system: System, signal: AbortSignal): Artifacts {
  if (system.kind === 'dbt_cloud') return inCloud(system, signal)
  const { folder, url: base } = optionsOf(DbtPlace, system, { folder: 'DBT_ARTIFACTS', url: 'DBT_ARTIFACTS' })
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
        if (size > longestFile[file]) {
          throw new AppError(
            'E_HTTP_ANSWER',
            `${file} has more than ${longestFile[file].toLocaleString('en')} bytes.`,
            'Is it the right file?',
          )
        }
        return parseJson(await readFile(path, 'utf8'), { exact: false })
      } catch (thrown) {
        if (isMissing(thrown)) return null
        if (isDenied(thrown)) throw denied(file)
        throw thrown instanceof AppError ? broken(file, thrown) : thrown
      }
    },
    async stamp() {
      try {
        const { mtimeMs, size } = await stat(join(folder, 'manifest.json'))
        // Written some time after the manifest, by the same command.
        const built = await stat(join(folder, 'catalog.json')).catch(() => null)
        return [mtimeMs, size, ...(built ? [built.mtimeMs, built.size] : [])].join('|')
      } catch (thrown) {
        if (isMissing(thrown)) return 'none'
        throw isDenied(thrown) ? denied('manifest.json') : thrown
      }
    },
    origin: noOrigin,
  }
}

function isMissing(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && (thrown.code === 'ENOENT' || thrown.code === 'ENOTDIR')
}

function isDenied(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && (thrown.code === 'EACCES' || thrown.code === 'EPERM')
}

function denied(file: string): AppError {
  return new AppError(
    'E_ACCESS_DENIED',
    `${file} may not be read by the user that this runs as.`,
    'Let that user read the folder and the files in it.',
  )
}

/** dbt writes in place: a file may be read half written, and is whole a moment later. */
function broken(file: string, { code, message }: AppError): AppError {
  if (code !== 'E_PAYLOAD_UNREADABLE') return new AppError(code, message, 'Check where the artifacts come from.')
  return new AppError('E_HTTP_ANSWER', `${file} is cut off, or no JSON.`, 'Run dbt again; copy whole files only.')
}

function atUrl(base: string, headers: Record<string, string>, system: string, signal: AbortSignal): Artifacts {
  const request: JsonRequest = { headers, signal, system, timeoutMs: 10_000, exact: false }
  const read = (file: ArtifactFile) =>
    orNull(requestJson(beneath(base, file), { ...request, maxBytes: longestFile[file] }))
  return {
    read,
    async stamp() {
      // Every dbt command writes its results, with an id of its own.
      const parsed = Stamped.safeParse(await read('run_results.json'))
      return parsed.success ? `${parsed.data.metadata.invocation_id}|${parsed.data.metadata.generated_at}` : 'none'
    },
    origin: noOrigin,
  }
}

const Stamped = z.object({ metadata: z.object({ invocation_id: z.string().nullish(), generated_at: z.string() }) })

/** Beneath the path; a query (a signature) stays. */
function beneath(base: string, file: string): string {
  const address = new URL(base)
  address.pathname = `${address.pathname.replace(/\/+$/, '')}/${file}`
  return address.href
}

/** Of the last run of the job that finished. */
function inCloud(system: System, signal: AbortSignal): Artifacts {
  const job = openJob(system, signal)
  let last: Promise<CloudRun | null> | undefined
  const lastRun = () => {
    last ??= job.lastFinished()
    return last
  }
  return {
    async read(file) {
      const run = await lastRun()
      return run === null ? null : job.artifact(run.id, file)
    },
    stamp: async () => String((await lastRun())?.id ?? null),
    async origin() {
      const run = await lastRun()
      return run === null ? null : { job_id: String(job.jobId), run_id: String(run.id) }
    },
  }
}
