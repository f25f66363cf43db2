import type { DueKind } from '../domain/schedule.ts'
import { dueOfFixes } from './due/fixes.ts'
import { dueOfIncidents } from './due/incidents.ts'
import { upkeep } from './due/upkeep.ts'
import type { Work } from './work.ts'

/** What the clock does about each kind of due row. The subject is an incident's id, but for `digest`, `sync`, `purge` and `retention`. */
export const dueWork: Record<DueKind, Work> = { ...dueOfIncidents, ...dueOfFixes, ...upkeep }
