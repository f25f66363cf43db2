import { type DueKind, schedule } from '../../domain/schedule.ts'
import { loadFix } from '../../store/fixes.ts'
import { expireApproval } from '../approval.ts'
import { giveUpFix, runFix, verifyFix } from '../fix.ts'
import { lookAtShadow } from '../shadow.ts'
import { askMs, type Work } from '../work.ts'

/** A fix that asks, runs, is verified, or was left to people. */
export const dueOfFixes = {
  /** The fix's own flow has not ended it: another one is started, until the fix has had its time. */
  async fix(store, { subject }, { settings }) {
    const fix = await loadFix(store, subject)
    if (!fix?.underWay) return {}
    if (fix.state === 'sent' || fix.state === 'failed') {
      // It has ended, and what ended it died before saying so.
      await runFix(store, subject, settings)
      return {}
    }
    if (!fix.overdue) return { fix: subject, againInMs: schedule.fixMs }
    await giveUpFix(store, subject, settings, fix)
    return {}
  },

  async approval(store, { subject }, { settings }) {
    await expireApproval(store, subject, settings)
    return {}
  },

  async shadow(store, { subject }, { settings }) {
    return (await lookAtShadow(store, subject, settings, askMs)) ? {} : { againInMs: schedule.shadowMs }
  },

  async verify(store, { subject }, { settings }) {
    const looking = { patienceMs: 0, lookMs: askMs, mayUndo: false }
    const { state, toTakeBack } = await verifyFix(store, subject, settings, looking)
    if (toTakeBack) return { fix: subject, againInMs: schedule.fixMs }
    return state === 'working' ? { againInMs: schedule.verifyMs } : {}
  },
} satisfies Partial<Record<DueKind, Work>>
