import { buildTasks } from '../../engine/bundle.ts'
import { runCommand } from './launch.ts'

const help = `Usage: npm run build

Bundles each task of scripts/tasks into one file in dist/tasks, which is what Kestra runs.
`

await runCommand(help, {}, async () => {
  const files = await buildTasks()
  process.stdout.write(`${files.length} tasks bundled into dist/tasks\n`)
})
