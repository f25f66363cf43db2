import type { Severity } from '../alert.ts'
import type { Leaf } from './leaves.ts'
import { readSeverity } from './severity.ts'

/** Keys under which a body says how its scale runs. */
const scaleKey = /(?:scale|note|legend|range|meaning|hint)$/
/** `1=page`, `5 is the worst`, `1: lowest`. */
const step = /(?<!\d)(?<!\d\.)(\d{1,3})\s?(?:=|:|is|means|\()\s?(?:the )?(most \p{L}{1,20}|\p{L}{1,20})/giu
/** `worst = 5`. */
const turnedStep = /\b(worst|highest|most \w{1,20}|lowest|least|best)\s?(?:=|:|is)\s?(\d{1,3})(?!\d)/gi
/** `1-5`, `1 … 5`, `of 5`: how far it goes. */
const span = /(?<![\d.])(\d{1,3})\s?(?:-|–|\.\.|…|to)\s?(\d{1,3})(?![\d.])/i
const last = /\bof (\d{1,3})\b/i

const worst = /^(?:worst|highest|most|critical|urgent|page|severe|fatal|max|maximum)/i
const least = /^(?:lowest|least|best|low|info|fyi|harmless|minor|min|minimum|fine)/i
const acted: Readonly<Record<string, Severity>> = { page: 'CRITICAL', ticket: 'HIGH', fyi: 'LOW', log: 'LOW' }

/** How bad a number is on a scale that the body itself explains: `severity: 4` beside `severity_scale: "1=lowest..5=highest"`. */
export function readSaidScale({ text }: Leaf, leaves: readonly Leaf[]): Severity | null {
  const number = /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN
  if (Number.isNaN(number)) return null
  const said = leaves.find(
    ({ key, value, text: scale }) =>
      scaleKey.test(key) && typeof value === 'string' && /\d/.test(scale) && scale.length <= 300,
  )
  return said === undefined ? null : onScale(number, said.text)
}

function onScale(number: number, scale: string): Severity | null {
  const named: [number, string][] = [
    ...[...scale.matchAll(step)].map(([, at, word]): [number, string] => [Number(at), word ?? '']),
    ...[...scale.matchAll(turnedStep)].map(([, word, at]): [number, string] => [Number(at), word ?? '']),
  ]
  const own = named.find(([at]) => at === number)?.[1].toLowerCase()
  const direct = own === undefined ? null : (acted[own] ?? readSeverity(own))
  if (direct !== null && !/^(?:highest|lowest)$/.test(own ?? '')) return direct
  const [, from, to] = span.exec(scale) ?? []
  const ends = [
    ...named.map(([at]) => at),
    Number(from ?? Number.NaN),
    Number(to ?? Number.NaN),
    Number(last.exec(scale)?.[1] ?? Number.NaN),
  ]
  const known = ends.filter((end) => !Number.isNaN(end))
  const bad = named.find(([, word]) => worst.test(word))?.[0]
  const good = named.find(([, word]) => least.test(word))?.[0]
  const farther = (end: number) =>
    known.reduce((far, one) => (Math.abs(one - end) > Math.abs(far - end) ? one : far), end)
  const top = bad ?? (good === undefined ? undefined : farther(good))
  if (top === undefined) return null
  const bottom = good ?? (known.some((one) => one !== top) ? farther(top) : 1)
  if (top === bottom) return null
  const share = Math.abs(number - top) / Math.abs(bottom - top)
  return share === 0 ? 'CRITICAL' : share <= 0.34 ? 'HIGH' : share <= 0.67 ? 'MEDIUM' : 'LOW'
}
