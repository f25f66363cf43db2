import { buildConsole, buildTasks } from '../../engine/bundle.ts'
import { runCommand } from './launch.ts'

const help = `Usage: npm run build

Bundles each task of scripts/tasks into one file in dist/tasks, which is what Kestra runs, and
the console into dist/console.
`

await runCommand(help, {}, async () => {
  const files = await buildTasks()
  await buildConsole()
  process.stdout.write(`${files.length} tasks bundled into dist/tasks, the console into dist/console\n`)
})
