import { spellDuration } from '../domain/duration.ts'
import type { EvidenceDraft } from '../domain/evidence.ts'
import type { System } from '../domain/system.ts'
import { oneLine } from '../domain/text.ts'
import type { Commit } from './change/commit.ts'
import { checkGit, GitOptions, gitCommits } from './change/git.ts'
import { checkGithub, GithubOptions, githubCommits } from './change/github.ts'
import { checkGitlab, GitlabOptions, gitlabCommits } from './change/gitlab.ts'
import type { Connector, ConnectorContext, Health, Question } from './connector.ts'

/** What was changed longer before the trouble than this is not looked at. */
const lookBackMs = 72 * 3_600_000
const mostChanges = 5
const mostFiles = 20
/** Shorter names are part of too many others. */
const shortestStem = 3

interface Host {
  /** Commits since then that touch a file named after one of the stems. */
  commits(system: System, wanted: { since: Date; stems: readonly string[] }, signal: AbortSignal): Promise<Commit[]>
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

  async gather(question, { system, signal }) {
    const stems = question.asset ? stemsOf(question.asset) : []
    const at = troubleAt(question)
    const since = new Date(at.getTime() - lookBackMs)
    const found = (await hosts.get(system.kind)?.commits(system, { since, stems }, signal)) ?? []
    return found
      .filter((commit) => commit.at.getTime() <= at.getTime() && commit.at.getTime() >= since.getTime())
      .toSorted((a, b) => b.at.getTime() - a.at.getTime())
      .slice(0, mostChanges)
      .map((commit) => evidenceOf(commit, question, at))
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
