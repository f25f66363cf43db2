import { type Statement, saysNoise } from './feedback.ts'

const day = 86_400_000

/** A confirmation is worth half as much after so long, and nothing after its end. */
const halfLifeMs = 30 * day
const endsMs = 90 * day
/** For so long a counterexample asks for one confirmation more. */
const counterexampleMs = 365 * day

/** How far people's word that a condition is noise carries, at one moment. */
export interface Trust {
  /** What counts: once a person and day (UTC), after the latest counterexample, not too old. */
  confirmations: number
  people: number
  days: number
  /** How often it was real after all, within a year. */
  counterexamples: number
  /** What the confirmations are worth by their age, and what they have to be worth. */
  weight: number
  needed: number
  /** Two people or two days said so, and it weighs enough. */
  isEarned: boolean
  /** Until when, if nobody says anything more; null when it is not earned. */
  until: Date | null
}

/**
 * Trust in a condition's being noise, from what people said of its incidents. It takes two people or two days, decays
 * with time, and every counterexample ends it: what was confirmed before counts no more, and more is needed after.
 */
export function trustFrom(statements: readonly Statement[], now: Date): Trust {
  const past = statements.filter(({ at }) => at <= now)
  const against = past.filter((one) => !saysNoise(one) && now.getTime() - one.at.getTime() < counterexampleMs)
  const lastAgainst = Math.max(0, ...against.map(({ at }) => at.getTime()))
  const counted = new Map<string, Statement>()
  for (const one of past) {
    const age = now.getTime() - one.at.getTime()
    if (!saysNoise(one) || one.at.getTime() <= lastAgainst || age >= endsMs) continue
    const key = `${dayOf(one.at)} ${one.who}`
    const known = counted.get(key)
    if (!known || known.at < one.at) counted.set(key, one)
  }
  const confirmations = [...counted.values()]
  const people = new Set(confirmations.map(({ who }) => who)).size
  const days = new Set(confirmations.map(({ at }) => dayOf(at))).size
  const counterexamples = new Set(against.map(({ incident }) => incident)).size
  const weight = confirmations.reduce((sum, { at }) => sum + 0.5 ** ((now.getTime() - at.getTime()) / halfLifeMs), 0)
  const needed = 1 + counterexamples
  const isEarned = (people >= 2 || days >= 2) && weight >= needed
  const newest = Math.max(0, ...confirmations.map(({ at }) => at.getTime()))
  const lasts = now.getTime() + halfLifeMs * Math.log2(weight / needed)
  return {
    confirmations: confirmations.length,
    people,
    days,
    counterexamples,
    weight: Math.round(weight * 100) / 100,
    needed,
    isEarned,
    until: isEarned ? new Date(Math.min(lasts, newest + endsMs)) : null,
  }
}

function dayOf(at: Date): string {
  return at.toISOString().slice(0, 10)
}
