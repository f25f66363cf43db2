import { approve } from '../workflow/approval.ts'
import { runAnswer } from './approval-answer.ts'

const help = `Usage: npm run approve -- INCIDENT [--tenant NAME]

Approves the fix that an incident waits with. You are the user of this machine, and config/policy.yaml has to name you
among the \`approvers\` of that fix. The clock starts it within a minute, if nothing stands against it by then.

  --tenant NAME   the tenant, such as acme; default incident_management
`

await runAnswer(help, async (store, answer, settings) => {
  const { remediation } = await approve(store, answer, settings)
  return `Approved: ${remediation.template} on ${remediation.target}. What comes of it is told as ever.`
})
