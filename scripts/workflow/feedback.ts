import type { Settings } from '../lib/config.ts'
import { planAction } from '../store/actions.ts'
import type { Store } from '../store/connection.ts'
import { giveFeedback, type Said } from '../store/feedback.ts'
import { loadIncident } from '../store/incidents.ts'
import { lockFolding } from '../store/standing.ts'
import { type Reopened, reopenAsReal } from '../store/was-real.ts'
import { loadKnown, messagesTo } from './messages.ts'
import { policyOf } from './policy.ts'

/**
 * Keeps what a person says. That something was real, though nobody was told, opens it again and tells its people at
 * once, in one transaction; in mode `observe` nothing leaves. Null for every other verdict.
 * @throws AppError E_INCIDENT_UNKNOWN
 */
export async function sayAbout(store: Store, said: Said, settings: Settings): Promise<Reopened | null> {
  if (said.verdict !== 'was_real') {
    await giveFeedback(store, said)
    return null
  }
  const { incident } = await loadIncident(store, said.incident)
  // A policy that can't be read stops decisions, never a message.
  const policy = await policyOf(incident.source, settings).catch(() => null)
  return store.transaction(async (query) => {
    // Folding takes this lock before any incident's: in the other order the two could wait for each other.
    await lockFolding(query)
    // First, so that the word stands with the decision that it is about.
    await giveFeedback(query, said)
    const reopened = await reopenAsReal(query, said.incident, said.who)
    if (reopened.goesOnIn !== said.incident) await giveFeedback(query, { ...said, incident: reopened.goesOnIn })
    if (reopened.isReopened && policy?.mode !== 'observe') {
      const known = await loadKnown(query, reopened.goesOnIn)
      const before = reopened.reason ? ` It was kept quiet by: ${reopened.reason}.` : ''
      const note = `${said.who} says that it is real${said.note ? `: ${said.note}` : '.'}${before}`
      for (const action of await messagesTo(settings, { ...known, note }, { occasion: 'reopened' }))
        await planAction(query, known.incident.id, known.incident.revision, action)
    }
    return reopened
  })
}
