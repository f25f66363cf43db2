import { refuse } from '../workflow/approval.ts'
import { runAnswer } from './approval-answer.ts'

const help = `Usage: npm run refuse -- INCIDENT [--why TEXT] [--tenant NAME]

Refuses the fix that an incident waits with: the incident is people's, and they are told. You are the user of this
machine, and config/policy.yaml has to name you among the \`approvers\` of that fix.

  --why TEXT      told to people
  --tenant NAME   the tenant, such as acme; default incident_management
`

await runAnswer(help, async (store, answer, settings) => {
  const { remediation } = await refuse(store, answer, settings)
  return `Refused: ${remediation.template} on ${remediation.target}. The incident is escalated.`
})
