import { spellDuration } from '../domain/duration.ts'
import type { EvidenceDraft } from '../domain/evidence.ts'
import type { System } from '../domain/system.ts'
import { oneLine } from '../domain/text.ts'
import type { Commit } from './change/commit.ts'
import { checkGit, GitOptions, gitCommits } from './change/git.ts'
import { checkGithub, GithubOptions, githubCommits } from './change/github.ts'
import { checkGitlab, GitlabOptions, gitlabCommits } from './change/gitlab.ts'
import { mostChanges, type Nearest, type Wanted } from './change/newest.ts'
import type { Connector, ConnectorContext, Health, Question } from './connector.ts'
import type { Library } from './gathering/library.ts'

/** What was changed longer before the trouble than this is not looked at. */
const lookBackMs = 72 * 3_600_000
const mostFiles = 20
/** Shorter names are part of too many others. */
const shortestStem = 3

interface Host {
  /** Commits of a time that touch a file named after one of the stems, or one that is known. */
  commits(system: System, wanted: Wanted, signal: AbortSignal): Promise<Nearest>
  check(context: ConnectorContext): Promise<Health>
}

const hosts: ReadonlyMap<string, Host> = new Map([
  ['git', { commits: gitCommits, check: checkGit }],
  ['github', { commits: githubCommits, check: checkGithub }],
  ['gitlab', { commits: gitlabCommits, check: checkGitlab }],
])

/** What people changed in the code that makes an asset: a local clone, GitHub or GitLab. */
export const change: Connector = {
  name: 'change',
  kinds: { git: GitOptions, github: GithubOptions, gitlab: GitlabOptions },
  settings: [],
  fromSettings: () => null,
  topics: ['changes'],
  concerns: ({ asset }) => asset !== null && stemsOf(asset).length > 0,
  owns: () => false,
  shared: (question) => ({
    key: [...(question.asset ? stemsOf(question.asset) : []), troubleAt(question).toISOString().slice(0, 15)],
    seconds: 60,
  }),

  async gather(question, { system, signal, library }) {
    const { asset } = question
    const host = hosts.get(system.kind)
    if (asset === null || host === undefined) return []
    const at = troubleAt(question)
    const since = new Date(at.getTime() - lookBackMs)
    const paths = await pathsOf(asset, library)
    const nearest = await host.commits(system, { since, until: at, stems: stemsOf(asset), paths }, signal)
    const found = nearest.commits
      .filter((commit) => commit.at.getTime() <= at.getTime() && commit.at.getTime() >= since.getTime())
      .toSorted((a, b) => b.at.getTime() - a.at.getTime())
      .slice(0, mostChanges)
      .map((commit) => evidenceOf(commit, question, at))
    return nearest.isCut ? [...found, cutOff(nearest.looked, question, system)] : found
  },

  async check(context) {
    return (await hosts.get(context.system.kind)?.check(context)) ?? { version: null, missingRights: [] }
  },
}

/** What files about an asset are named after: a DAG's id, a table's last part. */
function stemsOf(asset: NonNullable<Question['asset']>): string[] {
  const { dag_id: dag, file } = asset.native ?? {}
  const last = asset.name.split(/[./]/).at(-1) ?? ''
  const named = [dag, file, asset.kind === 'task' ? undefined : last]
  return [...new Set(named.flatMap((name) => (name && name.length >= shortestStem ? [name.toLowerCase()] : [])))]
}

/** The files that make it, as far as the alert or a dbt project tells. */
async function pathsOf({ name, native }: NonNullable<Question['asset']>, library: Library): Promise<string[]> {
  const own = native?.file?.includes('/') ? [native.file] : []
  return [...new Set([...own, ...(await library.files([name, ...Object.values(native ?? {})]))])]
}

/** That nothing more was found means nothing. */
function cutOff(looked: number, { asset, now }: Question, { name, kind }: System): EvidenceDraft {
  const reason = `It has more commits of the ${lookBackMs / 3_600_000} hours before than are read one by one: the ${looked} nearest were.`
  return {
    source: 'change',
    kind: 'unavailable',
    asset: asset?.name ?? null,
    observed_at: now.toISOString(),
    summary: `${name} does not tell all that was changed: ${reason}`,
    data: {
      system: name,
      kind,
      reason,
      code: 'E_ANSWER_CUT',
      hint: 'Look at its history; a local clone is read whole.',
    },
  }
}

/** When the trouble began, as far as the alerts say. */
function troubleAt({ alerts, now }: Question): Date {
  const starts = alerts.flatMap(({ started_at: start }) => (start ? [Date.parse(start)] : []))
  return new Date(Math.min(now.getTime(), ...starts))
}

function evidenceOf(
  { ref, by, at, subject, files, request }: Commit,
  question: Question,
  trouble: Date,
): EvidenceDraft {
  const before = spellDuration((trouble.getTime() - at.getTime()) / 1000)
  return {
    source: 'change',
    kind: 'change',
    asset: question.asset?.name ?? null,
    observed_at: question.now.toISOString(),
    summary: `${before} before, ${oneLine(by, 80)} changed ${oneLine(files[0] ?? 'a file', 120)}: ${oneLine(subject, 160)}.`,
    data: {
      what: request ? 'pull_request' : 'commit',
      ref: request ?? ref.slice(0, 12),
      by: oneLine(by, 100),
      at: at.toISOString(),
      files: files.slice(0, mostFiles).map((file) => oneLine(file, 300)),
      title: oneLine(subject, 200),
    },
  }
}
