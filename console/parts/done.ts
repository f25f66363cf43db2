/** What was just done, as it is told on the page that follows. An address can only choose among these. */
const words = new Map([
  ['resolved', 'Resolved.'],
  ['acknowledged', 'It is yours: reminders and escalation have ended.'],
  ['given_back', 'It is nobody’s again: reminders go on.'],
  [
    'feedback',
    'Thank you: it is kept with the decision. What was kept quiet and is real is open again: its people are told.',
  ],
  ['again', 'It will be analysed again within a minute.'],
  ['silenced', 'Silenced. Trouble that the silence covers is kept and wakes nobody.'],
  ['switch_thrown', 'The kill switch is thrown: every fix stops at its next step.'],
  ['switch_released', 'The kill switch is released: what policy allows may be fixed.'],
  ['silence_ended', 'The silence has ended; what it kept quiet is looked at within a minute.'],
  ['approved', 'Approved. The fix starts within a minute.'],
  ['refused', 'Refused. The incident is people’s now.'],
  ['replayed', 'Taken in again; its analysis begins within a minute.'],
  ['token_revoked', 'The token is revoked: it is good for nothing from now on.'],
  [
    'single_sign_on',
    'Handed over: the next single sign-on under this name takes the account over, and ends its password.',
  ],
  ['role', 'The role is changed.'],
])

export function doneWords(key: string | undefined): string | null {
  return words.get(key ?? '') ?? null
}
